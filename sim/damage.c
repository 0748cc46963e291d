/* The players that damage the right answer on its way, or send it in an unusual shape. */
#include "sim/exchange.h"
#include "sim/gzip.h"
#include "sim/play.h"

#include <stdio.h>

#define PIECE 65536

/* The head with these framing lines, and the blank line; then <body>. */
static bool
send_framed(struct exchange *ex, const char *framing, struct str body)
{
	struct buf out;
	bool good;

	buf_init(&out, HTTP_MAX_ANSWER);
	answer_put_head(&ex->answer, &out);
	buf_put_str(&out, str_of(framing));
	buf_put_str(&out, STR("\r\n"));
	buf_put_str(&out, body);
	exchange_answering(ex);
	good = wire_write(ex->wire, out.data, out.len);
	ex->answered = good;
	buf_fini(&out);
	return good;
}

static bool
send_lengthed(struct exchange *ex, struct str body)
{
	char framing[64];

	snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", answer_body(&ex->answer).len);
	return send_framed(ex, framing, body);
}

/* The first n bytes of the body; half of it if n is 0. */
static struct str
part_of(const struct exchange *ex, long n)
{
	struct str body = answer_body(&ex->answer);

	if (n == 0)
		n = (long)body.len / 2;
	if ((size_t)n < body.len)
		body.len = (size_t)n;
	return body;
}

static bool
put_chunk(struct exchange *ex, struct str piece)
{
	char size[24];

	snprintf(size, sizeof(size), "%zx\r\n", piece.len);
	return wire_write(ex->wire, size, strlen(size)) && wire_write(ex->wire, piece.at, piece.len) &&
		wire_write(ex->wire, "\r\n", 2);
}

enum fate
play_torn(struct exchange *ex, const struct mood *mood)
{
	send_lengthed(ex, part_of(ex, mood->n));
	return FATE_CLOSE;
}

enum fate
play_torn_reset(struct exchange *ex, const struct mood *mood)
{
	send_lengthed(ex, part_of(ex, mood->n));
	return FATE_RESET;
}

enum fate
play_torn_chunked(struct exchange *ex, const struct mood *mood)
{
	if (send_framed(ex, "Transfer-Encoding: chunked\r\n", str_of("")))
		put_chunk(ex, part_of(ex, mood->n));
	return FATE_CLOSE;
}

enum fate
play_bad_chunk(struct exchange *ex, const struct mood *mood)
{
	if (send_framed(ex, "Transfer-Encoding: chunked\r\n", str_of("")) &&
		put_chunk(ex, part_of(ex, mood->n)))
		wire_write(ex->wire, "zz\r\n{}\r\n0\r\n\r\n", 14);
	return FATE_CLOSE;
}

enum fate
play_cut(struct exchange *ex, const struct mood *mood)
{
	ex->answer.close = true;
	send_framed(ex, "", part_of(ex, mood->n));
	return FATE_CLOSE;
}

enum fate
play_until_close(struct exchange *ex, const struct mood *mood)
{
	ex->answer.close = true;
	send_framed(ex, "", answer_body(&ex->answer));
	return FATE_CLOSE;
}

enum fate
play_stall(struct exchange *ex, const struct mood *mood)
{
	if (send_lengthed(ex, part_of(ex, mood->n)))
		wire_wait(ex->wire, -1);
	return FATE_CLOSE;
}

static bool
drip(struct exchange *ex, struct str text, long pause_ms)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!wire_write(ex->wire, text.at + i, 1) || wire_wait(ex->wire, pause_ms * 1000))
			return false;
	return true;
}

enum fate
play_drip_head(struct exchange *ex, const struct mood *mood)
{
	struct buf out;
	bool good;

	buf_init(&out, HTTP_MAX_ANSWER);
	answer_put_head(&ex->answer, &out);
	buf_printf(&out, "Content-Length: %zu\r\n\r\n", answer_body(&ex->answer).len);
	buf_put_str(&out, answer_body(&ex->answer));
	exchange_answering(ex);
	good = drip(ex, buf_text(&out), mood->n);
	ex->answered = good;
	buf_fini(&out);
	return good ? FATE_KEEP : FATE_CLOSE;
}

enum fate
play_drip_body(struct exchange *ex, const struct mood *mood)
{
	if (!send_lengthed(ex, str_of("")))
		return FATE_CLOSE;
	return drip(ex, answer_body(&ex->answer), mood->n) ? FATE_KEEP : FATE_CLOSE;
}

enum fate
play_chunked(struct exchange *ex, const struct mood *mood)
{
	struct str rest = answer_body(&ex->answer);
	size_t piece = mood->n > 0 ? (size_t)mood->n : 1;
	bool good = send_framed(ex, "Transfer-Encoding: chunked\r\n", str_of(""));

	while (good && rest.len) {
		size_t len = rest.len < piece ? rest.len : piece;

		good = put_chunk(ex, str_range(rest.at, len));
		rest = str_range(rest.at + len, rest.len - len);
	}
	good = good && wire_write(ex->wire, "0\r\n\r\n", 5);
	return good ? FATE_KEEP : FATE_CLOSE;
}

/* <text> stands for the length; '@' is a NUL. n = 1: a good length follows. */
enum fate
play_framing(struct exchange *ex, const struct mood *mood)
{
	struct str text = str_of(mood_text(mood)), body = answer_body(&ex->answer);
	struct buf out;
	size_t i;

	buf_init(&out, HTTP_MAX_ANSWER);
	answer_put_head(&ex->answer, &out);
	for (i = 0; i < text.len; i++)
		buf_put_char(&out, text.at[i] == '@' ? '\0' : text.at[i]);
	if (mood->n)
		buf_printf(&out, "Content-Length: %zu\r\n", body.len);
	buf_put_str(&out, STR("\r\n"));
	buf_put_str(&out, body);
	exchange_answering(ex);
	ex->answered = wire_write(ex->wire, out.data, out.len);
	buf_fini(&out);
	return FATE_CLOSE;
}

enum fate
play_gzip(struct exchange *ex, const struct mood *mood)
{
	answer_pack(&ex->answer, &ex->request, true);
	return play_answer(ex);
}

enum fate
play_torn_gzip(struct exchange *ex, const struct mood *mood)
{
	answer_pack(&ex->answer, &ex->request, true);
	ex->answer.body.len /= 2;
	return play_answer(ex);
}

enum fate
play_gzip_bomb(struct exchange *ex, const struct mood *mood)
{
	answer_reset(&ex->answer, 200, "application/json");
	gzip_bomb((size_t)mood->n, &ex->answer.body);
	ex->answer.packed = true;
	buf_put_str(&ex->answer.headers, STR("Content-Encoding: gzip\r\n"));
	return play_answer(ex);
}

static bool
send_pieces(struct exchange *ex, unsigned long long bytes)
{
	static const char piece[PIECE] = { [0 ... PIECE - 1] = '1' };

	while (bytes > 0) {
		size_t len = bytes < sizeof(piece) ? (size_t)bytes : sizeof(piece);

		if (!wire_write(ex->wire, piece, len))
			return false;
		bytes -= len;
	}
	return true;
}

enum fate
play_endless(struct exchange *ex, const struct mood *mood)
{
	static const char piece[PIECE] = { [0 ... PIECE - 1] = '1' };
	char framing[64];

	ex->answer.type = "application/json";
	if (mood->n > 0) {
		snprintf(framing, sizeof(framing), "Content-Length: %ld\r\n", mood->n);
		if (send_framed(ex, framing, str_of("")) && send_pieces(ex, (unsigned long long)mood->n))
			return FATE_KEEP;
		return FATE_CLOSE;
	}
	if (send_framed(ex, "Transfer-Encoding: chunked\r\n", str_of("")))
		while (put_chunk(ex, str_range(piece, sizeof(piece))))
			continue;
	return FATE_CLOSE;
}
