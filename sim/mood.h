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

/* When a mood is played: before the body is read, instead of doing what is asked, or once it is done. */
enum moment { MOMENT_EARLY = 1, MOMENT_INSTEAD = 2, MOMENT_LATE = 4 };

typedef enum fate play_fn(struct exchange *ex, const struct mood *mood);

struct mood_kind {
	const char *name;
	enum moment moment;
	play_fn *play;
	long n;           /* what the number means is the kind's affair: bytes, milliseconds, a status */
	const char *type; /* Content-Type */
	const char *text; /* a body, a header line, an address */
};

struct mood {
	const struct mood_kind *kind; /* NULL: none */
	long n;
	int status;         /* 0: the kind's own */
	long delay_ms;      /* before anything else */
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
	unsigned chance;         /* state of the percent lottery: the same sequence every run */
	struct mood_attempts *attempts;
};

/* Whether a service ("folder/service") is the wished one: "*", "folder/service" or "service". */
bool mood_is_for(const char *service, const char *wished);

void moods_init(struct moods *moods);
void moods_clear(struct moods *moods, struct str service); /* "*": all rules, and all counted attempts */

/* Which calls get a mood. */
struct mood_wish {
	char service[160];  /* "*", "folder/service" or "service" */
	char operation[80]; /* a pattern of the operation's name as fnmatch(3) has them; "": any of the API */
	char path[200];     /* a pattern of the path; "": any */
	long after;         /* this many go by first */
	long times;         /* so many get it; below 0: until cleared */
	unsigned percent;   /* and of those only so many */
};

/* False: no memory. */
bool moods_add(struct moods *moods, const struct mood_wish *wish, const struct mood *mood);

/* A call, as moods see it. */
struct mood_call {
	const char *service; /* "folder/service"; "" if it is none of a service */
	const char *operation;
	struct str path;
	bool api; /* a call of the API, not one of what lies around it */
};

/* The mood for this call at one of these moments (a mask), used up by one; false if there is none. */
bool moods_pick(struct moods *moods, const struct mood_call *call, unsigned moments, struct mood *ret);
/* How often this has been asked about this request id, this time included. */
unsigned moods_attempt(struct moods *moods, struct str request_id);
