#include "tools/http_reader.h"

#include <stdio.h>

enum { TEXT_MAX = 64 * 1024 };

void
http_reader_init(struct http_reader *reader, struct http_response *response)
{
	*reader = (struct http_reader){ .response = response, .state = READ_HEAD };
	response->total = -1;
	response->length = -1;
	response->retry_after_s = -1;
	buf_init(&reader->text, TEXT_MAX);
}

void
http_reader_fini(struct http_reader *reader)
{
	buf_fini(&reader->text);
}

/* ---- the head ---------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK" */
static bool
read_status(struct str line, int *ret)
{
	uint64_t status;

	if (!str_starts(line, STR("HTTP/1.")) || line.len < 12 || line.at[8] != ' ')
		return false;
	if (!str_to_u64(str_range(line.at + 9, 3), 999, &status) || status < 100)
		return false;
	*ret = (int)status;
	return true;
}

static void
keep(char *at, size_t size, struct str value)
{
	snprintf(at, size, "%.*s", STR_ARG(value));
}

static bool
read_number(struct str value, int64_t *ret)
{
	uint64_t number;

	if (!str_to_u64(value, INT64_MAX, &number))
		return false;
	*ret = (int64_t)number;
	return true;
}

static bool
read_field(struct http_reader *reader, struct str line)
{
	struct http_response *response = reader->response;
	struct str value, name = str_cut(line, ':', &value);

	if (!value.at)
		return false;
	value = str_trim(value);
	if (str_eq_nocase(name, STR("content-type")))
		keep(response->content_type, sizeof(response->content_type), value);
	else if (str_eq_nocase(name, STR("content-disposition")))
		keep(response->disposition, sizeof(response->disposition), value);
	else if (str_eq_nocase(name, STR("location")))
		keep(response->location, sizeof(response->location), value);
	else if (str_eq_nocase(name, STR("x-total-count")))
		(void)!read_number(value, &response->total);
	else if (str_eq_nocase(name, STR("retry-after")))
		(void)!read_number(value, &response->retry_after_s);
	else if (str_eq_nocase(name, STR("content-length")))
		return read_number(value, &response->length);
	else if (str_eq_nocase(name, STR("transfer-encoding")))
		return reader->is_chunked = str_eq_nocase(value, STR("chunked"));
	return true;
}

static bool
read_head(struct http_reader *reader, struct str head)
{
	struct str line;
	bool is_first = true;

	reader->is_chunked = false;
	while (head.at) {
		line = str_cut(head, '\n', &head);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (is_first ? !read_status(line, &reader->response->status) : !read_field(reader, line))
			return false;
		is_first = false;
	}
	return true;
}

/* After the head: how the body is framed. */
static void
enter_body(struct http_reader *reader)
{
	const struct http_response *response = reader->response;

	if (reader->is_chunked) {
		reader->state = READ_SIZE_LINE;
	} else if (response->length >= 0) {
		reader->left = (uint64_t)response->length;
		reader->state = reader->left ? READ_LENGTH : READ_DONE;
	} else {
		reader->state = response->status == 204 ? READ_DONE : READ_TO_END;
	}
}

static void
end_head(struct http_reader *reader)
{
	struct str head = str_range(reader->text.data, reader->text.len - 4);
	bool is_good = read_head(reader, head);

	buf_clear(&reader->text);
	if (!is_good) {
		reader->state = READ_BAD;
	} else if (reader->response->status >= 200) {
		enter_body(reader);
		if (!reader->on_head(reader->arg))
			reader->state = READ_STOPPED;
	}
}

/* ---- lines ------------------------------------------------------------------------------- */

static bool
read_chunk_size(struct str line, uint64_t *ret)
{
	struct str digits = str_trim(str_cut(line, ';', &line));

	*ret = 0;
	if (digits.len == 0 || digits.len > 15)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.at[i];
		int digit = c >= '0' && c <= '9' ? c - '0' :
			c >= 'a' && c <= 'f'     ? c - 'a' + 10 :
			c >= 'A' && c <= 'F'     ? c - 'A' + 10 :
						   -1;

		if (digit < 0)
			return false;
		*ret = *ret * 16 + (uint64_t)digit;
	}
	return true;
}

static void
end_line(struct http_reader *reader)
{
	struct str line = str_range(reader->text.data, reader->text.len - 2);

	if (reader->state == READ_CHUNK_END)
		reader->state = line.len == 0 ? READ_SIZE_LINE : READ_BAD;
	else if (reader->state == READ_TRAILER)
		reader->state = line.len == 0 ? READ_DONE : READ_TRAILER;
	else if (!read_chunk_size(line, &reader->left))
		reader->state = READ_BAD;
	else
		reader->state = reader->left ? READ_CHUNK : READ_TRAILER;
	buf_clear(&reader->text);
}

/* Collects until the text ends in <end>; gives what it took. */
static size_t
take_text(struct http_reader *reader, const char *data, size_t len, struct str end)
{
	size_t taken = 0;

	while (taken < len) {
		buf_put_char(&reader->text, data[taken++]);
		if (buf_failed(&reader->text)) {
			reader->state = READ_BAD;
			break;
		}
		if (!str_ends(buf_text(&reader->text), end))
			continue;
		if (reader->state == READ_HEAD)
			end_head(reader);
		else
			end_line(reader);
		break;
	}
	return taken;
}

/* ---- the body ---------------------------------------------------------------------------- */

static size_t
take_body(struct http_reader *reader, const char *data, size_t len)
{
	bool is_counted = reader->state != READ_TO_END;

	if (is_counted && len > reader->left)
		len = (size_t)reader->left;
	if (!reader->on_body(reader->arg, data, len)) {
		reader->state = READ_STOPPED;
		return len;
	}
	if (is_counted)
		reader->left -= len;
	if (is_counted && reader->left == 0)
		reader->state = reader->state == READ_CHUNK ? READ_CHUNK_END : READ_DONE;
	return len;
}

static size_t
take(struct http_reader *reader, const char *data, size_t len)
{
	switch (reader->state) {
	case READ_HEAD:
		return take_text(reader, data, len, STR("\r\n\r\n"));
	case READ_SIZE_LINE:
	case READ_CHUNK_END:
	case READ_TRAILER:
		return take_text(reader, data, len, STR("\r\n"));
	case READ_LENGTH:
	case READ_TO_END:
	case READ_CHUNK:
		return take_body(reader, data, len);
	case READ_DONE:
	case READ_BAD:
	case READ_STOPPED:
		break;
	}
	return len;
}

static enum http_progress
progress_of(const struct http_reader *reader)
{
	return reader->state == READ_DONE     ? HTTP_WHOLE :
		reader->state == READ_BAD     ? HTTP_GARBLED :
		reader->state == READ_STOPPED ? HTTP_STOPPED :
						HTTP_MORE;
}

enum http_progress
http_reader_feed(struct http_reader *reader, const char *data, size_t len)
{
	for (size_t at = 0; at < len;)
		at += take(reader, data + at, len - at);
	return progress_of(reader);
}

enum http_progress
http_reader_end(struct http_reader *reader)
{
	if (reader->state == READ_TO_END)
		reader->state = READ_DONE;
	else if (reader->state != READ_STOPPED && reader->state != READ_DONE)
		reader->state = READ_BAD;
	return progress_of(reader);
}
