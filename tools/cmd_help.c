/* csparkctl help [COMMAND]. */
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/help.h"

#include <stdio.h>
#include <string.h>

static void
print_all(void)
{
	puts("usage: csparkctl COMMAND [ARGUMENT ...]\n\ncommands:");
	for (const struct command *command = COMMANDS; command->name; command++)
		printf("  %-26s %s\n", command->name, command->summary);
	help_list(stdout, NULL);
	puts("\nshort for:");
	for (const struct catalog_alias *alias = CATALOG_ALIASES; alias->name; alias++) {
		printf("  %-26s ", alias->name);
		for (const char *at = alias->operation; *at; at++)
			putchar(*at == '.' ? ' ' : *at);
		putchar('\n');
	}
	puts("\n\"csparkctl help COMMAND\" tells more; so does csparkctl(1).");
}

/* Commands that are no operations tell about themselves. */
static int
help_command(const struct command *command, const char *url)
{
	char *argv[] = { (char *)command->name, (char *)"--help", NULL };

	return command->run(2, argv, url);
}

int
cmd_help(int argc, char **argv, const char *url)
{
	enum cspark_operation operation;
	size_t used;

	if (argc < 2 || argv[1][0] == '-') {
		print_all();
		return EXIT_OK;
	}
	for (const struct command *command = COMMANDS; command->name; command++) {
		if (strcmp(argv[1], command->name) == 0 && command->run != cmd_help)
			return help_command(command, url);
	}
	operation = catalog_find(argv + 1, &used);
	if (operation != CSPARK_OPERATIONS) {
		help_operation(operation);
		return EXIT_OK;
	}
	if (!catalog_has_noun(str_of(argv[1])))
		return usage_error("there is no command \"%s\".", argv[1]);
	help_noun(stdout, argv[1]);
	return EXIT_OK;
}
