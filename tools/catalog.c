#include "tools/catalog.h"

#include "tools/suggest.h"

#include <ctype.h>
#include <string.h>

const struct catalog_alias CATALOG_ALIASES[] = {
	{ "export", "exports.create" },
	{ "import", "imports.create" },
	{ "wasm", "services.wasm" },
	{ "platform", "platform.config" },
	{ NULL, NULL },
};

bool
catalog_has(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->local_path[0] != '\0';
}

/* ---- finding ----------------------------------------------------------------------------- */

/* How many words make this name; 0: they do not. */
static size_t
words_that_name(char *const *words, const char *name)
{
	struct str part, rest = str_of(name);
	size_t used = 0;

	while (rest.at) {
		part = str_cut(rest, '.', &rest);
		if (!words[used] || !str_eq(str_of(words[used]), part))
			return 0;
		used++;
	}
	return used;
}

static enum cspark_operation
find_name(const char *name)
{
	enum cspark_operation operation = 0;

	while (operation < CSPARK_OPERATIONS && strcmp(cspark_operation_name(operation), name) != 0)
		operation++;
	return operation;
}

/* "platform" alone is a command; behind the noun "platform" a word is a verb, perhaps a wrong one. */
static bool
is_meant(const char *alias, const char *next)
{
	return !catalog_has_noun(str_of(alias)) || !next || next[0] == '-';
}

static enum cspark_operation
find_alias(char *const *words)
{
	for (const struct catalog_alias *alias = CATALOG_ALIASES; alias->name; alias++) {
		if (strcmp(words[0], alias->name) == 0 && is_meant(alias->name, words[1]))
			return find_name(alias->operation);
	}
	return CSPARK_OPERATIONS;
}

enum cspark_operation
catalog_find(char *const *words, size_t *ret_used)
{
	enum cspark_operation found = CSPARK_OPERATIONS;

	*ret_used = 0;
	if (!words[0])
		return found;
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		size_t used = catalog_has(i) ? words_that_name(words, cspark_operation_name(i)) : 0;

		if (used > *ret_used) {
			*ret_used = used;
			found = i;
		}
	}
	if (found == CSPARK_OPERATIONS && (found = find_alias(words)) != CSPARK_OPERATIONS)
		*ret_used = 1;
	return found;
}

static struct str
noun_of(enum cspark_operation operation)
{
	struct str rest;

	return str_cut(str_of(cspark_operation_name(operation)), '.', &rest);
}

/* The first of its commands. */
static enum cspark_operation
find_noun(struct str noun)
{
	enum cspark_operation i = 0;

	while (i < CSPARK_OPERATIONS &&
		(!catalog_has(i) || !strchr(cspark_operation_name(i), '.') || !str_eq(noun_of(i), noun)))
		i++;
	return i;
}

bool
catalog_has_noun(struct str noun)
{
	return find_noun(noun) != CSPARK_OPERATIONS;
}

void
catalog_each_noun(void (*each)(struct str noun, void *arg), void *arg)
{
	struct str before = { 0 };

	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		if (!catalog_has(i) || !strchr(cspark_operation_name(i), '.') || str_eq(noun_of(i), before))
			continue;
		before = noun_of(i);
		if (find_noun(before) == i)
			each(before, arg);
	}
}

static void
print_noun(struct str noun, void *arg)
{
	fprintf(arg, " %.*s", STR_ARG(noun));
}

void
catalog_print_nouns(FILE *out)
{
	catalog_each_noun(print_noun, out);
}

/* ---- names ------------------------------------------------------------------------------- */

void
catalog_put_name(enum cspark_operation operation, struct buf *out)
{
	for (const char *at = cspark_operation_name(operation); *at; at++)
		buf_put_char(out, *at == '.' ? ' ' : *at);
}

/* All nouns are near if the first word is none of them; else the verbs of that noun. */
struct str
catalog_nearest(char *const *words, struct buf *scratch)
{
	bool has_verb = words[1] && words[1][0] != '-' && catalog_has_noun(str_of(words[0]));
	struct suggestion suggestion;
	struct str rest, verb;
	enum cspark_operation found = CSPARK_OPERATIONS;

	suggest_start(&suggestion, str_of(words[has_verb]));
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		size_t before = suggestion.distance;
		bool had = suggestion.best.at != NULL;

		if (!catalog_has(i) || (has_verb && !str_eq(noun_of(i), str_of(words[0]))))
			continue;
		str_cut(str_of(cspark_operation_name(i)), '.', &verb);
		suggest_offer(&suggestion, has_verb ? verb : noun_of(i));
		if (suggestion.best.at && (!had || suggestion.distance < before))
			found = i;
	}
	if (found == CSPARK_OPERATIONS)
		return (struct str){ 0 };
	if (has_verb || !strchr(cspark_operation_name(found), '.'))
		catalog_put_name(found, scratch);
	else
		buf_put_str(scratch, str_cut(str_of(cspark_operation_name(found)), '.', &rest));
	return buf_text(scratch);
}

/* ---- arguments --------------------------------------------------------------------------- */

bool
catalog_next_part(const char **path, struct str *ret_name)
{
	const char *begin = strchr(*path, '{'), *end;

	if (!begin)
		return false;
	end = strchr(begin, '}');
	*ret_name = str_range(begin + 1, (size_t)(end - begin - 1));
	*path = end + 1;
	return true;
}

bool
catalog_needs_body(enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	const struct cspark_parameter *first = info->parameters;

	return info->body == CSPARK_BODY_PARTS || info->body == CSPARK_BODY_JSON ||
		(first->wire && first->place == CSPARK_IS_BODY);
}

bool
catalog_takes_body(enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);

	return info->body != CSPARK_BODY_NONE || strcmp(info->local_method, "POST") == 0 ||
		strcmp(info->local_method, "PUT") == 0;
}

static void
put_capitals(struct str name, struct buf *out)
{
	for (size_t i = 0; i < name.len; i++)
		buf_put_char(out, (char)toupper((unsigned char)name.at[i]));
}

static bool
has_named_parameter(const struct cspark_operation_info *info)
{
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (p->name)
			return true;
	}
	return false;
}

void
catalog_put_arguments(enum cspark_operation operation, struct buf *out)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	const char *path = info->local_path;
	struct str name, before = { 0 };

	while (catalog_next_part(&path, &name)) {
		/* A folder and what is in it are one word. */
		buf_put_char(out, str_eq(before, STR("folder")) ? '/' : ' ');
		put_capitals(name, out);
		before = name;
	}
	if (info->body == CSPARK_BODY_PARTS)
		buf_put_str(out, STR(" FILE"));
	else if (catalog_needs_body(operation))
		buf_put_str(out, STR(" -i FILE"));
	if (has_named_parameter(info))
		buf_put_str(out, STR(" [NAME=VALUE ...]"));
}
