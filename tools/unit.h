/*
 * The credentials that systemd would give to csparkd's unit, for a program that is no unit: a folder of links
 * to the files of NAME.secrets beside NAME.conf, and to those that the running unit has.
 */
#pragma once

#include <limits.h>

struct unit_credentials {
	char folder[PATH_MAX]; /* "": there are none, or somebody else's are there */
};

/* Sets $CREDENTIALS_DIRECTORY, where that is not set and some of those files can be seen. */
void unit_credentials_lend(struct unit_credentials *ret, const char *config_file);
/* Removes the folder and the variable. Accepts a zeroed one. */
void unit_credentials_end(struct unit_credentials *credentials);
