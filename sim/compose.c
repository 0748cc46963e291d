#include "sim/compose.h"

#include "base/json_text.h"

static void
put_text(struct buf *out, struct str text)
{
	if (text.at)
		json_quote(text, out);
	else
		buf_put_str(out, STR("null"));
}

static void
put_uri(struct buf *out, const char *folder, const char *name, const char *version)
{
	struct buf uri;

	buf_init(&uri, 4096);
	buf_printf(&uri, "%s/%s", folder, name);
	if (version)
		buf_printf(&uri, "[%s]", version);
	json_quote(buf_text(&uri), out);
	buf_fini(&uri);
}

void
compose_list(struct buf *out, const char *template, va_list args)
{
	const char *at, *folder, *name;

	for (at = template; *at; at++) {
		struct str json;

		if (*at != '%') {
			buf_put_char(out, *at == '\'' ? '"' : *at);
			continue;
		}
		switch (*++at) {
		case 's':
			buf_put_str(out, str_of(va_arg(args, const char *)));
			break;
		case 'q':
			put_text(out, str_of(va_arg(args, const char *)));
			break;
		case 'S':
			put_text(out, va_arg(args, struct str));
			break;
		case 'j':
			json = va_arg(args, struct str);
			buf_put_str(out, json.at && json.len ? json : STR("null"));
			break;
		case 'U':
			folder = va_arg(args, const char *);
			name = va_arg(args, const char *);
			put_uri(out, folder, name, va_arg(args, const char *));
			break;
		case 'd':
			buf_printf(out, "%d", va_arg(args, int));
			break;
		case 'u':
			buf_printf(out, "%u", va_arg(args, unsigned));
			break;
		case 'l':
			buf_printf(out, "%ld", va_arg(args, long));
			break;
		case 'z':
			buf_printf(out, "%zu", va_arg(args, size_t));
			break;
		case 'b':
			buf_put_str(out, va_arg(args, int) ? STR("true") : STR("false"));
			break;
		default:
			buf_put_char(out, *at);
			break;
		}
	}
}

void
compose(struct buf *out, const char *template, ...)
{
	va_list args;

	va_start(args, template);
	compose_list(out, template, args);
	va_end(args);
}
