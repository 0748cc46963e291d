#include "sim/play.h"

#include "sim/exchange.h"
#include "sim/refuse.h"

enum fate
play_answer(struct exchange *ex)
{
	ex->answer.close = ex->answer.close || !ex->request.keep_alive;
	answer_pack(&ex->answer, &ex->request, false);
	exchange_answering(ex);
	ex->answered = answer_write(&ex->answer, ex->wire);
	return ex->answered && !ex->answer.close ? FATE_KEEP : FATE_CLOSE;
}

enum fate
play_normal(struct exchange *ex, const struct mood *mood)
{
	return play_answer(ex);
}

enum fate
play_slow(struct exchange *ex, const struct mood *mood)
{
	if (wire_wait(ex->wire, mood->n * 1000))
		return FATE_CLOSE;
	return play_answer(ex);
}

/* The peer's leaving and a release cannot be awaited together, so one of them is looked at often. */
enum fate
play_hold(struct exchange *ex, const struct mood *mood)
{
	while (__atomic_load_n(&ex->world->releases, __ATOMIC_ACQUIRE) == ex->releases)
		if (wire_wait(ex->wire, 2000))
			return FATE_CLOSE;
	return play_answer(ex);
}

enum fate
play_hang(struct exchange *ex, const struct mood *mood)
{
	wire_wait(ex->wire, -1);
	return FATE_CLOSE;
}

enum fate
play_close(struct exchange *ex, const struct mood *mood)
{
	return FATE_CLOSE;
}

enum fate
play_reset(struct exchange *ex, const struct mood *mood)
{
	return FATE_RESET;
}

enum fate
play_idle_close(struct exchange *ex, const struct mood *mood)
{
	if (ex->served == 0)
		return play_answer(ex);
	return mood->n ? FATE_RESET : FATE_CLOSE;
}

bool
play_passes(struct exchange *ex, const struct mood *mood)
{
	struct str id = request_header(&ex->request, STR("x-request-id"));

	return mood->kind->play == play_fail_n && moods_attempt(&ex->world->moods, id) > (unsigned)mood->n;
}

static enum family
family_of(struct exchange *ex)
{
	return ex->match.route ? ex->match.route->family : FAMILY_NONE;
}

/* Status and error body as the API has them, the token endpoint being another matter. */
static void
make_refusal(struct exchange *ex, int status)
{
	const char *code = status == 401 ? "INVALID_TOKEN" : "Could not complete this operation";

	if (ex->token[0])
		answer_set(&ex->answer, status, "application/json", STR("{\"error\":\"server_error\"}"));
	else
		refuse(ex, family_of(ex), status, code, "simulated");
}

enum fate
play_status(struct exchange *ex, const struct mood *mood)
{
	make_refusal(ex, (int)mood->n);
	if (mood->text[0]) {
		buf_clear(&ex->answer.body);
		buf_put_str(&ex->answer.body, str_of(mood->text));
	}
	buf_put_str(&ex->answer.headers, str_of(mood->headers));
	return play_answer(ex);
}

enum fate
play_retry(struct exchange *ex, const struct mood *mood)
{
	struct str after, before = str_cut(str_of(mood_text(mood)), '#', &after);

	make_refusal(ex, mood->status ? mood->status : 429);
	buf_put_str(&ex->answer.headers, before);
	if (after.at)
		buf_printf(&ex->answer.headers, "%ld", mood->n);
	buf_put_str(&ex->answer.headers, STR("\r\n"));
	return play_answer(ex);
}

enum fate
play_retry_date(struct exchange *ex, const struct mood *mood)
{
	make_refusal(ex, mood->status ? mood->status : 429);
	buf_put_str(&ex->answer.headers, STR("Retry-After: "));
	http_put_date(&ex->answer.headers, mood->n);
	buf_put_str(&ex->answer.headers, STR("\r\n"));
	return play_answer(ex);
}

enum fate
play_redirect(struct exchange *ex, const struct mood *mood)
{
	answer_reset(&ex->answer, (int)mood->n, "text/html");
	buf_printf(&ex->answer.headers, "Location: %s\r\n", mood_text(mood));
	return play_answer(ex);
}

enum fate
play_fail_n(struct exchange *ex, const struct mood *mood)
{
	make_refusal(ex, mood->status ? mood->status : 503);
	buf_put_str(&ex->answer.headers, str_of(mood->headers));
	return play_answer(ex);
}

enum fate
play_body(struct exchange *ex, const struct mood *mood)
{
	answer_set(&ex->answer, mood->status ? mood->status : 200, mood->kind->type, str_of(mood_text(mood)));
	return play_answer(ex);
}

enum fate
play_deep(struct exchange *ex, const struct mood *mood)
{
	struct buf *body = &ex->answer.body;
	long i;

	answer_set(&ex->answer, 200, "application/json",
		STR("{\"status\":\"Success\",\"response_data\":{\"outputs\":{\"deep\":"));
	for (i = 0; i < mood->n; i++)
		buf_put_char(body, '[');
	for (i = 0; i < mood->n; i++)
		buf_put_char(body, ']');
	buf_put_str(body, STR("}}}"));
	return play_answer(ex);
}

enum fate
play_many_keys(struct exchange *ex, const struct mood *mood)
{
	struct buf *body = &ex->answer.body;
	long i;

	answer_set(&ex->answer, 200, "application/json",
		STR("{\"status\":\"Success\",\"error\":null,\"response_data\":{\"outputs\":{"));
	for (i = 0; i < mood->n; i++)
		buf_printf(body, "%s\"k%ld\":%ld", i ? "," : "", i, i);
	buf_put_str(body, STR("},\"warnings\":null,\"errors\":null},\"response_meta\":{}}"));
	return play_answer(ex);
}

enum fate
play_early(struct exchange *ex, const struct mood *mood)
{
	make_refusal(ex, (int)mood->n);
	ex->answer.close = true;
	return play_answer(ex);
}

enum fate
play_type(struct exchange *ex, const struct mood *mood)
{
	ex->answer.type = mood->kind->type;
	return play_answer(ex);
}

enum fate
play_headers(struct exchange *ex, const struct mood *mood)
{
	buf_put_str(&ex->answer.headers, str_of(mood_text(mood)));
	return play_answer(ex);
}

enum fate
play_big_headers(struct exchange *ex, const struct mood *mood)
{
	long i;

	buf_put_str(&ex->answer.headers, STR("X-Big: "));
	for (i = 0; i < mood->n; i++)
		buf_put_char(&ex->answer.headers, 'x');
	buf_put_str(&ex->answer.headers, STR("\r\n"));
	return play_answer(ex);
}

enum fate
play_many_headers(struct exchange *ex, const struct mood *mood)
{
	long i;

	for (i = 0; i < mood->n; i++)
		buf_printf(&ex->answer.headers, "X-Many-%ld: %ld\r\n", i, i);
	return play_answer(ex);
}

enum fate
play_continues(struct exchange *ex, const struct mood *mood)
{
	long i;

	for (i = 0; i < mood->n; i++)
		if (!wire_write(ex->wire, "HTTP/1.1 100 Continue\r\n\r\n", 25))
			return FATE_CLOSE;
	return play_answer(ex);
}

enum fate
play_token(struct exchange *ex, const struct mood *mood)
{
	struct str rest = str_of(mood_text(mood));

	answer_reset(&ex->answer, mood->status ? mood->status : (int)mood->n, mood->kind->type);
	while (rest.at) {
		buf_put_str(&ex->answer.body, str_cut(rest, '@', &rest));
		if (rest.at)
			buf_put_str(&ex->answer.body, str_of(ex->token));
	}
	return play_answer(ex);
}

enum fate
play_token_huge(struct exchange *ex, const struct mood *mood)
{
	struct buf *body = &ex->answer.body;
	long i;

	answer_set(&ex->answer, 200, "application/json", STR("{\"access_token\":\""));
	for (i = 0; i < mood->n; i++)
		buf_put_char(body, 'a');
	buf_put_str(body, STR("\",\"expires_in\":7200,\"token_type\":\"Bearer\"}"));
	return play_answer(ex);
}

enum fate
play_token_revoked(struct exchange *ex, const struct mood *mood)
{
	tokens_revoke_one(&ex->world->tokens, ex->token);
	return play_answer(ex);
}
