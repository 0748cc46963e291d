/* csparkctl operations: the operations table. */
#include "base/json_text.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/help.h"
#include "tools/view.h"

#include <getopt.h>
#include <stdio.h>

enum { TEXT_MAX = 1024 * 1024 };

static const struct option OPTIONS[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "manual", no_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char *
group_name(unsigned group)
{
	switch (group) {
	case CSPARK_GROUP_EXECUTE:
		return "execute";
	case CSPARK_GROUP_READ:
		return "read";
	case CSPARK_GROUP_MANAGE:
		return "manage";
	case CSPARK_GROUP_RAW:
		return "raw";
	default:
		return "ops";
	}
}

static const char *class_name(enum cspark_class class)
{
	static const char *const NAMES[] = {
		[CSPARK_CLASS_READ] = "read",
		[CSPARK_CLASS_EXECUTE] = "execute",
		[CSPARK_CLASS_CHANGE] = "change",
		[CSPARK_CLASS_TAKE] = "take",
	};

	return NAMES[class];
}

static void
put_member(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name);
	if (value && *value)
		json_quote(str_of(value), out);
	else
		buf_put_str(out, STR("null"));
}

static void
put_parameters(struct buf *out, const struct cspark_parameter *parameter)
{
	const char *separator = "";

	buf_put_str(out, STR(",\"parameters\":["));
	for (; parameter->wire; parameter++) {
		if (!parameter->name)
			continue;
		buf_printf(out, "%s{", separator);
		put_member(out, "name", parameter->name);
		put_member(out, "help", parameter->help);
		put_member(out, "choices", parameter->choices);
		put_member(out, "default", parameter->fallback);
		buf_printf(out, ",\"required\":%s}", parameter->required ? "true" : "false");
		separator = ",";
	}
	buf_put_char(out, ']');
}

static void
put_operation(struct buf *out, enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	struct buf command;

	buf_init(&command, 256);
	if (catalog_has(operation))
		catalog_put_name(operation, &command);
	buf_put_char(&command, '\0');
	buf_put_char(out, '{');
	put_member(out, "name", info->name);
	put_member(out, "command", command.data);
	put_member(out, "group", group_name(info->group));
	put_member(out, "class", class_name(info->class));
	put_member(out, "local_method", catalog_has(operation) ? info->local_method : NULL);
	put_member(out, "local_path", info->local_path);
	put_member(out, "method", info->path[0] ? info->method : NULL);
	put_member(out, "path", info->path);
	put_member(out, "sdk", info->sdk);
	put_member(out, "summary", info->summary);
	put_parameters(out, info->parameters);
	buf_put_char(out, '}');
	buf_fini(&command);
}

static int
print_json(void)
{
	struct buf out;

	buf_init(&out, TEXT_MAX);
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		buf_put_str(&out, i ? STR(",\n") : STR("[\n"));
		put_operation(&out, i);
	}
	buf_put_str(&out, STR("\n]"));
	print_answer(out.data, out.len);
	buf_fini(&out);
	return EXIT_OK;
}

static int
print_table(void)
{
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		const struct cspark_operation_info *info = cspark_operation_info(i);

		printf("%-24s %-7s %-7s %-6s %s\n", info->name, group_name(info->group),
			class_name(info->class), catalog_has(i) ? info->local_method : "-",
			catalog_has(i) ? info->local_path : "-");
	}
	return EXIT_OK;
}

int
cmd_operations(int argc, char **argv, const char *url)
{
	int option = getopt_long(argc, argv, "h", OPTIONS, NULL);

	switch (option) {
	case -1:
		break;
	case 'j':
		return print_json();
	case 'm':
		help_manual();
		return EXIT_OK;
	case 'h':
		puts("usage: csparkctl operations [--json | --manual]\n\n"
		     "Lists all that Spark can do: name, policy group, retry class, route of the daemon.\n"
		     "--manual prints the section OPERATIONS of csparkctl(1).");
		return EXIT_OK;
	default:
		return EXIT_USAGE;
	}
	if (argv[optind])
		return usage_error("operations takes no \"%s\".", argv[optind]);
	return print_table();
}
