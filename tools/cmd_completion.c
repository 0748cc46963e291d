/* csparkctl completion bash|zsh: a script for the shell. */
#include "tools/command.h"
#include "tools/complete.h"
#include "tools/completion_text.h" /* SHARED, BASH, ZSH: made of completion.* */

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *head;
	const char *script;
} SHELLS[] = {
	{ "bash", "# bash completion for csparkctl, made by \"csparkctl completion bash\".\n", BASH },
	{ "zsh", "#compdef csparkctl\n# Made by \"csparkctl completion zsh\".\n", ZSH },
};

int
cmd_completion(int argc, char **argv, const char *url)
{
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		puts("usage: csparkctl completion bash|zsh\n\n"
		     "Prints a script that completes commands, parameters and files, as in\n"
		     "\"source <(csparkctl completion bash)\".");
		return EXIT_OK;
	}
	for (size_t i = 0; argc == 2 && i < sizeof(SHELLS) / sizeof(SHELLS[0]); i++) {
		if (strcmp(argv[1], SHELLS[i].name) != 0)
			continue;
		fputs(SHELLS[i].head, stdout);
		complete_print_tables();
		fputs(SHARED, stdout);
		fputs(SHELLS[i].script, stdout);
		return EXIT_OK;
	}
	return usage_error("completion takes one shell: bash or zsh.");
}
