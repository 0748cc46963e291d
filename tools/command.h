/*
 * The commands of csparkctl: those with a file of their own, cmd_NAME.c, are rows of commands.c; all others
 * are rows of the operations table.
 */
#pragma once

#include "base/str.h"
#include "lib/cspark_operations.h"

#include <stddef.h>

/* Documented in csparkctl(1). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_ANSWERED = 1,    /* Spark or the daemon answered with an error */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* no answer from the daemon */
	EXIT_UNHEALTHY = 4,
	EXIT_PARTLY = 5,      /* done, but some records failed */
};

#define DEFAULT_URL "http://127.0.0.1:8080"

/* <argv[0]> is the command's name; the rest are its own arguments. <url>: of the daemon, unless the arguments
 * say otherwise. Answer an exit code. */
typedef int command_fn(int argc, char **argv, const char *url);

command_fn cmd_bulk;
command_fn cmd_completion;
command_fn cmd_doctor;
command_fn cmd_drain;
command_fn cmd_execute;
command_fn cmd_health;
command_fn cmd_help;
command_fn cmd_migrate;
command_fn cmd_operations;
command_fn cmd_raw;
command_fn cmd_shutdown;
command_fn cmd_status;
command_fn cmd_top;

struct command {
	const char *name;
	command_fn *run;
	const char *options; /* for completion: separated by blanks */
	const char *summary;
};
extern const struct command COMMANDS[]; /* ends with a name of NULL */

/* The command that is most like <name>; at == NULL: none. */
struct str commands_nearest(const char *name);

/* A row of the operations table. <argv[0]> is the last word of its name. */
int run_operation(enum cspark_operation operation, int argc, char **argv, const char *url);

/* "csparkctl: " and the sentence on stderr; EXIT_USAGE, to be returned. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An answer to stdout as received, with a newline at its end. */
void print_answer(const char *text, size_t len);
