/*
 * csparkctl: execute services and look after the daemon, from a shell.
 */
#include "base/version.h"
#include "tools/command.h"

#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
	const char *name;
	command_fn *run;
	const char *summary;
};

static const struct command COMMANDS[] = {
	{ "execute", cmd_execute, "run a service of Spark and print its answer" },
	{ "status", cmd_status, "show what the daemon is doing" },
	{ "health", cmd_health, "tell a probe whether the daemon is alive, or ready" },
};
#define COMMANDS_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void
print_usage(FILE *out)
{
	fputs("usage: csparkctl [--url http://HOST:PORT | --url unix:/PATH] COMMAND [ARGUMENT "
		"...]\n\ncommands:\n",
		out);
	for (size_t i = 0; i < COMMANDS_COUNT; i++)
		fprintf(out, "  %-8s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
	fputs("\n\"csparkctl COMMAND --help\" tells more; so does csparkctl(1).\n"
	      "The daemon is looked for at --url, at $CSPARKD_URL, or at " DEFAULT_URL ".\n",
		out);
}

int
usage_error(const char *format, ...)
{
	va_list args;

	fputs("csparkctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry \"csparkctl --help\".\n", stderr);
	return EXIT_USAGE;
}

void
print_answer(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
	if (len == 0 || text[len - 1] != '\n')
		putchar('\n');
}

static int
run_command(int argc, char **argv, const char *url)
{
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		if (strcmp(argv[0], COMMANDS[i].name) == 0)
			return COMMANDS[i].run(argc, argv, url);
	}
	return usage_error("there is no command \"%s\".", argv[0]);
}

/* What was printed may still be on its way: a full disk must not look like success. */
static int
finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("csparkctl: cannot write the output");
	return code == EXIT_OK ? EXIT_ANSWERED : code;
}

int
main(int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *url = getenv("CSPARKD_URL");
	int option;

	setlocale(LC_CTYPE, "");
	while ((option = getopt_long(argc, argv, "+hV", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'u':
			url = optarg;
			break;
		case 'h':
			print_usage(stdout);
			return finish(EXIT_OK);
		case 'V':
			puts("csparkctl " CSPARKD_VERSION);
			return finish(EXIT_OK);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	argc -= optind;
	argv += optind;
	optind = 0;
	return finish(run_command(argc, argv, url && *url ? url : DEFAULT_URL));
}
