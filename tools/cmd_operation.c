/* csparkctl NOUN VERB: any row of the operations table. */
#include "tools/call.h"
#include "tools/call_options.h"
#include "tools/command.h"

int
run_operation(enum cspark_operation operation, int argc, char **argv, const char *url)
{
	struct call call = { .operation = operation, .info = cspark_operation_info(operation), .url = url };
	int code;

	return call_take(&call, argc, argv, &code) ? call_run(&call) : code;
}
