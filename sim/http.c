#include "sim/http.h"

#include "sim/blob.h"
#include "sim/gzip.h"
#include "sim/wire.h"

void
request_init(struct request *request)
{
	buf_init(&request->head, WIRE_IN_BYTES);
	buf_init(&request->body, HTTP_MAX_BODY);
	request->big = NULL;
}

void
request_fini(struct request *request)
{
	buf_fini(&request->head);
	buf_fini(&request->body);
	blob_unref(request->big);
}

struct str
request_body(const struct request *request)
{
	return request->big ? blob_text(request->big) : buf_text(&request->body);
}

struct str
request_header(const struct request *request, struct str name)
{
	unsigned i;

	for (i = 0; i < request->header_count; i++)
		if (str_eq_nocase(request->headers[i].name, name))
			return request->headers[i].value;
	return (struct str){ NULL, 0 };
}

struct str
request_query(const struct request *request, struct str name)
{
	struct str rest = request->query;

	while (rest.at && rest.len) {
		struct str value, pair = str_cut(rest, '&', &rest);

		if (str_eq(str_cut(pair, '=', &value), name))
			return value.at ? value : str_of("");
	}
	return (struct str){ NULL, 0 };
}

static bool
is_token(struct str text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!word && (!c || !strchr(marks, c)))
			return false;
	}
	return text.len > 0;
}

/* Nothing but the visible ASCII characters of a target. */
static bool
is_target(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 0x7f)
			return false;
	return text.len > 0 && text.at[0] == '/';
}

static int
parse_line(struct request *req, struct str line)
{
	struct str target, version;

	req->method = str_cut(line, ' ', &target);
	target = str_cut(target, ' ', &version);
	if (!is_token(req->method) || !is_target(target))
		return 400;
	if (str_eq(version, STR("HTTP/1.1")))
		req->keep_alive = true;
	else if (str_eq(version, STR("HTTP/1.0")))
		req->keep_alive = false;
	else
		return str_starts(version, STR("HTTP/")) ? 505 : 400;
	req->path = str_cut(target, '?', &req->query);
	return HTTP_GOOD;
}

static int
parse_header(struct request *req, struct str line)
{
	struct str value, name = str_cut(line, ':', &value);
	size_t i;

	if (!value.at || !is_token(name))
		return 400;
	value = str_trim(value);
	for (i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] < ' ' && value.at[i] != '\t')
			return 400;
	if (req->header_count == HTTP_MAX_HEADERS)
		return 431;
	req->headers[req->header_count++] = (struct http_header){ name, value };
	return HTTP_GOOD;
}

static unsigned
count_headers(const struct request *req, struct str name)
{
	unsigned i, count = 0;

	for (i = 0; i < req->header_count; i++)
		count += str_eq_nocase(req->headers[i].name, name);
	return count;
}

/* What the headers say about framing. Anything two readers could take differently is refused. */
static int
judge_framing(struct request *req)
{
	struct str length = request_header(req, STR("content-length"));
	struct str coding = request_header(req, STR("transfer-encoding"));
	struct str connection = request_header(req, STR("connection"));
	unsigned hosts = count_headers(req, STR("host"));

	if (hosts > 1 || (hosts == 0 && req->keep_alive))
		return 400;
	if (count_headers(req, STR("content-length")) > 1 || (length.at && coding.at))
		return 400;
	if (coding.at && !str_eq_nocase(coding, STR("chunked")))
		return 501;
	if (length.at && !str_to_u64(length, INT64_MAX, &req->content_length))
		return 400;
	if (req->content_length > HTTP_MAX_BODY)
		return 413;
	req->chunked = coding.at != NULL;
	if (str_eq_nocase(connection, STR("close")))
		req->keep_alive = false;
	req->wants_continue = str_eq_nocase(request_header(req, STR("expect")), STR("100-continue"));
	return HTTP_GOOD;
}

static int
parse_head(struct request *req)
{
	struct str rest = buf_text(&req->head);
	int wrong = HTTP_GOOD;
	bool first = true;

	while (!wrong && rest.len) {
		struct str line = str_cut(rest, '\n', &rest);

		if (line.len == 0 || line.at[--line.len] != '\r')
			return 400;
		if (line.len == 0 && rest.len == 0)
			break;
		wrong = first ? parse_line(req, line) : parse_header(req, line);
		first = false;
	}
	return wrong ? wrong : judge_framing(req);
}

int
http_read_head(struct wire *wire, struct request *req)
{
	const char *blank;
	size_t len;

	buf_clear(&req->head);
	buf_clear(&req->body);
	blob_unref(req->big);
	req->big = NULL;
	req->header_count = 0;
	req->content_length = 0;
	req->chunked = req->keep_alive = req->wants_continue = req->body_read = false;
	req->method = req->path = req->query = str_of("");
	while (!(blank = memmem(wire->in + wire->at, wire->end - wire->at, "\r\n\r\n", 4)))
		if (!wire_fill(wire))
			return wire->left ? HTTP_GONE : 431;
	len = (size_t)(blank + 4 - (wire->in + wire->at));
	buf_put(&req->head, wire->in + wire->at, len);
	wire->at += len;
	return parse_head(req);
}

/* Few bytes go into memory, many into a file. */
static bool
put_body(struct request *req, const char *data, size_t len)
{
	if (!req->big && req->body.len + len > BLOB_MEMORY_BYTES) {
		req->big = blob_of(buf_text(&req->body));
		buf_fini(&req->body);
	}
	return req->big ? blob_put(req->big, data, len) : buf_put(&req->body, data, len);
}

static int
read_bytes(struct wire *wire, uint64_t len, struct request *req)
{
	while (len > 0) {
		size_t have = wire->end - wire->at;
		size_t take = have < len ? have : (size_t)len;

		if (have == 0 && !wire_fill(wire))
			return HTTP_GONE;
		if (take && !put_body(req, wire->in + wire->at, take))
			return 413;
		wire->at += take;
		len -= take;
	}
	return HTTP_GOOD;
}

/* One line of the chunked framing, without its CR LF; borrowed until the next read. */
static int
read_line(struct wire *wire, struct str *ret)
{
	const char *end;

	while (!(end = memmem(wire->in + wire->at, wire->end - wire->at, "\r\n", 2))) {
		if (wire->end - wire->at > 8192)
			return 400;
		if (!wire_fill(wire))
			return HTTP_GONE;
	}
	*ret = str_range(wire->in + wire->at, (size_t)(end - (wire->in + wire->at)));
	wire->at += ret->len + 2;
	return HTTP_GOOD;
}

static int
chunk_size(struct str line, uint64_t *ret)
{
	struct str extension, digits = str_cut(line, ';', &extension);
	size_t i;

	*ret = 0;
	if (digits.len == 0 || digits.len > 15)
		return 400;
	for (i = 0; i < digits.len; i++) {
		const char *hex = "0123456789abcdef",
			   *at = digits.at[i] ? strchr(hex, digits.at[i] | 0x20) : NULL;

		if (!at)
			return 400;
		*ret = *ret * 16 + (uint64_t)(at - hex);
	}
	return *ret > HTTP_MAX_BODY ? 413 : HTTP_GOOD;
}

static int
read_chunks(struct wire *wire, struct request *req)
{
	uint64_t sum = 0;

	for (;;) {
		struct str line;
		uint64_t size;
		int wrong;

		if ((wrong = read_line(wire, &line)) || (wrong = chunk_size(line, &size)))
			return wrong;
		if (size == 0)
			break;
		if ((sum += size) > HTTP_MAX_BODY)
			return 413;
		if ((wrong = read_bytes(wire, size, req)) || (wrong = read_line(wire, &line)))
			return wrong;
		if (line.len)
			return 400;
	}
	for (;;) { /* trailers are read and dropped */
		struct str line;
		int wrong = read_line(wire, &line);

		if (wrong || line.len == 0)
			return wrong;
	}
}

static int
unpack_body(struct request *req)
{
	struct str coding = request_header(req, STR("content-encoding"));
	struct buf plain;
	bool good;

	if (!coding.at || str_eq_nocase(coding, STR("identity")))
		return HTTP_GOOD;
	if (!str_eq_nocase(coding, STR("gzip")) && !str_eq_nocase(coding, STR("deflate")))
		return 415;
	buf_init(&plain, HTTP_MAX_BODY);
	good = gzip_unpack(request_body(req), &plain);
	buf_fini(&req->body);
	blob_unref(req->big);
	req->big = NULL;
	req->body = plain;
	return good ? HTTP_GOOD : 400;
}

int
http_read_body(struct wire *wire, struct request *req)
{
	int wrong;

	if (req->body_read)
		return HTTP_GOOD;
	req->body_read = true;
	if (req->wants_continue && (req->chunked || req->content_length) &&
		!wire_write(wire, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		return HTTP_GONE;
	wrong = req->chunked ? read_chunks(wire, req) : read_bytes(wire, req->content_length, req);
	return wrong ? wrong : unpack_body(req);
}
