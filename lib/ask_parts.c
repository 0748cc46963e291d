/* Multipart bodies: the fields, as one part of JSON or a part each, and the file. */
#include "lib/ask.h"
#include "lib/operations.h"

#include <assert.h>

static size_t
put_text(struct buf *out, struct str text)
{
	size_t at = out->len;

	buf_put_str(out, text);
	buf_put_char(out, '\0');
	return at;
}

static size_t
put_field_parts(struct making *making, struct ask_part *parts, struct buf *out)
{
	size_t count = 0;

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_BODY ? ask_value(making, p) : (struct str){ 0 };

		if (!value.at || count == ASK_PARTS_MAX - 1)
			continue;
		parts[count].name = put_text(out, str_of(p->wire));
		parts[count].text = put_text(out, value);
		parts[count++].text_len = value.len;
	}
	return count;
}

size_t
ask_put_parts(struct making *making, struct ask_part *parts, struct buf *out)
{
	const struct cspark_multipart *form = cspark_operation_multipart(making->ask->operation);
	struct str given = ask_argument(making->ask, STR("filename"));
	size_t count = 0;

	assert(form);
	if (form->entity) {
		parts[0].name = put_text(out, str_of(form->entity));
		parts[0].text = out->len;
		ask_put_fields(making, form->wrapped, out);
		parts[0].text_len = out->len - parts[0].text;
		buf_put_char(out, '\0');
		count = 1;
	} else {
		count = put_field_parts(making, parts, out);
	}
	parts[count].is_file = true;
	parts[count].name = put_text(out, str_of(form->file));
	parts[count].file_name = out->len;
	if (given.len > 0)
		buf_put_str(out, given);
	else
		ask_put_template(making, form->file_name, out);
	buf_put_char(out, '\0');
	parts[count++].type = put_text(
		out, str_of(making->ask->source_type ? making->ask->source_type : form->file_type));
	return count;
}

void
ask_finish_parts(const struct cspark_ask *ask, const char *text, const struct ask_part *from, size_t count,
	struct cspark_part *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct cspark_part){ .name = text + from[i].name };
		if (from[i].is_file) {
			ret[i].file_name = text + from[i].file_name;
			ret[i].content_type = text + from[i].type;
			ret[i].source = ask->source;
		} else {
			ret[i].text = (struct cspark_bytes){ text + from[i].text, from[i].text_len };
		}
	}
}
