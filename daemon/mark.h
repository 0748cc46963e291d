/*
 * A mark remembers what a file was like: a rename, a rewrite, a chmod or a swapped symlink changes it.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct mark {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed; /* also by a chmod: the file may have been refused for its mode */
};

/* False, and zeroed: there is no such file now. */
bool mark_of(const char *path, struct mark *ret);
bool mark_is_same(const struct mark *a, const struct mark *b);
