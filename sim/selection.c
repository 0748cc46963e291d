#include "sim/selection.h"

#include "base/buf.h"
#include "base/json_text.h"

static bool
compile(regex_t *ret, struct str raw)
{
	char pattern[1024];
	struct buf text;
	bool good;

	buf_init(&text, sizeof(pattern) - 1);
	good = json_unquote(raw, &text) && !buf_failed(&text) &&
		!(text.len && memchr(text.data, 0, text.len));
	if (good) {
		if (text.len)
			memcpy(pattern, text.data, text.len);
		pattern[text.len] = 0;
		good = regcomp(ret, pattern, REG_EXTENDED | REG_NOSUB) == 0;
	}
	buf_fini(&text);
	return good;
}

bool
selection_init(struct selection *ret, struct str names, struct str regex)
{
	enum json_kind kind = json_kind_of(names);

	*ret = (struct selection){ .has_regex = false };
	if (!json_is_null(names)) {
		if (kind != JSON_STRING && kind != JSON_ARRAY)
			return false;
		if (!str_eq(names, STR("\"\"")))
			ret->names = names;
	}
	if (json_is_null(regex) || str_eq(regex, STR("\"\"")))
		return true;
	ret->has_regex = json_kind_of(regex) == JSON_STRING && compile(&ret->regex, regex);
	return ret->has_regex;
}

void
selection_fini(struct selection *selection)
{
	if (selection->has_regex)
		regfree(&selection->regex);
}

static bool
in_list(struct str raw_list, struct str name)
{
	struct buf text;
	struct str rest;
	bool found = false;

	buf_init(&text, 1 << 20);
	json_unquote(raw_list, &text);
	for (rest = buf_text(&text); rest.at && rest.len && !found;)
		found = str_eq(str_trim(str_cut(rest, ',', &rest)), name);
	buf_fini(&text);
	return found;
}

static bool
in_array(struct str array, struct str name)
{
	struct json_walk walk;
	struct str value;

	json_walk_init(&walk, array);
	while (json_walk_next(&walk, NULL, &value))
		if (json_string_is(value, name))
			return true;
	return false;
}

static bool
wants(const struct selection *selection, struct str name)
{
	char text[512];

	if (selection->names.at) {
		bool list = json_kind_of(selection->names) == JSON_STRING;

		if (!(list ? in_list(selection->names, name) : in_array(selection->names, name)))
			return false;
	}
	if (!selection->has_regex)
		return true;
	if (name.len >= sizeof(text))
		return false;
	if (name.len)
		memcpy(text, name.at, name.len);
	text[name.len] = 0;
	return regexec(&selection->regex, text, 0, NULL, 0) == 0;
}

void
selection_put(const struct selection *selection, struct str outputs, struct buf *out)
{
	struct json_walk walk;
	struct str key, value;
	const char *comma = "";

	if ((!selection->names.at && !selection->has_regex) || json_kind_of(outputs) != JSON_OBJECT) {
		buf_put_str(out, outputs);
		return;
	}
	buf_put_char(out, '{');
	json_walk_init(&walk, outputs);
	while (json_walk_next(&walk, &key, &value)) {
		struct buf name;

		buf_init(&name, 1 << 20);
		if (json_unquote(key, &name) && wants(selection, buf_text(&name))) {
			buf_printf(out, "%s", comma);
			buf_put_str(out, key);
			buf_put_char(out, ':');
			buf_put_str(out, value);
			comma = ",";
		}
		buf_fini(&name);
	}
	buf_put_char(out, '}');
}
