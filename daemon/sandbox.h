/*
 * The sandbox: what csparkd gives up when it has read its configuration (sandbox = false keeps it). Files
 * that it never needs (landlock.h), system calls that it never makes (seccomp.h). It may still
 *
 *     read     the folders of the configuration and of all files that it names; /etc, /usr, /lib*;
 *              what it is told of itself in /proc and of processors in /sys
 *     write    state_dir, the folder of the log file
 *     make     sockets, in the folders of unix listeners and in $RUNTIME_DIRECTORY
 *
 * Folders and not files, because files that matter are replaced: by editors, by the symbolic links of
 * Kubernetes, by the rotation of logs. So a reload may name new files beside old ones; what it names
 * elsewhere waits for a restart, and the complaint says so (base/fault.h). Of /etc all is needed: names,
 * services and time zones are looked up in files that are replaced, too, and a rule cannot have exceptions.
 *
 * Where the kernel lacks one part the other one still holds; a line of the log tells. In builds with
 * sanitizers or for coverage there is none: those look at, and write to, what is nobody else's business.
 */
#pragma once

#include "daemon/config.h"

enum { SANDBOX_WORDS = 160 };

struct sandbox {
	bool whole; /* nothing is missing that could be had */
	char words[SANDBOX_WORDS]; /* "landlock ABI 4, seccomp 180 system calls", or why not */
};

/* For good, and for all threads that main's thread starts later. <file>: of the configuration, or NULL. */
void sandbox_enter(const struct config *config, const char *file, struct sandbox *ret);
