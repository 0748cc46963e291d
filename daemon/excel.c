#include "daemon/excel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
static const char *const excel_errors[] = {
	"#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#REF!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!",
	"#GETTING_DATA", "#CONNECT!", "#BLOCKED!", "#UNKNOWN!", "#FIELD!", "#BUSY!", "#EXTERNAL!", "#PYTHON!",
	"#TIMEOUT!",
};
/* clang-format on */

static bool
is_excel_error(struct str text)
{
	if (text.len == 0 || text.at[0] != '#')
		return false;
	for (size_t i = 0; i < COUNT(excel_errors); i++) {
		/* A solidus may be escaped, but nobody does so in these. */
		if (str_eq(text, str_of(excel_errors[i])))
			return true;
	}
	return false;
}

/* Behind the closing quote of the string whose text begins at <at>. */
static const char *
end_of_string(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return at < end ? at + 1 : end;
}

static bool
is_name(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at < end && *at == ':';
}

bool
excel_error_in(struct str json, struct str *ret)
{
	const char *at = json.at;
	const char *end = at + json.len;

	while (at && at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
		const char *text = at + 1;

		at = end_of_string(text, end);
		*ret = str_range(text, at > text ? (size_t)(at - text) - 1 : 0);
		if (is_excel_error(*ret) && !is_name(at, end))
			return true;
	}
	return false;
}
