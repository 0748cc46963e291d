/* csparkctl raw METHOD PATH: Spark's own calls, unchanged but for the credentials. */
#include "tools/call.h"
#include "tools/call_options.h"
#include "tools/command.h"

#include <stdio.h>
#include <string.h>

static void
print_help(const struct call *call)
{
	puts("usage: csparkctl raw METHOD PATH [-i FILE] [--type TYPE] [-o FILE] [OPTION ...]\n\n"
	     "Makes any call of Spark. PATH is Spark's own, as in /my-tenant/api/v3/...; the daemon adds\n"
	     "the credentials. Calls that are no operation are refused unless a listener allows \"raw\".");
}

static bool
is_method(const char *word)
{
	static const char *const METHODS[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
		if (strcmp(word, METHODS[i]) == 0)
			return true;
	}
	return false;
}

/* It goes into the request's first line as it is. */
static bool
is_path(const char *word)
{
	for (const char *at = word; *at; at++) {
		if (*at <= ' ' || *at > '~' || *at == '#')
			return false;
	}
	return word[0] == '/';
}

int
cmd_raw(int argc, char **argv, const char *url)
{
	struct call call = { .url = url };
	char **words;
	int code;

	if (!call_take_options(&call, argc, argv, print_help, &words, &code))
		return code;
	if (!words[0] || !words[1] || words[2] || !is_method(words[0]))
		return usage_error("raw takes a method (GET POST PUT PATCH DELETE) and a path.");
	if (!is_path(words[1]))
		return usage_error("the path begins with a slash and is percent-encoded already.");
	if (call.tenant || call.shape || call.is_public || call.is_async)
		return usage_error("raw takes none of --tenant, --shape, --public, --async.");
	call.operation = strcmp(words[0], "GET") == 0 ? CSPARK_OP_RAW_READ : CSPARK_OP_RAW_CHANGE;
	call.info = cspark_operation_info(call.operation);
	call.label = "raw";
	call.method = words[0];
	call.target = words[1];
	return call_run(&call);
}
