/*
 * One request and its answer, with the connection they travel on and the world they happen in.
 * Belongs to the connection's thread; the world is shared.
 */
#pragma once

#include "sim/batch.h"
#include "sim/digest.h"
#include "sim/documents.h"
#include "sim/flaw.h"
#include "sim/gate.h"
#include "sim/history.h"
#include "sim/http.h"
#include "sim/job.h"
#include "sim/ledger.h"
#include "sim/limits.h"
#include "sim/mood.h"
#include "sim/route.h"
#include "sim/stats.h"
#include "sim/store.h"
#include "sim/token.h"
#include "sim/wire.h"

struct options;

#define TOKEN_BYTES 1024

/* What a Hybrid Runner knows about the package it was given last; "" if it was given none. */
struct runner {
	char pulled[STAMP_BYTES];
	char hash[DIGEST_BYTES];
};

struct world {
	const struct options *options;
	struct stats stats;
	struct ledger ledger;
	struct store store;
	struct history history;
	struct jobs jobs;
	struct documents documents;
	struct batches batches;
	struct runner runner;
	struct tokens tokens;
	struct moods moods;       /* of the API */
	struct moods token_moods; /* of the token endpoint */
	struct limits limits;
	struct gate gate;   /* of the calculations */
	struct flaws flaws; /* of records */
	unsigned releases;        /* held calls go on when this changes; atomic */
};

struct exchange {
	struct world *world;
	struct wire *wire;
	uint64_t connection; /* its number */
	unsigned served;     /* requests answered on it before */
	struct request request;
	struct match match;
	struct answer answer;
	bool recorded; /* in the ledger, as entry <seq> */
	uint64_t seq;
	char label[160]; /* "folder/service", "" if none was found */
	unsigned records;
	struct mood mood;      /* what the service's name asks for */
	bool good;             /* understood and done: moods apply */
	struct record *record; /* of the history, not yet in it; NULL: none */
	bool answered;         /* the answer's status went out */
	const char *played;    /* the mood's name, NULL if there was none */
	unsigned releases;     /* of the world when the call came in flight */
	char token[TOKEN_BYTES];
};

/* To be called just before the first byte of an answer goes out: who has got an answer finds it in the
 * ledger. */
void exchange_answering(struct exchange *ex);
/* The exchange is over; what came of it is final. */
void exchange_over(struct exchange *ex);
