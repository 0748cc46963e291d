#include "tools/help.h"

#include "tools/call_options.h"
#include "tools/catalog.h"

#include <string.h>

#define COLUMN 26 /* where explanations begin */

/* "NAME ARGUMENTS" of the command, NUL-terminated. */
static void
put_usage(enum cspark_operation operation, struct buf *out)
{
	catalog_put_name(operation, out);
	catalog_put_arguments(operation, out);
	buf_put_char(out, '\0');
}

/* ---- lists ------------------------------------------------------------------------------- */

static bool
is_of_noun(enum cspark_operation operation, const char *noun)
{
	const char *name = cspark_operation_name(operation);

	return !noun || (strncmp(name, noun, strlen(noun)) == 0 && strchr(".", name[strlen(noun)]));
}

void
help_list(FILE *out, const char *noun)
{
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		struct buf name;

		if (!catalog_has(i) || !is_of_noun(i, noun))
			continue;
		buf_init(&name, 256);
		catalog_put_name(i, &name);
		buf_put_char(&name, '\0');
		fprintf(out, "  %-*s %s\n", COLUMN, name.data, cspark_operation_info(i)->summary);
		buf_fini(&name);
	}
}

void
help_noun(FILE *out, const char *noun)
{
	fprintf(out, "usage: csparkctl %s COMMAND [ARGUMENT ...]\n\ncommands:\n", noun);
	help_list(out, noun);
}

/* ---- one command ------------------------------------------------------------------------- */

static const char *
value_of(const struct cspark_parameter *parameter)
{
	static const char *const VALUES[] = {
		[CSPARK_TEXT] = "TEXT",
		[CSPARK_INTEGER] = "N",
		[CSPARK_FLAG] = "true|false",
		[CSPARK_DATE] = "DATE",
		[CSPARK_LIST] = "A,B,...",
		[CSPARK_MAPPING] = "FROM:TO,...",
		[CSPARK_JSON] = "JSON",
	};

	return VALUES[parameter->kind];
}

/* What is used if nothing is said, where a person can read it. */
static const char *
default_of(const struct cspark_parameter *parameter)
{
	const char *fallback = parameter->fallback;

	return fallback && *fallback && *fallback != '@' && *fallback != '{' ? fallback : NULL;
}

static void
put_parameter(const struct cspark_parameter *p, struct buf *out)
{
	if (p->name[0] == '*')
		buf_put_str(out, STR("NAME=TEXT"));
	else
		buf_printf(out, "%s=%s", catalog_parameter_name(p), p->choices ? "" : value_of(p));
	for (const char *at = p->choices; at && *at; at++)
		buf_put_char(out, *at == ' ' ? '|' : *at);
	buf_put_char(out, '\0');
}

static void
put_explanation(const struct cspark_parameter *p, struct buf *out)
{
	buf_printf(out, "%s", p->help);
	if (p->required)
		buf_put_str(out, STR("; needed"));
	else if (default_of(p))
		buf_printf(out, "; default: %s", default_of(p));
	buf_put_char(out, '\0');
}

static void
print_parameters(const struct cspark_operation_info *info)
{
	const char *title = "\nparameters:\n";

	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		struct buf name, text;

		if (!p->name)
			continue;
		buf_init(&name, 1024);
		buf_init(&text, 1024);
		put_parameter(p, &name);
		put_explanation(p, &text);
		printf("%s  %-*s %s\n", title, COLUMN, name.data, text.data);
		title = "";
		buf_fini(&name);
		buf_fini(&text);
	}
}

static void
print_options(enum cspark_operation operation)
{
	puts("\noptions:");
	for (const struct call_option *option = CALL_OPTIONS; option->name; option++) {
		char name[64];
		bool has_letter = option->letter >= 'a';

		if (!call_option_fits(option, operation))
			continue;
		snprintf(name, sizeof(name), "%c%c%s--%s%s%s", has_letter ? '-' : ' ',
			has_letter ? option->letter : ' ', has_letter ? ", " : "  ", option->name,
			option->argument ? " " : "", option->argument ? option->argument : "");
		printf("  %-*s %s%s%s\n", COLUMN, name, option->help, option->choices ? ": " : "",
			option->choices ? option->choices : "");
	}
}

void
help_operation(enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	struct buf usage;

	buf_init(&usage, 1024);
	put_usage(operation, &usage);
	printf("usage: csparkctl %s [OPTION ...]\n\n%s.\n", usage.data, info->summary);
	buf_fini(&usage);
	if (strstr(info->local_path, "{locator}"))
		puts("\nLOCATOR is folder/service, service/ID or version/ID.");
	print_parameters(info);
	print_options(operation);
	printf("\nIt is %s %s of the daemon.\n", info->local_method, info->local_path);
}

/* ---- the manual page --------------------------------------------------------------------- */

/* Text for roff: no hyphen where a minus is meant, no command by chance. */
static void
print_roff(const char *text)
{
	for (const char *at = text; *at; at++) {
		if (*at == '-')
			fputs("\\-", stdout);
		else if (*at == '\\')
			fputs("\\e", stdout);
		else
			putchar(*at);
	}
}

static void
print_manual_parameter(const struct cspark_parameter *p)
{
	struct buf name, text;

	buf_init(&name, 1024);
	buf_init(&text, 1024);
	put_parameter(p, &name);
	put_explanation(p, &text);
	fputs(".br\n\\fB", stdout);
	print_roff(name.data);
	fputs("\\fR: ", stdout);
	print_roff(text.data);
	fputs(".\n", stdout);
	buf_fini(&name);
	buf_fini(&text);
}

static void
print_manual(enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	struct buf name, arguments;

	buf_init(&name, 256);
	buf_init(&arguments, 1024);
	catalog_put_name(operation, &name);
	catalog_put_arguments(operation, &arguments);
	buf_put_char(&name, '\0');
	buf_put_char(&arguments, '\0');
	fputs(".TP\n\\fB", stdout);
	print_roff(name.data);
	fputs("\\fI", stdout);
	print_roff(arguments.data);
	fputs("\\fR\n", stdout);
	print_roff(info->summary);
	fputs(".\n", stdout);
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (p->name)
			print_manual_parameter(p);
	}
	buf_fini(&name);
	buf_fini(&arguments);
}

void
help_manual(void)
{
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		if (catalog_has(i))
			print_manual(i);
	}
}
