/* The reading side of http.h: pure, over what has arrived so far. */
#include "tools/http.h"

#include <stdio.h>

/* What the head says about the body. */
struct framing {
	bool is_chunked;
	bool has_length;
	uint64_t length;
};

/* The text before the first <end>; false if it is not there yet. */
static bool
cut_at(struct str text, struct str end, struct str *ret_before, struct str *ret_after)
{
	const char *found = text.len ? memmem(text.at, text.len, end.at, end.len) : NULL;

	if (!found)
		return false;
	*ret_before = str_range(text.at, (size_t)(found - text.at));
	*ret_after = str_range(found + end.len, text.len - ret_before->len - end.len);
	return true;
}

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

static bool
read_field(struct http_response *response, struct str line, struct framing *framing)
{
	struct str value, name = str_cut(line, ':', &value);

	if (!value.at)
		return false;
	value = str_trim(value);
	if (str_eq_nocase(name, STR("content-type"))) {
		snprintf(response->content_type, sizeof(response->content_type), "%.*s", STR_ARG(value));
	} else if (str_eq_nocase(name, STR("transfer-encoding"))) {
		framing->is_chunked = true;
		return str_eq_nocase(value, STR("chunked"));
	} else if (str_eq_nocase(name, STR("content-length"))) {
		framing->has_length = true;
		return str_to_u64(value, UINT32_MAX, &framing->length);
	}
	return true;
}

static bool
read_head(struct http_response *response, struct str head, struct framing *ret)
{
	struct str line;
	bool is_first = true;

	*ret = (struct framing){ .is_chunked = false };
	for (bool more = true; more; is_first = false) {
		more = cut_at(head, STR("\r\n"), &line, &head);
		if (!more)
			line = head;
		if (is_first ? !read_status(line, &response->status) : !read_field(response, line, ret))
			return false;
	}
	return true;
}

static bool
read_chunk_size(struct str line, size_t *ret)
{
	struct str digits = str_trim(str_cut(line, ';', &line));

	*ret = 0;
	if (digits.len == 0 || digits.len > 8)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.at[i];
		int digit = c >= '0' && c <= '9' ? c - '0' :
			c >= 'a' && c <= 'f'     ? c - 'a' + 10 :
			c >= 'A' && c <= 'F'     ? c - 'A' + 10 :
						   -1;

		if (digit < 0)
			return false;
		*ret = *ret * 16 + (size_t)digit;
	}
	return true;
}

/* Walks the chunks; with <join> it also moves their data together, in place. */
static enum http_progress
walk_chunks(struct str text, char *join, size_t *ret_len)
{
	struct str line;
	size_t size;

	for (*ret_len = 0;; *ret_len += size) {
		if (!cut_at(text, STR("\r\n"), &line, &text))
			return HTTP_MORE;
		if (!read_chunk_size(line, &size))
			return HTTP_GARBLED;
		if (size == 0)
			return str_starts(text, STR("\r\n")) || cut_at(text, STR("\r\n\r\n"), &line, &text) ?
				HTTP_WHOLE :
				HTTP_MORE;
		if (text.len < size + 2)
			return HTTP_MORE;
		if (memcmp(text.at + size, "\r\n", 2) != 0)
			return HTTP_GARBLED;
		if (join)
			memmove(join + *ret_len, text.at, size);
		text = str_range(text.at + size + 2, text.len - size - 2);
	}
}

/* The last chunk is recognised by its end first: walking at every arrival would be quadratic. */
static enum http_progress
read_chunked(struct http_response *response, struct str rest, bool at_end)
{
	enum http_progress progress;
	size_t len;

	if (!at_end && !str_ends(rest, STR("\r\n\r\n")))
		return HTTP_MORE;
	progress = walk_chunks(rest, NULL, &len);
	if (progress == HTTP_WHOLE) {
		char *at = response->raw.data + (rest.at - response->raw.data);

		walk_chunks(rest, at, &len);
		response->body = str_range(at, len);
	}
	return progress;
}

static enum http_progress
read_body(struct http_response *response, const struct framing *framing, struct str rest, bool at_end)
{
	if (framing->is_chunked)
		return read_chunked(response, rest, at_end);
	response->body = rest;
	if (!framing->has_length)
		return at_end || response->status == 204 ? HTTP_WHOLE : HTTP_MORE;
	if (rest.len < framing->length)
		return HTTP_MORE;
	response->body.len = framing->length;
	return HTTP_WHOLE;
}

enum http_progress
http_response_read(struct http_response *response, bool at_end)
{
	struct str head, rest = buf_text(&response->raw);
	enum http_progress progress = HTTP_MORE;
	struct framing framing;

	do {
		if (!cut_at(rest, STR("\r\n\r\n"), &head, &rest))
			return at_end ? HTTP_GARBLED : HTTP_MORE;
		if (!read_head(response, head, &framing))
			return HTTP_GARBLED;
	} while (response->status < 200);
	progress = read_body(response, &framing, rest, at_end);
	return progress == HTTP_MORE && at_end ? HTTP_GARBLED : progress;
}
