#include "daemon/config_file.h"

#include <ctype.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_slurp.h"

enum { FILE_MAX_BYTES = 1048576, LIST_MAX = 64 };

/* ---- what libconfig would let pass ---- */

/*
 * A glance over the text before libconfig sees it. libconfig 1.5 cuts integers above 32 bits to their low
 * bits without a word, and "@include" reads any file; both are refused here. Strings and comments are stepped
 * over by libconfig's rules.
 */
struct glance {
	struct config_draft *draft;
	struct config_origin origin; /* line: of <at> */
	const char *at;
};

static void
skip_to(struct glance *glance, const char *end)
{
	for (; glance->at < end; glance->at++)
		glance->origin.line += *glance->at == '\n';
}

static const char *
string_end(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

static const char *
comment_end(const char *at)
{
	const char *end = at[1] == '*' ? strstr(at + 2, "*/") : strchr(at, '\n');

	if (!end)
		return at + strlen(at);
	return at[1] == '*' ? end + 2 : end;
}

static const char *
number_end(struct glance *glance)
{
	char *end;
	long long value = strtoll(glance->at, &end, 10);
	bool is_long = *end == 'L';

	if (*end == '.' || *end == 'e' || *end == 'E' || *end == 'x' || *end == 'X')
		return end + 1 + strspn(end + 1, "0123456789abcdefABCDEF");
	if (end - glance->at > 18 || (!is_long && value > INT32_MAX))
		config_report_error(glance->draft->report, glance->origin,
			"the number %.*s is too large for the file format; write a size as \"5G\"",
			(int)(end - glance->at > 40 ? 40 : end - glance->at), glance->at);
	return end + strspn(end, "L");
}

static const char *
token_end(struct glance *glance)
{
	const char *at = glance->at;

	if (*at == '"')
		return string_end(at);
	if (*at == '#' || (*at == '/' && (at[1] == '/' || at[1] == '*')))
		return comment_end(at);
	if (isdigit((unsigned char)*at))
		return number_end(glance);
	if (isalpha((unsigned char)*at) || *at == '*') {
		while (isalnum((unsigned char)*at) || *at == '-' || *at == '_' || *at == '*')
			at++;
		return at;
	}
	if (*at == '@')
		config_report_error(glance->draft->report, glance->origin, "@include is not supported");
	return at + 1;
}

static bool
glance_over(struct config_draft *draft, const char *path, const struct config_slurp *text)
{
	struct glance glance = { draft, { path, 1 }, text->text };
	size_t before = draft->report->errors.len;

	if (memchr(text->text, '\0', text->len))
		config_report_error(draft->report, (struct config_origin){ path, 0 },
			"has a NUL byte: it is no text file");
	else
		while (*glance.at)
			skip_to(&glance, token_end(&glance));
	return draft->report->errors.len == before;
}

/* ---- from libconfig's tree into the draft ---- */

static void
apply(struct config_draft *draft, struct config_part *part, const struct config_key *key,
	config_setting_t *setting, struct config_origin origin)
{
	const char *texts[LIST_MAX];
	struct config_value value = { .kind = CONFIG_VALUE_OTHER };
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_STRING) {
		value.kind = CONFIG_VALUE_TEXT;
		value.text = config_setting_get_string(setting);
	} else if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
		value.kind = CONFIG_VALUE_NUMBER;
		value.number = config_setting_get_int64(setting);
	} else if (type == CONFIG_TYPE_BOOL) {
		value.kind = CONFIG_VALUE_FLAG;
		value.flag = config_setting_get_bool(setting) != 0;
	} else if (type == CONFIG_TYPE_ARRAY || type == CONFIG_TYPE_LIST) {
		value.kind = CONFIG_VALUE_LIST;
		value.list = texts;
		for (int i = 0; i < config_setting_length(setting); i++) {
			const char *text = config_setting_get_string_elem(setting, i);

			if (!text || value.count == LIST_MAX) {
				value.kind = CONFIG_VALUE_OTHER;
				break;
			}
			texts[value.count++] = text;
		}
	}
	config_draft_set(draft, part, key, &value, origin);
	if (key->type == CONFIG_SECRET && value.kind == CONFIG_VALUE_TEXT)
		explicit_bzero((char *)(uintptr_t)value.text,
			strlen(value.text)); /* libconfig frees without wiping */
}

static void
report_unknown(struct config_draft *draft, enum config_section section, const char *name,
	struct config_origin origin)
{
	const char *group = config_place(section)->name;
	const char *nearest = config_key_nearest(section, name);
	char hint[160] = "";

	if (nearest) {
		snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", nearest);
	} else {
		for (int i = 0; i < CONFIG_SECTIONS && !*hint; i++) {
			const struct config_key *key = config_key_find((enum config_section)i, name);
			char path[96];

			if (key) {
				config_key_path(key, path, sizeof(path));
				snprintf(hint, sizeof(hint), "; \"%s\" is one", path);
			}
		}
	}
	config_report_error(draft->report, origin, "unknown key \"%.64s\"%s%s%s", name, group ? " in " : "",
		group ? group : "", hint);
}

static void read_group(struct config_draft *draft, struct config_part *part, enum config_section section,
	config_setting_t *group, const char *path);

/* listeners and tenants: a list of groups, each a part of its own. */
static void
read_list(struct config_draft *draft, enum config_section section, config_setting_t *list, const char *path)
{
	struct config_origin origin = { path, config_setting_source_line(list) };

	if (!config_setting_is_list(list)) {
		config_report_error(draft->report, origin,
			"%s must be a list of groups: %s = ( { ... }, { ... } );",
			config_place(section)->name, config_place(section)->name);
		return;
	}
	for (int i = 0; i < config_setting_length(list); i++) {
		config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		struct config_part *part;

		origin.line = config_setting_source_line(group);
		if (!config_setting_is_group(group)) {
			config_report_error(draft->report, origin, "each of %s must be a group: { ... }",
				config_place(section)->name);
			continue;
		}
		part = config_draft_add(draft, section, origin);
		if (!part)
			return;
		read_group(draft, part, section, group, path);
	}
}

static void
read_section(struct config_draft *draft, struct config_part *part, enum config_section section,
	config_setting_t *setting, const char *path)
{
	struct config_origin origin = { path, config_setting_source_line(setting) };
	const char *name = config_place(section)->name;

	if (config_place(section)->is_list)
		read_list(draft, section, setting, path);
	else if (config_setting_is_group(setting))
		read_group(draft, part, section, setting, path);
	else
		config_report_error(draft->report, origin, "%s must be a group: %s = { ... };", name, name);
}

static void
read_group(struct config_draft *draft, struct config_part *part, enum config_section section,
	config_setting_t *group, const char *path)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(setting);
		struct config_origin origin = { path, config_setting_source_line(setting) };
		const struct config_key *key = config_key_find(section, name);
		enum config_section inner = config_section_find(section, name);

		if (key)
			apply(draft, part, key, setting, origin);
		else if (inner != CONFIG_SECTIONS)
			read_section(draft, part, inner, setting, path);
		else
			report_unknown(draft, section, name, origin);
	}
}

static void
read_text(struct config_draft *draft, const char *path, const char *text)
{
	config_t tree;

	config_init(&tree);
	if (config_read_string(&tree, text) == CONFIG_TRUE)
		read_group(draft, &draft->top, CONFIG_TOP, config_root_setting(&tree), path);
	else
		config_report_error(draft->report,
			(struct config_origin){ path, (unsigned)config_error_line(&tree) }, "%s",
			config_error_text(&tree) ? config_error_text(&tree) : "cannot be read");
	config_destroy(&tree);
}

void
config_file_read(struct config_draft *draft, const char *path)
{
	struct config_slurp text;
	const char *wrong = config_slurp(path, FILE_MAX_BYTES, &text);

	if (wrong) {
		config_report_error(draft->report, (struct config_origin){ path, 0 }, "%s", wrong);
		return;
	}
	draft->file_mode = text.mode;
	if (glance_over(draft, path, &text))
		read_text(draft, path, text.text);
	config_slurp_fini(&text);
}
