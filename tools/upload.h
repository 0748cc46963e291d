/*
 * The file that a command sends: from its name, or stdin.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct upload {
	int fd;      /* -1: none */
	int64_t len; /* -1: a pipe: to its end */
	const char *content_type; /* by the file's name; NULL: nothing to say. Static */
};

/* <path>: "-" is stdin. False with a sentence on stderr; so the rest. */
bool upload_open(struct upload *ret, const char *path);
/* The same of an open file, from its beginning; a descriptor of our own. */
bool upload_open_fd(struct upload *ret, int fd);
/* Moves a pipe's content to a file without a name, for those who need to know its length. */
bool upload_settle(struct upload *upload);
void upload_close(struct upload *upload);

/* An empty file without a name in $TMPDIR, or in /var/tmp; -1 with a sentence on stderr. */
int upload_temporary(void);
/* What a path ends in: "cover.png" of "a/cover.png". Borrowed. */
const char *upload_base_name(const char *path);
