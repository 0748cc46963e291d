#include "tools/disposition.h"

#include "base/buf.h"

static const struct {
	const char *type;
	const char *ending;
} ENDINGS[] = {
	{ "application/json", ".json" },
	{ "application/zip", ".zip" },
	{ "application/x-zip-compressed", ".zip" },
	{ "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx" },
	{ "application/vnd.ms-excel.sheet.macroEnabled.12", ".xlsm" },
	{ "text/csv", ".csv" },
	{ "text/plain", ".txt" },
};

const char *
disposition_ending(struct str media_type)
{
	struct str rest, type = str_trim(str_cut(media_type, ';', &rest));

	for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
		if (str_eq_nocase(type, str_of(ENDINGS[i].type)))
			return ENDINGS[i].ending;
	}
	return ".bin";
}

bool
disposition_clean(struct str text, char ret[FILE_NAME_MAX + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '/' || text.at[i] == '\\')
			len = 0;
		else if (len < FILE_NAME_MAX)
			ret[len++] = (unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f ? '_' : text.at[i];
	}
	ret[len] = '\0';
	if (!str_is_utf8(str_range(ret, len)))
		return false;
	if (ret[0] == '.')
		ret[0] = '_';
	return len > 0;
}

/* A quoted string, its quotes already gone, up to the closing one. */
static struct str
unquote(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len && text.at[i] != '"'; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len)
			i++;
		buf_put_char(out, text.at[i]);
	}
	return buf_text(out);
}

/* UTF-8''a%20b */
static struct str
decode_extended(struct str text, struct buf *out)
{
	struct str language, charset = str_cut(text, '\'', &text);

	language = str_cut(text, '\'', &text);
	(void)language;
	if (!str_eq_nocase(charset, STR("utf-8")) || !str_percent_decode(text, false, out))
		return (struct str){ 0 };
	return buf_text(out);
}

/* The text behind "; <name>=", up to the next semicolon outside quotes; at == NULL: there is none. */
static struct str
find(struct str header, struct str name)
{
	bool is_quoted = false;
	size_t begin = 0;

	for (size_t i = 0; i <= header.len; i++) {
		struct str part, value;

		if (i < header.len && header.at[i] == '"' && (i == 0 || header.at[i - 1] != '\\'))
			is_quoted = !is_quoted;
		if (i < header.len && (header.at[i] != ';' || is_quoted))
			continue;
		part = str_cut(str_range(header.at + begin, i - begin), '=', &value);
		if (value.at && str_eq_nocase(str_trim(part), name))
			return str_trim(value);
		begin = i + 1;
	}
	return (struct str){ 0 };
}

bool
disposition_name(struct str header, char ret[FILE_NAME_MAX + 1])
{
	struct str extended = find(header, STR("filename*")), plain = find(header, STR("filename"));
	struct buf text;
	bool ok = false;

	buf_init(&text, 4096);
	if (extended.at)
		ok = disposition_clean(decode_extended(extended, &text), ret);
	buf_clear(&text);
	if (!ok && str_starts(plain, STR("\"")))
		plain = unquote(str_range(plain.at + 1, plain.len - 1), &text);
	if (!ok)
		ok = disposition_clean(plain, ret);
	buf_fini(&text);
	return ok;
}
