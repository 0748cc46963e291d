/*
 * A command of csparkctl: one row in csparkctl.c, one file cmd_NAME.c.
 */
#pragma once

#include <stddef.h>

/* Documented in csparkctl(1). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_ANSWERED = 1,    /* Spark or the daemon answered with an error */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* no answer from the daemon */
	EXIT_UNHEALTHY = 4,
};

#define DEFAULT_URL "http://127.0.0.1:8080"

/* <argv[0]> is the command's name; the rest are its own arguments. <url>: of the daemon, unless the arguments
 * say otherwise. Answer an exit code. */
typedef int command_fn(int argc, char **argv, const char *url);

command_fn cmd_execute;
command_fn cmd_status;
command_fn cmd_health;

/* "csparkctl: " and the sentence on stderr; EXIT_USAGE, to be returned. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An answer to stdout as received, with a newline at its end. */
void print_answer(const char *text, size_t len);
