/*
 * csparkctl: execute services and look after the daemon, from a shell.
 */
#include "base/version.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/help.h"

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_usage(FILE *out)
{
	fputs("usage: csparkctl [--url http[s]://HOST:PORT | --url unix:/PATH] COMMAND [ARGUMENT "
	      "...]\n\ncommands:\n",
		out);
	for (const struct command *command = COMMANDS; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->summary);
	fputs("\nand all that Spark can do, as in \"csparkctl services list\":\n ", out);
	catalog_print_nouns(out);
	fputs("\n\n\"csparkctl help COMMAND\" tells more; so does csparkctl(1).\n"
	      "The daemon is looked for at --url, at $CSPARKD_URL, or at " DEFAULT_URL ".\n"
	      "By https: --cacert FILE, --cert FILE, --key FILE, or $CSPARKD_CACERT, $CSPARKD_CERT, "
	      "$CSPARKD_KEY.\n",
		out);
}

static int
tell_noun(const char *noun, const char *option)
{
	bool is_asked = option && (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0);

	help_noun(is_asked ? stdout : stderr, noun);
	return is_asked ? EXIT_OK : EXIT_USAGE;
}

/* A noun without a verb, or words that name nothing. */
static int
refuse_words(char **words)
{
	struct buf scratch;
	struct str nearest;

	if (catalog_has_noun(str_of(words[0])) && (!words[1] || words[1][0] == '-'))
		return tell_noun(words[0], words[1]);
	buf_init(&scratch, 256);
	nearest = catalog_nearest(words, &scratch);
	if (!nearest.at)
		nearest = commands_nearest(words[0]);
	if (nearest.at)
		usage_error("there is no command \"%s%s%s\"; is \"%.*s\" meant?", words[0],
			catalog_has_noun(str_of(words[0])) ? " " : "",
			catalog_has_noun(str_of(words[0])) ? words[1] : "", STR_ARG(nearest));
	else
		usage_error("there is no command \"%s\".", words[0]);
	buf_fini(&scratch);
	return EXIT_USAGE;
}

static int
run_command(int argc, char **argv, const char *url)
{
	enum cspark_operation operation;
	size_t used;

	for (const struct command *command = COMMANDS; command->name; command++) {
		if (strcmp(argv[0], command->name) == 0)
			return command->run(argc, argv, url);
	}
	operation = catalog_find(argv, &used);
	if (operation == CSPARK_OPERATIONS)
		return refuse_words(argv);
	return run_operation(operation, argc - (int)used + 1, argv + used - 1, url);
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
		{ "cacert", required_argument, NULL, 'a' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
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
		case 'a':
			setenv("CSPARKD_CACERT", optarg, true); /* for wire_tls.c */
			break;
		case 'c':
			setenv("CSPARKD_CERT", optarg, true);
			break;
		case 'k':
			setenv("CSPARKD_KEY", optarg, true);
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
