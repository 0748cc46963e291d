#include "tools/command.h"
#include "tools/suggest.h"

const struct command COMMANDS[] = {
	{ "execute", cmd_execute, "", "run a service of Spark and print its answer" },
	{ "validate", cmd_execute, "", "tell what inputs a service takes, or check them" },
	{ "bulk", cmd_bulk, "", "run a service for each record of a list, however long" },
	{ "migrate", cmd_migrate, "--json --timeout --url --help",
		"export from one tenant and import into another" },
	{ "raw", cmd_raw, "--input --type --output --force --json --timeout --url --direct --ca-file --help",
		"make any call of Spark" },
	{ "status", cmd_status, "--json --url --help", "show what the daemon is doing" },
	{ "health", cmd_health, "--ready --quiet --url --help",
		"tell a probe whether the daemon is alive, or ready" },
	{ "top", cmd_top, "--interval --once --json --url --help",
		"show what the daemon is doing, as it does it" },
	{ "doctor", cmd_doctor, "--config --json --url --help",
		"find what stands between this host and Spark" },
	{ "drain", cmd_drain, "--wait --timeout --url --help",
		"let the daemon refuse new work and finish what is open" },
	{ "shutdown", cmd_shutdown, "--url --help", "let the daemon finish what is open and exit" },
	{ "operations", cmd_operations, "--json --manual --help", "list all that Spark can do" },
	{ "completion", cmd_completion, "--help", "print a script that completes commands: bash, zsh" },
	{ "help", cmd_help, "", "tell about a command" },
	{ NULL, NULL, NULL, NULL },
};

struct str
commands_nearest(const char *name)
{
	struct suggestion suggestion;

	suggest_start(&suggestion, str_of(name));
	for (const struct command *command = COMMANDS; command->name; command++)
		suggest_offer(&suggestion, str_of(command->name));
	return suggestion.best;
}
