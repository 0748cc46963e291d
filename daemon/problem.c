/* The error document of RFC 9457. */
#include "daemon/encode.h"

#include "base/json.h"
#include "base/json_text.h"

#define MAX_QUOTED_BYTES 2048 /* of a body that is no JSON */

static void
put_text(struct buf *out, struct str name, const char *text)
{
	buf_put_str(out, name);
	if (text)
		json_quote(str_of(text), out);
	else
		buf_put_str(out, STR("null"));
}

/* Not more than <max> bytes, and no half of a character. */
static struct str
cut(struct str text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char)text.at[max] & 0xc0) == 0x80)
		max--;
	return str_range(text.at, max);
}

static void
put_spark_body(struct buf *out, struct str body)
{
	if (body.len == 0)
		buf_put_str(out, STR("null"));
	else if (json_valid(body.at, body.len, NULL))
		buf_put_str(out, body);
	else
		json_quote(cut(body, MAX_QUOTED_BYTES), out);
}

static void
put_spark(struct buf *out, const struct problem *problem)
{
	buf_put_str(out, STR(",\"spark\":{\"status\":"));
	buf_put_u64(out, (unsigned)problem->spark_status);
	buf_put_str(out, STR(",\"body\":"));
	put_spark_body(out, problem->spark_body);
	buf_put_char(out, '}');
}

void
encode_problem(const struct problem *problem, struct buf *out)
{
	const char *name = cspark_code_name(problem->code);
	int status = problem->status ? problem->status : cspark_code_status(problem->code);

	buf_printf(out, "{\"type\":\"urn:csparkd:error:%s\"", name);
	put_text(out, STR(",\"title\":"), cspark_code_title(problem->code));
	buf_printf(out, ",\"status\":%d", status);
	put_text(out, STR(",\"code\":"), name);
	put_text(out, STR(",\"detail\":"), problem->detail);
	put_text(out, STR(",\"request_id\":"), problem->request_id);
	buf_printf(out, ",\"attempts\":%u", problem->attempts);
	put_text(out, STR(",\"outcome\":"), cspark_outcome_name(problem->outcome));
	buf_put_str(out, problem->retryable ? STR(",\"retryable\":true") : STR(",\"retryable\":false"));
	if (problem->spark_status)
		put_spark(out, problem);
	buf_put_char(out, '}');
}
