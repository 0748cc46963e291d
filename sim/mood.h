/*
 * Moods: the ways an answer can go wrong, by name, and who is to get which. Thread-safe where a
 * struct moods is involved; the rest is pure.
 */
#pragma once

#include "base/str.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct mood;

/* What becomes of the connection once a mood has been played. */
enum fate { FATE_KEEP, FATE_CLOSE, FATE_RESET };

typedef enum fate play_fn(struct exchange *ex, const struct mood *mood);

struct mood_kind {
	const char *name;
	bool early; /* played before the body is read */
	play_fn *play;
	long n;		  /* what the number means is the kind's affair: bytes, milliseconds, a status */
	const char *type; /* Content-Type */
	const char *text; /* a body, a header line, an address */
};

struct mood {
	const struct mood_kind *kind; /* NULL: none */
	long n;
	int status;	    /* 0: the kind's own */
	long delay_ms;	    /* before anything else */
	char text[8192];    /* "": the kind's own */
	char headers[1024]; /* further lines, each ended with CR LF */
};

/* "slow", "slow=200", "status-503"; '_' counts as '-'. False if there is no such mood. */
bool mood_read(struct str name, struct mood *ret);
static inline const char *
mood_text(const struct mood *mood)
{
	return mood->text[0] ? mood->text : mood->kind->text;
}

struct mood_rule;

struct moods {
	pthread_mutex_t lock;
	struct mood_rule *rules; /* in the order they were made; the first that fits is played */
	unsigned chance;	 /* state of the percent lottery: the same sequence every run */
	struct mood_attempts *attempts;
};

void moods_init(struct moods *moods);
void moods_clear(struct moods *moods, struct str service); /* "*": all rules, and all counted attempts */

/* <service>: "*", "folder/service" or "service". <times> below 0: until cleared. False: no memory. */
bool moods_add(
	struct moods *moods, struct str service, const struct mood *mood, long times, unsigned percent);
/* The mood for a call of this service ("folder/service"), used up by one; false if there is none. */
bool moods_pick(struct moods *moods, const char *service, bool early, struct mood *ret);
/* How often this has been asked about this request id, this time included. */
unsigned moods_attempt(struct moods *moods, struct str request_id);
