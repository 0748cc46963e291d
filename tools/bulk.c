#include "tools/bulk.h"

#include "base/json_text.h"
#include "tools/command.h"
#include "tools/piece.h"
#include "tools/problem.h"
#include "tools/sheet.h"
#include "tools/tally.h"
#include "tools/upload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE_BYTES (1024 * 1024)
#define RECORD_MAX  (64u * 1024 * 1024)
#define TICK_MS     200
#define SLOTS       (BULK_PARALLEL_MAX + 1)

struct bulk {
	const struct bulk_options *options;
	struct haul haul;
	struct upload input;
	struct sheet sheet;
	struct tally tally;
	struct cut cut;
	struct buf names; /* what stands above the records of a table: the row of names */
	uint64_t records; /* seen in the list so far */
	uint64_t skip;    /* so many have their rows */
	uint64_t read;    /* bytes of the list */
	/* A ring: from <oldest> on pieces are under way; the one behind them, <newest>, is being filled. */
	struct piece pieces[SLOTS];
	uint64_t oldest, newest;
	int code; /* of what made it end */
};

static struct piece *
piece_at(struct bulk *bulk, uint64_t number)
{
	return &bulk->pieces[number % (bulk->options->parallel + 1)];
}

/* ---- results ----------------------------------------------------------------------------- */

static bool
stop(struct bulk *bulk, int code)
{
	bulk->code = code;
	return false;
}

/* Why the piece has no results. */
static bool
stop_with_piece(struct bulk *bulk, const struct piece *piece)
{
	tally_wipe(&bulk->tally);
	if (!piece->is_answered) {
		problem_show_unreachable(bulk->options->url, piece->why);
		return stop(bulk, EXIT_UNREACHABLE);
	}
	fprintf(stderr, "csparkctl: records %" PRIu64 " to %" PRIu64 " of the list are not done%s%s\n",
		piece->first + 1, piece->first + piece->records, piece->is_refused ? "" : ": ",
		piece->is_refused ? "" : piece->why);
	if (piece->is_refused)
		problem_show(piece->status, buf_text(&piece->problem));
	return stop(bulk, EXIT_ANSWERED);
}

static bool
write_rows(struct bulk *bulk, struct piece *piece)
{
	const struct haul *haul = &bulk->haul;
	struct results *results = &piece->results;
	struct str names;

	if (piece->is_refused)
		results_refuse(results, haul->out, haul->separator, buf_text(&piece->problem), piece->first,
			piece->records, sheet_columns(&bulk->sheet));
	names = buf_text(piece->is_refused ? &bulk->sheet.names : &results->names);
	tally_wipe(&bulk->tally);
	if (buf_failed(&results->rows) ||
		!sheet_put(&bulk->sheet, names, buf_text(&results->rows), results->records,
			results->failed))
		return stop(bulk, EXIT_ANSWERED);
	bulk->tally.records = bulk->sheet.rows;
	bulk->tally.failed = bulk->sheet.failed;
	bulk->tally.done = piece->input_end;
	return true;
}

/* Waits for the oldest piece. If none of the first records has a result, it is not theirs to blame. */
static bool
collect(struct bulk *bulk)
{
	struct piece *piece = piece_at(bulk, bulk->oldest);

	while (!piece_wait(piece, TICK_MS))
		tally_tick(&bulk->tally);
	bulk->oldest++;
	if (piece->verdict != RESULTS_DONE || (piece->is_refused && bulk->sheet.rows == 0))
		return stop_with_piece(bulk, piece);
	if (!write_rows(bulk, piece))
		return false;
	piece_clear(piece);
	tally_tick(&bulk->tally);
	return true;
}

/* ---- the list ---------------------------------------------------------------------------- */

/* The piece that was filled goes off, as soon as there may be one more. */
static bool
launch(struct bulk *bulk)
{
	struct piece *piece = piece_at(bulk, bulk->newest);

	if (piece->records == 0)
		return true;
	piece->input_end = bulk->read;
	if (bulk->newest - bulk->oldest == bulk->options->parallel && !collect(bulk))
		return false;
	if (!piece_start(piece))
		return stop(bulk, EXIT_ANSWERED);
	bulk->newest++;
	return true;
}

/* Lines become a list here; one that is not an object by itself would make another list of it. */
static bool
check_line(struct bulk *bulk, struct str record)
{
	if (!bulk->options->direct || bulk->options->in != CUT_NDJSON ||
		(json_valid(record.at, record.len, NULL) && json_kind_of(record) == JSON_OBJECT))
		return true;
	snprintf(bulk->cut.why, sizeof(bulk->cut.why), "this is no JSON object");
	return false;
}

static bool
on_record(void *arg, struct str record, bool is_names)
{
	struct bulk *bulk = arg;
	struct piece *piece = piece_at(bulk, bulk->newest);

	if (is_names) {
		if (bulk->names.len > 0) /* the line of the separator */
			buf_put_char(&bulk->names, '\n');
		return buf_put_str(&bulk->names, record);
	}
	if (!check_line(bulk, record))
		return false;
	if (bulk->records++ < bulk->skip) {
		bulk->tally.skipped = bulk->tally.done = bulk->read;
		return true;
	}
	if (piece->records == 0)
		piece->first = bulk->records - 1;
	piece_put(piece, buf_text(&bulk->names), record);
	return (piece->records < bulk->options->piece_records && piece->body.len < PIECE_BYTES) ||
		launch(bulk);
}

static bool
fail_input(struct bulk *bulk, const char *why)
{
	const char *path = bulk->options->input;

	tally_wipe(&bulk->tally);
	fprintf(stderr, "csparkctl: %s: behind record %" PRIu64 ": %s\n", path ? path : "stdin",
		bulk->records, why);
	return stop(bulk, EXIT_ANSWERED);
}

static bool
read_list(struct bulk *bulk)
{
	char data[64 * 1024];
	ssize_t got;

	while ((got = read(bulk->input.fd, data, sizeof(data))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_input(bulk, strerror(errno));
		bulk->read += (uint64_t)got;
		if (!cut_feed(&bulk->cut, data, (size_t)got))
			return bulk->cut.why[0] ? fail_input(bulk, bulk->cut.why) : false;
	}
	if (cut_end(&bulk->cut))
		return true;
	return bulk->cut.why[0] ? fail_input(bulk, bulk->cut.why) : false;
}

static bool
check_skipped(struct bulk *bulk)
{
	if (bulk->records >= bulk->skip)
		return true;
	return fail_input(bulk, "the output has more rows than the list has records");
}

/* What was read before the list turned out to be wrong is done all the same. */
static bool
finish(struct bulk *bulk, bool is_read)
{
	if (!is_read && !bulk->cut.why[0])
		return false;
	if (!launch(bulk))
		return false;
	while (bulk->oldest < bulk->newest) {
		if (!collect(bulk))
			return false;
	}
	if (is_read && !sheet_end(&bulk->sheet))
		return stop(bulk, EXIT_ANSWERED);
	return is_read;
}

/* ---- the whole --------------------------------------------------------------------------- */

static void
abandon(struct bulk *bulk)
{
	pthread_mutex_lock(&bulk->haul.lock);
	atomic_store(&bulk->haul.is_over, true);
	pthread_cond_broadcast(&bulk->haul.changed);
	pthread_mutex_unlock(&bulk->haul.lock);
	for (; bulk->oldest < bulk->newest; bulk->oldest++) {
		while (!piece_wait(piece_at(bulk, bulk->oldest), TICK_MS))
			;
	}
}

static int
conclude(struct bulk *bulk, bool is_done)
{
	const struct sheet *sheet = &bulk->sheet;

	if (is_done) {
		tally_end(&bulk->tally);
		if (sheet->failed == 0)
			return EXIT_OK;
		return sheet->failed < sheet->rows ? EXIT_PARTLY : EXIT_ANSWERED;
	}
	tally_wipe(&bulk->tally);
	if (!bulk->options->is_quiet && sheet->rows > 0 && sheet->fd > STDOUT_FILENO)
		fprintf(stderr, "csparkctl: %" PRIu64 " records are in %s; --resume goes on behind them\n",
			sheet->rows, sheet->path);
	return bulk->code;
}

static int
do_list(struct bulk *bulk)
{
	const struct bulk_options *options = bulk->options;
	bool is_done;

	bulk->skip = bulk->tally.before = bulk->tally.records = bulk->sheet.rows;
	bulk->tally.failed = bulk->sheet.failed;
	buf_init(&bulk->names, RECORD_MAX);
	cut_init(&bulk->cut, options->in, options->separator, RECORD_MAX, on_record, bulk);
	is_done = finish(bulk, read_list(bulk) && check_skipped(bulk));
	abandon(bulk);
	cut_fini(&bulk->cut);
	buf_fini(&bulk->names);
	return conclude(bulk, is_done);
}

static void
set_haul(struct haul *haul, const struct bulk_options *options)
{
	haul->url = options->url;
	haul->target = options->target;
	haul->direct = options->direct;
	haul->in = options->direct ? CUT_JSON : options->in;
	haul->out = options->out;
	haul->separator = options->separator;
	haul->timeout_ms = options->timeout_ms;
	haul->patience_ms = options->patience_ms;
	haul->is_quiet = options->is_quiet;
}

static int
run_ready(struct bulk *bulk)
{
	const struct bulk_options *options = bulk->options;
	int code = EXIT_USAGE;

	bulk->sheet.form = options->out;
	bulk->sheet.separator = options->separator;
	tally_start(&bulk->tally, options->is_quiet, bulk->input.len);
	if (sheet_open(&bulk->sheet, options->output, options->resumes, options->replaces, bulk->input.fd))
		code = do_list(bulk);
	sheet_close(&bulk->sheet);
	return code;
}

static bool
open_pieces(struct bulk *bulk)
{
	if (!bulk->options->direct)
		return true;
	for (uint64_t i = 0; i <= bulk->options->parallel; i++) {
		if (!piece_open(piece_at(bulk, i)))
			return false;
	}
	return true;
}

static int
run_open(struct bulk *bulk)
{
	int code = EXIT_USAGE;

	set_haul(&bulk->haul, bulk->options);
	if (!haul_init(&bulk->haul))
		return EXIT_ANSWERED;
	for (size_t i = 0; i < SLOTS; i++)
		piece_init(&bulk->pieces[i], &bulk->haul);
	if (open_pieces(bulk))
		code = run_ready(bulk);
	for (size_t i = 0; i < SLOTS; i++)
		piece_fini(&bulk->pieces[i]);
	haul_fini(&bulk->haul);
	return code;
}

int
bulk_run(const struct bulk_options *options)
{
	struct bulk *bulk = calloc(1, sizeof(*bulk));
	int code = EXIT_USAGE;

	if (!bulk)
		return EXIT_ANSWERED;
	bulk->options = options;
	if (upload_open(&bulk->input, options->input ? options->input : "-"))
		code = run_open(bulk);
	upload_close(&bulk->input);
	free(bulk);
	return code;
}
