/*
 * Where an answer goes: into memory to be shown, to stdout as it comes, or into a file that is there only
 * once it is whole: until then it has another name, and a signal that ends the program removes it.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

#include <limits.h>
#include <stdbool.h>

enum output_kind { OUTPUT_MEMORY, OUTPUT_STDOUT, OUTPUT_FILE };

struct output {
	/* what is wanted */
	const char *path;     /* -o: a file, a folder, "-" for stdout; NULL: not said */
	const char *fallback; /* how a file is called, without ending, if nobody says it */
	bool is_forced;       /* an existing file may be replaced */
	int given_fd;         /* a file that is open already, and stays so; 0: none */
	/* what is */
	enum output_kind kind;
	bool has_failed;      /* said on stderr already */
	int fd;
	struct buf text;              /* MEMORY */
	char name[PATH_MAX];          /* FILE: as it will be called */
	char temporary[PATH_MAX + 8]; /* "": not made yet, or renamed */
	uint64_t len;
};

void output_init(struct output *output);
/* Removes what is not whole. */
void output_fini(struct output *output);
/* Before anything is sent: whether <path> can be written. False with a sentence on stderr; so the rest. */
bool output_check(const struct output *output);
/* An answer begins, perhaps anew. <is_file>: it is a file's content, and goes to one or to stdout. */
bool output_begin(struct output *output, bool is_file, const char *disposition, const char *content_type);
bool output_put(struct output *output, const char *data, size_t len);
/* The answer is whole: the file gets its name. */
bool output_finish(struct output *output);
