/*
 * How each mood is played: byte by byte onto the wire, given the answer that would have been right.
 * The rows of mood.def say which mood uses which of these.
 */
#pragma once

#include "sim/mood.h"

/* The right answer, perhaps late. */
play_fn play_normal;
play_fn play_slow; /* after n ms */
play_fn play_hold; /* once released */
/* No answer. */
play_fn play_hang;
play_fn play_close;
play_fn play_reset;
play_fn play_idle_close; /* only on a connection that has served before; n = 1: reset instead */
/* Another answer. */
play_fn play_status;     /* status n, Spark's error body for it */
play_fn play_retry;      /* 429 with the header line <text>, '#' being n */
play_fn play_retry_date; /* 429, Retry-After is the date n seconds from now */
play_fn play_redirect;   /* status n to <text> */
play_fn play_fail_n;     /* 503 for the first n attempts of each x-request-id */
play_fn play_body;       /* 200 with <type> and <text> */
play_fn play_deep;       /* JSON nested n deep */
play_fn play_many_keys;  /* an object of n members */
play_fn play_early;      /* status n, then closes; the body stays unread */
/* The right answer with something about its head. */
play_fn play_type;         /* Content-Type <type> */
play_fn play_headers;      /* with the header lines <text> */
play_fn play_big_headers;  /* with n bytes of headers */
play_fn play_many_headers; /* with n headers */
play_fn play_continues;    /* behind n times 100 Continue */
play_fn play_framing;      /* with <text> instead of Content-Length */
/* The right answer, damaged on its way. */
play_fn play_torn;         /* n bytes of the body (0: half), then closed */
play_fn play_torn_reset;   /* the same, then reset */
play_fn play_torn_chunked; /* chunks without the last */
play_fn play_bad_chunk;
play_fn play_cut;         /* without a length, half, closed */
play_fn play_stall;       /* half, then silence */
play_fn play_drip_head;   /* a byte every n ms, all of it */
play_fn play_drip_body;   /* the same, from the body on */
play_fn play_chunked;     /* sound: in chunks of n bytes */
play_fn play_until_close; /* sound: without a length */
play_fn play_gzip;        /* sound: compressed, asked for or not */
play_fn play_torn_gzip;   /* sound framing around half of the compressed body */
play_fn play_gzip_bomb;   /* n bytes of blanks, compressed */
play_fn play_endless;     /* n bytes of JSON; 0: in chunks, for ever */
/* Of the token endpoint. */
play_fn play_token;         /* status n with <text>, '@' being the token just issued */
play_fn play_token_huge;    /* a token of n bytes */
play_fn play_token_revoked; /* the right answer, but the token is already refused */

/* Whether the mood lets this attempt through, as fail-n does after n. */
bool play_passes(struct exchange *ex, const struct mood *mood);
/* The right answer as it is: what happens without a mood. */
enum fate play_answer(struct exchange *ex);
