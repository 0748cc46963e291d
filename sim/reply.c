#include "sim/reply.h"

#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/stamp.h"

#include <stdio.h>

void
reply_v1(struct exchange *ex, const char *data, ...)
{
	struct buf *out = &ex->answer.body;
	va_list args;

	answer_set(&ex->answer, 200, JSON_TYPE, STR("{\"status\":\"Success\",\"data\":"));
	va_start(args, data);
	compose_list(out, data, args);
	va_end(args);
	compose(out, ",'message':null,'errorCode':null}");
}

void
reply_v1_list(struct exchange *ex, struct str list, unsigned count)
{
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(&ex->answer.body,
		"{'status':'Success','data':%j,'count':%u,'next':null,'previous':null,'message':null,"
		"'errorCode':null}",
		list, count);
}

static void
put_v3(struct exchange *ex, const char *status, const char *data, va_list args)
{
	struct buf *out = &ex->answer.body;
	char now[STAMP_BYTES];

	stamp_now(now);
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(out, "{'status':%q,'error':null,'response_data':", status);
	compose_list(out, data, args);
	compose(out, ",'response_meta':{'system':'SPARK','request_timestamp':'%s'}}", now);
}

void
reply_v3(struct exchange *ex, const char *data, ...)
{
	va_list args;

	va_start(args, data);
	put_v3(ex, "Success", data, args);
	va_end(args);
}

void
reply_v3_mute(struct exchange *ex, const char *data, ...)
{
	va_list args;

	va_start(args, data);
	put_v3(ex, NULL, data, args);
	va_end(args);
}

void
reply_v4(struct exchange *ex, const char *body, ...)
{
	va_list args;

	answer_reset(&ex->answer, 200, JSON_TYPE);
	va_start(args, body);
	compose_list(&ex->answer.body, body, args);
	va_end(args);
}

void
copy_text(char *ret, unsigned long max, struct str text)
{
	snprintf(ret, max, "%.*s", STR_ARG(text));
}
