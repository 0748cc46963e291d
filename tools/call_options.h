/*
 * The options that all commands which are operations share: a table, for reading, help and completion.
 */
#pragma once

#include "tools/call.h"

struct call_option {
	const char *name;
	char letter;          /* also its value for getopt; below 'a': it has none */
	const char *argument; /* "FILE"; NULL: none */
	const char *choices;  /* separated by blanks; NULL: any */
	const char *help;
};
extern const struct call_option CALL_OPTIONS[]; /* ends with a name of NULL */

/* Whether the option makes sense for the operation. */
bool call_option_fits(const struct call_option *option, enum cspark_operation operation);

/* The options, then the words of <argv>, whose first is the command's name. False: there is nothing to do but
 * exit with <ret_code>. */
bool call_take(struct call *call, int argc, char **argv, int *ret_code);
/* Only the options; <ret_words> are what remains. <help> is called for --help. */
bool call_take_options(struct call *call, int argc, char **argv, void (*help)(const struct call *call),
	char ***ret_words, int *ret_code);
