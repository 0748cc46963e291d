#include "sim/blob.h"
#include "sim/gzip.h"
#include "sim/http.h"
#include "sim/wire.h"

#include <stdio.h>
#include <time.h>

/* Below this compression costs more than it saves. */
#define PACK_FROM_BYTES 1024

void
answer_init(struct answer *answer)
{
	*answer = (struct answer){ .status = 200 };
	buf_init(&answer->headers, 1 << 20);
	buf_init(&answer->body, HTTP_MAX_ANSWER);
}

void
answer_fini(struct answer *answer)
{
	buf_fini(&answer->headers);
	buf_fini(&answer->body);
	blob_unref(answer->file);
}

void
answer_reset(struct answer *answer, int status, const char *type)
{
	answer->status = status;
	answer->type = type;
	answer->close = false;
	answer->packed = false;
	buf_clear(&answer->headers);
	buf_clear(&answer->body);
	blob_unref(answer->file);
	answer->file = NULL;
}

void
answer_set_file(struct answer *answer, int status, const char *type, struct blob *file)
{
	answer_reset(answer, status, type);
	answer->file = file;
}

struct str
answer_body(const struct answer *answer)
{
	return answer->file ? blob_text(answer->file) : buf_text(&answer->body);
}

void
answer_set(struct answer *answer, int status, const char *type, struct str body)
{
	answer_reset(answer, status, type);
	buf_put_str(&answer->body, body);
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
		{ 200, "OK" },
		{ 302, "Found" },
		{ 307, "Temporary Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Other";
}

void
http_put_date(struct buf *out, long offset_s)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec" };
	time_t at = time(NULL) + offset_s;
	struct tm tm;

	gmtime_r(&at, &tm);
	buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Whether gzip is among the accepted codings, and not with q=0. */
static bool
accepts_gzip(struct str accept)
{
	while (accept.len) {
		struct str weight, coding = str_cut(accept, ',', &accept);

		coding = str_trim(str_cut(coding, ';', &weight));
		weight = str_trim(weight);
		if (str_eq_nocase(coding, STR("gzip")))
			return !str_eq(weight, STR("q=0")) && !str_eq(weight, STR("q=0.0"));
	}
	return false;
}

void
answer_pack(struct answer *answer, const struct request *request, bool force)
{
	struct buf packed;

	if (!force && (answer->file || answer->body.len < PACK_FROM_BYTES))
		return;
	if (!force && !accepts_gzip(request_header(request, STR("accept-encoding"))))
		return;
	if (answer->packed)
		return;
	buf_init(&packed, HTTP_MAX_ANSWER);
	if (!gzip_pack(answer_body(answer), &packed)) {
		buf_fini(&packed);
		return;
	}
	buf_fini(&answer->body);
	blob_unref(answer->file);
	answer->file = NULL;
	answer->body = packed;
	answer->packed = true;
	buf_put_str(&answer->headers, STR("Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"));
}

void
answer_put_head(const struct answer *answer, struct buf *out)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\nServer: cspark-sim\r\nDate: ", answer->status,
		http_reason(answer->status));
	http_put_date(out, 0);
	buf_put_str(out, STR("\r\n"));
	if (answer->type)
		buf_printf(out, "Content-Type: %s\r\n", answer->type);
	buf_put_str(out, buf_text(&answer->headers));
	if (answer->close)
		buf_put_str(out, STR("Connection: close\r\n"));
}

bool
answer_write(struct answer *answer, struct wire *wire)
{
	struct str body;
	struct buf out;
	bool good;

	if (buf_failed(&answer->body))
		answer_reset(answer, 500, NULL);
	body = answer_body(answer);
	buf_init(&out, HTTP_MAX_ANSWER + (2 << 20));
	answer_put_head(answer, &out);
	buf_printf(&out, "Content-Length: %zu\r\n\r\n", body.len);
	if (!answer->file)
		buf_put_str(&out, body);
	good = !buf_failed(&out) && wire_write(wire, out.data, out.len);
	if (answer->file)
		good = good && wire_write(wire, body.at, body.len);
	buf_fini(&out);
	return good;
}
