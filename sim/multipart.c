#include "sim/multipart.h"

#include <stdio.h>

#define BOUNDARY_MAX 70

static struct str
from(struct str text, size_t skip)
{
	return str_range(text.at + skip, text.len - skip);
}

/* The value of a parameter of a header, without its quotes; at == NULL if it is absent. A semicolon inside
 * quotes does not end it. */
static struct str
parameter(struct str header, struct str name)
{
	struct str rest = header;

	str_cut(rest, ';', &rest);
	while (rest.at && rest.len) {
		struct str value, key = str_trim(str_cut(rest, '=', &value));
		ptrdiff_t end;

		if (!value.at)
			break;
		if (value.len && value.at[0] == '"') {
			end = str_find(from(value, 1), '"');
			if (end < 0)
				break;
			rest = from(value, (size_t)end + 2);
			value = str_range(value.at + 1, (size_t)end);
			str_cut(rest, ';', &rest);
		} else {
			value = str_trim(str_cut(value, ';', &rest));
		}
		if (str_eq_nocase(key, name))
			return value;
	}
	return (struct str){ NULL, 0 };
}

bool
multipart_init(struct multipart *form, struct str content_type, struct str body)
{
	struct str rest, boundary = parameter(content_type, STR("boundary"));
	struct str first;

	*form = (struct multipart){ .bad = true };
	if (!str_eq_nocase(str_trim(str_cut(content_type, ';', &rest)), STR("multipart/form-data")) ||
		boundary.len == 0 || boundary.len > BOUNDARY_MAX)
		return false;
	snprintf(form->delimiter, sizeof(form->delimiter), "\r\n--%.*s", STR_ARG(boundary));
	first = str_of(form->delimiter + 2);
	if (!str_starts(body, first))
		return false;
	form->rest = from(body, first.len);
	form->bad = false;
	return true;
}

static bool
read_header(struct str line, struct part *ret)
{
	struct str value, rest, name = str_cut(line, ':', &value);

	if (!value.at)
		return false;
	value = str_trim(value);
	if (str_eq_nocase(name, STR("content-type")))
		ret->type = value;
	if (!str_eq_nocase(name, STR("content-disposition")))
		return true;
	if (!str_eq_nocase(str_trim(str_cut(value, ';', &rest)), STR("form-data")))
		return false;
	ret->name = parameter(value, STR("name"));
	ret->file_name = parameter(value, STR("filename"));
	return ret->name.at != NULL;
}

static bool
read_headers(struct str *rest, struct part *ret)
{
	for (;;) {
		const char *end = memmem(rest->at, rest->len, "\r\n", 2);
		struct str line;

		if (!end)
			return false;
		line = str_range(rest->at, (size_t)(end - rest->at));
		*rest = from(*rest, line.len + 2);
		if (line.len == 0)
			return ret->name.at != NULL;
		if (!read_header(line, ret))
			return false;
	}
}

static bool
read_part(struct multipart *form, struct part *ret)
{
	struct str rest = form->rest, mark = str_of(form->delimiter);
	const char *end;

	*ret = (struct part){ .name = { NULL, 0 } };
	if (!str_starts(rest, STR("\r\n")))
		return false;
	rest = from(rest, 2);
	if (!read_headers(&rest, ret))
		return false;
	end = memmem(rest.at, rest.len, mark.at, mark.len);
	if (!end)
		return false;
	ret->content = str_range(rest.at, (size_t)(end - rest.at));
	form->rest = from(rest, ret->content.len + mark.len);
	return true;
}

bool
multipart_next(struct multipart *form, struct part *ret)
{
	if (form->bad || form->over)
		return false;
	if (str_eq(form->rest, STR("--")) || str_eq(form->rest, STR("--\r\n"))) {
		form->over = true;
		return false;
	}
	form->bad = !read_part(form, ret);
	return !form->bad;
}

bool
multipart_find(struct str content_type, struct str body, const char *name, struct part *ret)
{
	struct multipart form;
	struct part part;
	bool found = false;

	if (!multipart_init(&form, content_type, body))
		return false;
	while (multipart_next(&form, &part)) {
		if (!found && str_eq(part.name, str_of(name))) {
			*ret = part;
			found = true;
		}
	}
	return found && !form.bad;
}
