/*
 * Landlock: which files this process can reach, whatever its user may. Nothing can widen it again, and it
 * goes with threads and not with the process: so it is for main's thread, before there are others. What is
 * open already, sockets, pipes and memory files are not affected.
 *
 * A rule is for an inode and, if that is a folder, for all beneath it. A file that is replaced by renaming
 * has another inode, so of what may be replaced the folder is what must be named.
 */
#pragma once

#include <stdbool.h>

struct landlock;

enum landlock_use {
	LANDLOCK_READ = 1,   /* files, and the names in folders */
	LANDLOCK_WRITE = 2,  /* into files that are there */
	LANDLOCK_CREATE = 4, /* files; with WRITE it is what a log needs */
	LANDLOCK_KEEP = 8,   /* everything else with files and folders: rename, link, remove */
	LANDLOCK_SOCKET = 16 /* unix sockets: make and remove them */
};

/* The version of the kernel's interface; 0: it has none, or it is off. */
int landlock_abi(void);
/* Nothing is allowed yet. Given: landlock_free(). NULL, with errno: the kernel cannot. */
struct landlock *landlock_new(void);
/* Adds the uses (enum landlock_use) of <path>, which is followed if it is a symbolic link. What is not there
 * needs no rule and is no failure. False, with errno. */
bool landlock_allow(struct landlock *rules, const char *path, unsigned uses);
/* From now on. The process has set "no new privileges", or may do anything. False, with errno. */
bool landlock_enforce(const struct landlock *rules);
void landlock_free(struct landlock *rules); /* accepts NULL */
