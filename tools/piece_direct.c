#include "tools/piece_direct.h"

#include "base/json_text.h"
#include "lib/cspark.h"
#include "tools/direct.h"
#include "tools/execute.h"

#include <stdio.h>
#include <stdlib.h>

#define CALL_MAX (192u * 1024 * 1024)
#define ANY      0

struct asking {
	struct piece *piece;
	struct str names; /* of the rows, if they are such */
	struct str *records;
	struct buf lines;
	struct buf problem; /* the first failure, or that which ended it all */
	int status;
	int64_t rest_s;
	uint64_t succeeded;
	bool is_over; /* what failed is not the records' fault */
};

/* A failure that a single record may be the cause of. */
static const struct {
	enum cspark_code code;
	int spark_status;
} CUTS[] = {
	{ CSPARK_E_SPARK_REJECTED, 400 },
	{ CSPARK_E_SPARK_REJECTED, 413 },
	{ CSPARK_E_SPARK_REJECTED, 422 },
	{ CSPARK_E_BODY_TOO_LARGE, ANY },
	{ CSPARK_E_SPARK_ERROR, ANY },
	{ CSPARK_E_UPSTREAM_TIMEOUT, ANY },
};

static bool
is_worth_cutting(const struct cspark_result *result)
{
	for (size_t i = 0; i < sizeof(CUTS) / sizeof(CUTS[0]); i++) {
		if (CUTS[i].code == result->code &&
			(CUTS[i].spark_status == ANY || CUTS[i].spark_status == result->status))
			return true;
	}
	return false;
}

static void
fail(struct cspark_result *result, enum cspark_code code, enum cspark_outcome outcome, const char *detail)
{
	result->code = code;
	result->outcome = outcome;
	result->retryable = cspark_code_retryable(code);
	snprintf(result->detail, sizeof(result->detail), "%s", detail);
}

/* ---- failures ---------------------------------------------------------------------------- */

/* With what Spark says of it. */
static void
put_detail(struct buf *out, const struct cspark_result *result)
{
	char words[200] = "", text[256];

	if (result->body && result->status >= 400)
		cspark_answer_complaint(
			(struct cspark_bytes){ result->body, result->body_len }, words, sizeof(words));
	snprintf(text, sizeof(text), "Spark answered with status %d: %s", result->status, words);
	json_quote(str_of(words[0] ? text : result->detail), out);
}

static void
put_error(struct buf *out, const struct cspark_result *result)
{
	buf_printf(out, "\"code\":\"%s\",\"detail\":", cspark_code_name(result->code));
	put_detail(out, result);
	buf_printf(out, ",\"outcome\":\"%s\"", cspark_outcome_name(result->outcome));
}

static void
put_failed_line(struct asking *asking, const struct cspark_result *result)
{
	struct buf *out = &asking->lines;

	buf_put_str(out, STR("{\"outputs\":null,\"warnings\":null,\"errors\":[{"));
	put_error(out, result);
	if (result->status)
		buf_printf(out, ",\"spark_status\":%d", result->status);
	buf_put_str(out, STR("}],\"process_time\":null}\n"));
}

static void
put_problem(struct asking *asking, const struct cspark_result *result)
{
	struct buf *out = &asking->problem;
	int status = cspark_code_status(result->code);

	asking->status = status ? status : result->status;
	asking->rest_s = result->retry_after_s > 0 ? result->retry_after_s : 0;
	buf_clear(out);
	buf_put_str(out, STR("{\"title\":"));
	json_quote(str_of(cspark_code_title(result->code)), out);
	buf_put_char(out, ',');
	put_error(out, result);
	buf_printf(out, ",\"attempts\":%u,\"retryable\":%s", result->attempts,
		result->retryable ? "true" : "false");
	if (result->status)
		buf_printf(out, ",\"spark\":{\"status\":%d}", result->status);
	buf_put_char(out, '}');
}

static void
take_failure(struct asking *asking, const struct cspark_result *result)
{
	asking->is_over = !is_worth_cutting(result);
	if (asking->is_over || asking->problem.len == 0)
		put_problem(asking, result);
	put_failed_line(asking, result);
}

/* ---- results ----------------------------------------------------------------------------- */

/* Line ends stand between tokens only. */
static void
put_one_line(struct buf *out, struct str json)
{
	for (size_t i = 0; i < json.len; i++) {
		if (json.at[i] != '\n' && json.at[i] != '\r')
			buf_put_char(out, json.at[i]);
	}
}

static void
put_next(struct buf *out, const char *before, struct json_walk *list)
{
	struct str value;

	buf_put_str(out, str_of(before));
	put_one_line(out, json_walk_next(list, NULL, &value) ? value : STR("null"));
}

static struct json_walk
walk(struct cspark_bytes list)
{
	struct json_walk walk;

	json_walk_init(&walk, str_range(list.at, list.len));
	return walk;
}

static bool
take_results(struct asking *asking, const struct cspark_result *result, size_t count)
{
	struct cspark_bytes body = { result->body, result->body_len };
	struct buf *out = &asking->lines;
	struct json_walk outputs, warnings, errors, process_time;
	struct cspark_answer answer;

	if (!cspark_answer_read(CSPARK_V4, body, &answer) ||
		json_count(str_range(answer.outputs.at, answer.outputs.len)) != count)
		return false;
	outputs = walk(answer.outputs);
	warnings = walk(answer.warnings);
	errors = walk(answer.errors);
	process_time = walk(answer.process_time);
	for (size_t i = 0; i < count; i++) {
		put_next(out, "{\"outputs\":", &outputs);
		put_next(out, ",\"warnings\":", &warnings);
		put_next(out, ",\"errors\":", &errors);
		put_next(out, ",\"process_time\":", &process_time);
		buf_put_str(out, STR("}\n"));
	}
	asking->succeeded += count;
	return true;
}

/* ---- calls ------------------------------------------------------------------------------- */

static void
put_list(const struct asking *asking, size_t first, size_t count, struct buf *out)
{
	buf_put_char(out, '[');
	buf_put_str(out, asking->names);
	for (size_t i = first; i < first + count; i++) {
		if (out->len > 1)
			buf_put_char(out, ',');
		buf_put_str(out, asking->records[i]);
	}
	buf_put_char(out, ']');
}

/* False: <ret> says why. */
static bool
call(const struct asking *asking, struct str list, struct cspark_result *ret)
{
	const struct haul *haul = asking->piece->haul;
	struct cspark_blocking *blocking = asking->piece->blocking;
	struct cspark_execute execute = {
		.api = CSPARK_V4,
		.locator = &haul->direct->locator,
		.meta = &haul->direct->meta,
		.inputs = { list.at, list.len },
	};
	struct cspark_error error;
	struct cspark_request *request =
		cspark_execute_request(cspark_blocking_tenant(blocking), &execute, &error);
	bool ok;

	*ret = (struct cspark_result){ .code = CSPARK_OK };
	if (!request) {
		fail(ret, error.code, CSPARK_NOT_SENT, error.detail);
		return false;
	}
	ok = cspark_blocking_run(
		blocking, request, haul->timeout_ms ? haul->timeout_ms : DIRECT_TIMEOUT_MS, ret);
	cspark_request_free(request);
	return ok;
}

static void
ask_for(struct asking *asking, size_t first, size_t count)
{
	struct cspark_result result;
	struct buf list;
	bool is_cut = false;

	if (asking->is_over || atomic_load(&asking->piece->haul->is_over))
		return;
	buf_init(&list, CALL_MAX);
	put_list(asking, first, count, &list);
	if (call(asking, buf_text(&list), &result) && !take_results(asking, &result, count))
		fail(&result, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED,
			"Spark's answer has not one result for each record.");
	buf_fini(&list);
	if (result.code != CSPARK_OK) {
		is_cut = count > 1 && is_worth_cutting(&result);
		if (!is_cut)
			take_failure(asking, &result);
	}
	cspark_result_fini(&result);
	if (is_cut) {
		ask_for(asking, first, count / 2);
		ask_for(asking, first + count / 2, count - count / 2);
	}
}

/* ---- the piece --------------------------------------------------------------------------- */

/* Where its records are. */
static bool
find_records(struct asking *asking)
{
	const struct piece *piece = asking->piece;
	struct json_walk walk;
	size_t count = 0;

	asking->records = calloc(piece->records, sizeof(*asking->records));
	if (!asking->records)
		return false;
	json_walk_init(&walk, buf_text(&piece->body));
	if (piece->has_names && !json_walk_next(&walk, NULL, &asking->names))
		return false;
	while (count < piece->records && json_walk_next(&walk, NULL, &asking->records[count]))
		count++;
	return count == piece->records;
}

int
piece_ask_directly(struct piece *piece, struct buf *out, int64_t *ret_rest_s)
{
	struct asking asking = { .piece = piece, .status = 200 };
	struct cspark_result none = { .code = CSPARK_OK };

	buf_init(&asking.lines, out->max_bytes);
	buf_init(&asking.problem, out->max_bytes);
	if (find_records(&asking)) {
		ask_for(&asking, 0, piece->records);
	} else {
		fail(&none, CSPARK_E_INTERNAL, CSPARK_NOT_SENT, "There is no memory left.");
		take_failure(&asking, &none);
	}
	if (asking.succeeded > 0 && !asking.is_over)
		asking.status = 200;
	buf_put_str(out, buf_text(asking.status == 200 ? &asking.lines : &asking.problem));
	*ret_rest_s = asking.rest_s;
	free(asking.records);
	buf_fini(&asking.lines);
	buf_fini(&asking.problem);
	return asking.status;
}
