#include "tools/member.h"

#include "base/buf.h"
#include "base/json_text.h"

#include <stdio.h>

#define TEXT_MAX 4096

void
member_text(struct str document, const char *path, char *ret, size_t size)
{
	struct str value = json_path(document, path);
	struct buf text;

	buf_init(&text, TEXT_MAX);
	if (!json_is_null(value) && !json_unquote(value, &text))
		buf_put_str(&text, value);
	snprintf(ret, size, "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}
