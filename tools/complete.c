#include "tools/complete.h"

#include "tools/bulk.h"
#include "tools/call_options.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/execute.h"

#include <stdio.h>
#include <string.h>

/* Options of the commands that are no operations. */
static const struct {
	const char *option;
	const char *choices;
} EXECUTE_CHOICES[] = {
	{ "--shape", "simple alike original" },
	{ "--format", "json ndjson csv text" },
	{ "--compiler", "neuron type1 type2 type3 xconnector" },
	{ "--validation", "static dynamic" },
};

static enum cspark_operation
operation_of(const struct catalog_alias *alias)
{
	enum cspark_operation operation = 0;

	while (strcmp(cspark_operation_name(operation), alias->operation) != 0)
		operation++;
	return operation;
}

typedef void each_fn(const char *command, enum cspark_operation operation);

/* Every command that is an operation, by each of its names. */
static void
each_operation(each_fn *each)
{
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		struct buf name;

		if (!catalog_has(i))
			continue;
		buf_init(&name, 256);
		catalog_put_name(i, &name);
		buf_put_char(&name, '\0');
		each(name.data, i);
		buf_fini(&name);
	}
	for (const struct catalog_alias *alias = CATALOG_ALIASES; alias->name; alias++)
		each(alias->name, operation_of(alias));
}

/* ---- words ------------------------------------------------------------------------------- */

static void
print_verbs(struct str noun, void *arg)
{
	printf("\t%.*s) echo \"", STR_ARG(noun));
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		struct str verb, first = str_cut(str_of(cspark_operation_name(i)), '.', &verb);

		if (catalog_has(i) && verb.at && str_eq(first, noun))
			printf("%.*s ", STR_ARG(verb));
	}
	puts("\" ;;");
}

static void
print_noun(struct str noun, void *arg)
{
	printf("%.*s ", STR_ARG(noun));
}

static void
print_first_words(void)
{
	fputs("\t\"\") echo \"", stdout);
	for (const struct command *command = COMMANDS; command->name; command++)
		printf("%s ", command->name);
	for (const struct catalog_alias *alias = CATALOG_ALIASES; alias->name; alias++) {
		if (!catalog_has_noun(str_of(alias->name)))
			printf("%s ", alias->name);
	}
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		if (catalog_has(i) && !strchr(cspark_operation_name(i), '.'))
			printf("%s ", cspark_operation_name(i));
	}
	catalog_each_noun(print_noun, NULL);
	puts("\" ;;");
}

static void
print_known(const char *command, enum cspark_operation operation)
{
	printf("\t\"%s\") return 0 ;;\n", command);
}

/* ---- parameters -------------------------------------------------------------------------- */

static void
print_parameters(const char *command, enum cspark_operation operation)
{
	const char *before = "";
	bool any = false;

	for (const struct cspark_parameter *p = cspark_operation_info(operation)->parameters; p->wire; p++) {
		if (!p->name || p->name[0] == '*')
			continue;
		if (!any)
			printf("\t\"%s\") echo \"", command);
		printf("%s%s=", before, catalog_parameter_name(p));
		before = " ";
		any = true;
	}
	if (any)
		puts("\" ;;");
}

static void
print_values(const char *command, enum cspark_operation operation)
{
	for (const struct cspark_parameter *p = cspark_operation_info(operation)->parameters; p->wire; p++) {
		const char *values = p->kind == CSPARK_FLAG ? "true false" : p->choices;

		if (p->name && values)
			printf("\t\"%s:%s\") echo \"%s\" ;;\n", command, catalog_parameter_name(p), values);
	}
}

static void
print_files(const char *command, enum cspark_operation operation)
{
	if (cspark_operation_info(operation)->body == CSPARK_BODY_PARTS)
		printf("\t\"%s\") return 0 ;;\n", command);
}

/* ---- options ----------------------------------------------------------------------------- */

static void
print_options(const char *command, enum cspark_operation operation)
{
	printf("\t\"%s\") echo \"", command);
	for (const struct call_option *option = CALL_OPTIONS; option->name; option++) {
		if (call_option_fits(option, operation))
			printf("--%s ", option->name);
	}
	puts("\" ;;");
}

static void
print_execute_option(const char *name)
{
	printf("--%s ", name);
}

static void
print_own_options(void)
{
	for (const struct command *command = COMMANDS; command->name; command++) {
		printf("\t%s) echo \"%s", command->name, command->options);
		if (command->run == cmd_execute)
			execute_each_option(print_execute_option);
		if (command->run == cmd_bulk)
			bulk_each_option(print_execute_option);
		puts("\" ;;");
	}
}

static void
print_option_values(void)
{
	for (const struct command *command = COMMANDS; command->name; command++) {
		for (size_t i = 0; i < sizeof(EXECUTE_CHOICES) / sizeof(EXECUTE_CHOICES[0]); i++) {
			if (command->run == cmd_execute)
				printf("\t\"%s:%s\") echo \"%s\" ;;\n", command->name,
					EXECUTE_CHOICES[i].option, EXECUTE_CHOICES[i].choices);
		}
	}
	puts("\tbulk:--in | bulk:--out) echo \"csv ndjson json\" ;;");
	puts("\tbulk:--compiler) _csparkctl_values execute:--compiler ;;");
	for (const struct call_option *option = CALL_OPTIONS; option->name; option++) {
		if (option->choices)
			printf("\t*:--%s) echo \"%s\" ;;\n", option->name, option->choices);
	}
}

/* ---- the functions ----------------------------------------------------------------------- */

static void
begin(const char *name, const char *says)
{
	printf("\n# %s\n_csparkctl_%s()\n{\n\tcase $1 in\n", says, name);
}

static void
end(const char *last)
{
	printf("\tesac\n%s}\n", last);
}

void
complete_print_tables(void)
{
	begin("verbs", "The words that may follow a noun; without one, those that a command begins with.");
	print_first_words();
	catalog_each_noun(print_verbs, NULL);
	end("");
	begin("known", "Whether these words are a whole command.");
	each_operation(print_known);
	for (const struct command *command = COMMANDS; command->name; command++)
		printf("\t%s) return 0 ;;\n", command->name);
	end("\treturn 1\n");
	begin("parameters", "The parameters of a command.");
	each_operation(print_parameters);
	puts("\tmigrate) _csparkctl_parameters \"exports create\"\n"
	     "\t\t_csparkctl_parameters \"imports create\" ;;");
	end("");
	begin("values", "What \"command:parameter\" and \"command:--option\" may be.");
	each_operation(print_values);
	print_values("migrate", CSPARK_OP_EXPORT_CREATE);
	print_values("migrate", CSPARK_OP_IMPORT_CREATE);
	print_option_values();
	end("");
	begin("sends", "Whether a word of the command names the file that it sends.");
	each_operation(print_files);
	end("\treturn 1\n");
	begin("options", "The options of a command.");
	each_operation(print_options);
	print_own_options();
	end("");
}
