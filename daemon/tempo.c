#include "daemon/tempo.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define KEEP          0.8    /* of what is known, when a call is added */
#define SLOW_DOWN     0.7
#define SLOW_EVERY_MS 1000   /* what was under way when Spark said no is one no */
#define ROUNDS        4      /* that must go well before one more call at a time is tried */
#define CROWDED       1.5    /* times what is expected: a call had to wait for others */
#define CROWDED_MS    600000 /* so long nothing more is tried then */
#define PROBE_RECORDS 64     /* of a service that nothing is known of */
#define MIN_RECORDS   50     /* a call costs something by itself */
#define CAUTION       4      /* calls that must go well before longer ones are tried, at first */
#define CAUTION_MAX   1024
/* clang-format on */

void
tempo_init(struct tempo *tempo)
{
	*tempo = (struct tempo){ .concurrency = TEMPO_START,
		.proven = TEMPO_START,
		.slowed_ms = INT64_MIN / 2,
		.crowded_ms = INT64_MIN / 2 };
}

static size_t
at_least(size_t value, size_t min)
{
	return value < min ? min : value;
}

static size_t
at_most(size_t value, size_t max)
{
	return value > max ? max : value;
}

/* ---- how long it takes: a line through (records, ms) ---- */

static void
fit_add(struct tempo_fit *fit, double records, double ms)
{
	fit->calls = fit->calls * KEEP + 1;
	fit->records = fit->records * KEEP + records;
	fit->ms = fit->ms * KEEP + ms;
	fit->records_2 = fit->records_2 * KEEP + records * records;
	fit->records_ms = fit->records_ms * KEEP + records * ms;
}

/* Where calls differ little in length nothing can be said of a call by itself: then all is its records'. */
static void
fit_line(const struct tempo_fit *fit, double *ret_call_ms, double *ret_record_ms)
{
	double spread = fit->records_2 * fit->calls - fit->records * fit->records;
	double slope = spread > 0 ? (fit->records_ms * fit->calls - fit->records * fit->ms) / spread : 0;
	double offset = (fit->ms - slope * fit->records) / fit->calls;

	if (spread < 0.01 * fit->records * fit->records || slope <= 0 || offset < 0) {
		slope = fit->ms / fit->records;
		offset = 0;
	}
	*ret_record_ms = slope;
	*ret_call_ms = offset;
}

double
tempo_expected_ms(const struct tempo *tempo, size_t records)
{
	double call_ms, record_ms;

	if (tempo->fit.calls <= 0)
		return 0;
	fit_line(&tempo->fit, &call_ms, &record_ms);
	return call_ms + record_ms * (double)records;
}

/* ---- how many records ---- */

/* What fits into the time that a call should take. */
static size_t
most_records(const struct tempo *tempo, const struct tempo_limits *limits)
{
	size_t most = limits->max_records;
	double call_ms, record_ms;

	if (tempo->ceiling > 0)
		most = at_most(most, tempo->ceiling);
	if (tempo->fit.calls <= 0)
		return at_most(most, PROBE_RECORDS);
	fit_line(&tempo->fit, &call_ms, &record_ms);
	if (call_ms + (double)most * record_ms <= limits->target_ms)
		return most;
	if (call_ms >= limits->target_ms)
		return at_most(most, MIN_RECORDS);
	return at_least((size_t)((limits->target_ms - call_ms) / record_ms), 1);
}

size_t
tempo_records(const struct tempo *tempo, const struct tempo_limits *limits, size_t waiting, size_t busy,
	unsigned concurrency)
{
	size_t share = (waiting + busy + concurrency - 1) / concurrency;

	return at_least(at_most(at_least(share, MIN_RECORDS), most_records(tempo, limits)), 1);
}

bool
tempo_is_one_call(const struct tempo *tempo, const struct tempo_limits *limits, size_t records)
{
	return tempo->fit.calls <= 0 || records <= most_records(tempo, limits);
}

/* ---- how many calls ---- */

unsigned
tempo_concurrency(const struct tempo *tempo, const struct tempo_limits *limits)
{
	unsigned concurrency = (unsigned)tempo->concurrency;

	if (concurrency > limits->max_concurrency)
		concurrency = limits->max_concurrency;
	return concurrency > 0 ? concurrency : 1;
}

/* After some rounds one more is tried; if calls then have to wait for each other it is taken back. */
static void
try_more(struct tempo *tempo, bool was_crowded, int64_t now_ms)
{
	if (was_crowded) {
		if (tempo->concurrency > tempo->proven)
			tempo->crowded_ms = now_ms;
		tempo->concurrency = tempo->proven;
		tempo->good = 0;
		return;
	}
	tempo->good++;
	if (tempo->good < tempo->concurrency * ROUNDS || now_ms - tempo->crowded_ms < CROWDED_MS)
		return;
	tempo->proven = tempo->concurrency;
	tempo->concurrency++;
	tempo->good = 0;
}

static unsigned
caution_of(const struct tempo *tempo)
{
	return tempo->caution > 0 ? tempo->caution : CAUTION;
}

static void
try_longer(struct tempo *tempo, size_t records)
{
	if (tempo->ceiling == 0 || records < tempo->ceiling || ++tempo->fitting < caution_of(tempo))
		return;
	tempo->ceiling *= 2;
	tempo->fitting = 0;
	tempo->is_raised = true;
}

void
tempo_went_well(struct tempo *tempo, size_t records, int64_t ms, bool was_full, int64_t now_ms)
{
	double expected_ms = tempo_expected_ms(tempo, records);

	if (was_full && expected_ms > 0)
		try_more(tempo, (double)ms > expected_ms * CROWDED, now_ms);
	try_longer(tempo, records);
	fit_add(&tempo->fit, (double)records, (double)(ms > 0 ? ms : 1));
}

void
tempo_was_too_long(struct tempo *tempo, size_t records)
{
	if (tempo->is_raised && records > tempo->ceiling / 2)
		tempo->caution = (unsigned)at_most(caution_of(tempo) * 2, CAUTION_MAX);
	tempo->is_raised = false;
	tempo->fitting = 0;
	tempo->ceiling = at_least(records / 2, 1);
}

void
tempo_was_too_many(struct tempo *tempo, int64_t now_ms)
{
	if (now_ms - tempo->slowed_ms < SLOW_EVERY_MS)
		return;
	tempo->slowed_ms = now_ms;
	tempo->good = 0;
	tempo->concurrency *= SLOW_DOWN;
	if (tempo->concurrency < 1)
		tempo->concurrency = 1;
	tempo->proven = tempo->concurrency;
}

/* ---- those of all services ---- */

void
tempos_fini(struct tempos *tempos)
{
	for (size_t i = 0; i < TEMPOS; i++)
		free(tempos->entries[i].key);
	*tempos = (struct tempos){ .clock = 0 };
}

static struct tempos_entry *
renew(struct tempos_entry *entry, struct str key)
{
	char *copy = strndup(key.at, key.len);

	if (!copy)
		return NULL;
	free(entry->key);
	entry->key = copy;
	tempo_init(&entry->tempo);
	return entry;
}

struct tempo *
tempos_find(struct tempos *tempos, struct str key)
{
	struct tempos_entry *oldest = &tempos->entries[0];
	struct tempos_entry *found = NULL;

	for (size_t i = 0; i < TEMPOS && !found; i++) {
		struct tempos_entry *entry = &tempos->entries[i];

		if (entry->key && str_eq(str_of(entry->key), key))
			found = entry;
		if (entry->used < oldest->used)
			oldest = entry;
	}
	if (!found)
		found = renew(oldest, key);
	if (!found)
		return NULL;
	found->used = ++tempos->clock;
	return &found->tempo;
}
