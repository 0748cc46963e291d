#include "tools/piece.h"

#include "tools/direct.h"
#include "tools/execute.h"
#include "tools/piece_direct.h"
#include "tools/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX       (128u * 1024 * 1024)
#define ANSWER_MAX     (256u * 1024 * 1024)
#define PROBLEM_MAX    (1024 * 1024)
#define PAUSE_MS       100
#define PAUSE_MAX_MS   2000
#define REST_MAX_S     86400
#define TIMEOUT_MS     3700000L /* a little more than the daemon works on a list */
#define GRACE_MS       2000

static const char *const TYPES[] = {
	[CUT_CSV] = "text/csv",
	[CUT_NDJSON] = "application/x-ndjson",
	[CUT_JSON] = "application/json",
};

bool
haul_init(struct haul *haul)
{
	pthread_condattr_t attributes;
	bool ok;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	ok = pthread_cond_init(&haul->changed, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	return ok && pthread_mutex_init(&haul->lock, NULL) == 0;
}

void
haul_fini(struct haul *haul)
{
	pthread_cond_destroy(&haul->changed);
	pthread_mutex_destroy(&haul->lock);
}

/* Under the lock; false when the time is over. */
static bool
wait_change(struct haul *haul, const struct timespec *until)
{
	return pthread_cond_timedwait(&haul->changed, &haul->lock, until) == 0;
}

static struct timespec
in_ms(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* ---- the body ---------------------------------------------------------------------------- */

void
piece_init(struct piece *piece, struct haul *haul)
{
	*piece = (struct piece){ .haul = haul };
	buf_init(&piece->body, BODY_MAX);
	buf_init(&piece->problem, PROBLEM_MAX);
	results_init(&piece->results);
}

void
piece_fini(struct piece *piece)
{
	buf_fini(&piece->body);
	buf_fini(&piece->problem);
	results_fini(&piece->results);
	cspark_blocking_free(piece->blocking);
}

bool
piece_open(struct piece *piece)
{
	const struct execute_options *direct = piece->haul->direct;

	piece->blocking = direct_open(direct->ca_file, direct->locator.is_public);
	return piece->blocking != NULL;
}

void
piece_clear(struct piece *piece)
{
	buf_clear(&piece->body);
	piece->records = 0;
	piece->is_done = false;
}

static void
put_part(struct piece *piece, struct str part)
{
	bool is_json = piece->haul->in == CUT_JSON;

	if (is_json)
		buf_put_char(&piece->body, piece->body.len == 0 ? '[' : ',');
	buf_put_str(&piece->body, part);
	if (!is_json)
		buf_put_char(&piece->body, '\n');
}

void
piece_put(struct piece *piece, struct str names, struct str record)
{
	if (piece->records == 0) {
		piece->has_names = names.len > 0;
		if (piece->has_names)
			put_part(piece, names);
	}
	put_part(piece, record);
	piece->records++;
}

/* ---- the request ------------------------------------------------------------------------- */

static enum results_verdict
take_rows(struct piece *piece, struct str answer)
{
	const struct haul *haul = piece->haul;
	struct results *results = &piece->results;

	if (!results_take(results, haul->out, haul->separator, answer, piece->first)) {
		snprintf(piece->why, sizeof(piece->why), "the answer is no list of results");
		return RESULTS_STOP;
	}
	if (results->records != piece->records) {
		snprintf(piece->why, sizeof(piece->why), "%" PRIu64 " results came for %" PRIu64 " records",
			results->records, piece->records);
		return RESULTS_STOP;
	}
	if (results->verdict != RESULTS_DONE)
		snprintf(piece->why, sizeof(piece->why), "some records failed: %.*s",
			STR_ARG(buf_text(&results->reason)));
	return results->verdict;
}

/* <rest_s>: after which it wants to be asked again; <= 0: it does not say. */
static enum results_verdict
take_answer(struct piece *piece, int status, struct str body, int64_t rest_s)
{
	piece->status = status;
	piece->is_answered = true;
	if (rest_s > 0)
		piece->rest_ms = (rest_s > REST_MAX_S ? REST_MAX_S : rest_s) * 1000;
	if (status >= 200 && status < 300)
		return take_rows(piece, body);
	piece->is_refused = true;
	buf_put_str(&piece->problem, body);
	snprintf(piece->why, sizeof(piece->why), "the answer is HTTP %d", status);
	return results_judge_problem(buf_text(&piece->problem), piece->records);
}

static enum results_verdict
ask_daemon(struct piece *piece)
{
	const struct haul *haul = piece->haul;
	struct http_request request = {
		.method = "POST",
		.target = haul->target,
		.accept = TYPES[haul->out == CUT_CSV ? CUT_CSV : CUT_NDJSON],
		.content_type = TYPES[haul->in],
		.body = buf_text(&piece->body),
		.timeout_ms = haul->timeout_ms ? haul->timeout_ms + GRACE_MS : TIMEOUT_MS,
		.is_patient = true,
		.is_over = &haul->is_over,
	};
	struct http_response response;
	enum results_verdict verdict = RESULTS_AGAIN;

	if (http_exchange(haul->url, &request, &response, piece->why, sizeof(piece->why)))
		verdict = take_answer(piece, response.status, response.body, response.retry_after_s);
	http_response_fini(&response);
	return verdict;
}

static enum results_verdict
ask_spark(struct piece *piece)
{
	enum results_verdict verdict;
	struct buf answer;
	int64_t rest_s;
	int status;

	buf_init(&answer, ANSWER_MAX);
	status = piece_ask_directly(piece, &answer, &rest_s);
	verdict = take_answer(piece, status, buf_text(&answer), rest_s);
	buf_fini(&answer);
	return verdict;
}

static enum results_verdict
ask(struct piece *piece)
{
	piece->why[0] = '\0';
	piece->rest_ms = 0;
	piece->is_answered = piece->is_refused = false;
	buf_clear(&piece->problem);
	return piece->blocking ? ask_spark(piece) : ask_daemon(piece);
}

/* ---- again and again --------------------------------------------------------------------- */

static void
tell_waiting(struct piece *piece)
{
	struct haul *haul = piece->haul;

	if (!haul->is_quiet && !atomic_exchange(&haul->is_told, true))
		fprintf(stderr, "%scsparkctl: %s; asking again for up to %" PRId64 " s\n",
			isatty(STDERR_FILENO) ? "\r\033[K" : "", piece->why, haul->patience_ms / 1000);
}

static void
pause_ms(struct haul *haul, int64_t ms)
{
	struct timespec until = in_ms(ms);

	pthread_mutex_lock(&haul->lock);
	while (!atomic_load(&haul->is_over) && wait_change(haul, &until))
		;
	pthread_mutex_unlock(&haul->lock);
}

/* As long as the daemon says, if it does; but no longer than there is patience. */
static void
rest(struct piece *piece, int64_t pause, int64_t left_ms)
{
	if (piece->rest_ms > 0)
		pause = piece->rest_ms < left_ms ? piece->rest_ms : left_ms;
	pause_ms(piece->haul, pause);
}

static enum results_verdict
ask_patiently(struct piece *piece)
{
	struct haul *haul = piece->haul;
	int64_t pause = PAUSE_MS, end_ms = 0, now;
	enum results_verdict verdict;

	while ((verdict = ask(piece)) == RESULTS_AGAIN) {
		now = wire_now_ms();
		if (end_ms == 0)
			end_ms = now + haul->patience_ms;
		if (atomic_load(&haul->is_over) || now >= end_ms)
			return verdict;
		tell_waiting(piece);
		rest(piece, pause, end_ms - now);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
	atomic_store(&haul->is_told, false);
	return verdict;
}

static void *
run(void *arg)
{
	struct piece *piece = arg;
	struct haul *haul = piece->haul;

	piece->verdict = ask_patiently(piece);
	pthread_mutex_lock(&haul->lock);
	piece->is_done = true;
	pthread_cond_broadcast(&haul->changed);
	pthread_mutex_unlock(&haul->lock);
	return NULL;
}

bool
piece_start(struct piece *piece)
{
	int error;

	if (piece->haul->in == CUT_JSON)
		buf_put_char(&piece->body, ']');
	error = buf_failed(&piece->body) ? ENOMEM : pthread_create(&piece->thread, NULL, run, piece);
	piece->is_running = error == 0;
	if (error)
		fprintf(stderr, "csparkctl: cannot send a piece of the list: %s\n", strerror(error));
	return error == 0;
}

bool
piece_wait(struct piece *piece, int wait_ms)
{
	struct haul *haul = piece->haul;
	struct timespec until = in_ms(wait_ms);
	bool is_done;

	pthread_mutex_lock(&haul->lock);
	while (!piece->is_done && wait_change(haul, &until))
		;
	is_done = piece->is_done;
	pthread_mutex_unlock(&haul->lock);
	if (is_done)
		pthread_join(piece->thread, NULL);
	piece->is_running = !is_done;
	return is_done;
}
