#include "sim/form.h"

#include "sim/http.h"
#include "sim/multipart.h"

#include <stdio.h>

static struct str
type_of(const struct request *request)
{
	return request_header(request, STR("content-type"));
}

static bool
is_urlencoded(const struct request *request)
{
	struct str rest;

	return str_eq_nocase(
		str_trim(str_cut(type_of(request), ';', &rest)), STR("application/x-www-form-urlencoded"));
}

bool
form_is_good(const struct request *request)
{
	struct multipart form;
	struct part part;

	if (is_urlencoded(request))
		return true;
	if (!multipart_init(&form, type_of(request), request_body(request)))
		return false;
	while (multipart_next(&form, &part))
		continue;
	return !form.bad;
}

static bool
urlencoded_text(struct str form, struct str name, struct buf *ret)
{
	while (form.at && form.len) {
		struct str value, key = str_cut(str_cut(form, '&', &form), '=', &value);

		if (str_eq(key, name))
			return value.at && str_percent_decode(value, true, ret);
	}
	return false;
}

bool
form_text(const struct request *request, const char *name, char *ret, size_t max)
{
	struct part part;
	struct buf text;
	bool found;

	ret[0] = 0;
	if (!is_urlencoded(request)) {
		found = multipart_find(type_of(request), request_body(request), name, &part);
		if (found)
			snprintf(ret, max, "%.*s", STR_ARG(part.content));
		return found;
	}
	buf_init(&text, (size_t)1 << 20);
	found = urlencoded_text(request_body(request), str_of(name), &text);
	if (found)
		snprintf(ret, max, "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
	return found;
}
