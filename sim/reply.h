/*
 * Spark's envelopes around what an endpoint has to say. The templates are those of compose.h.
 */
#pragma once

struct exchange;
struct str;

#define JSON_TYPE "application/json; charset=utf-8"

/* 200 in the envelope of v1, of v3, and (v4) without one. */
void reply_v1(struct exchange *ex, const char *data, ...);
void reply_v3(struct exchange *ex, const char *data, ...);
void reply_v4(struct exchange *ex, const char *body, ...);
/* A v1 listing: a JSON array and how many there are in all. */
void reply_v1_list(struct exchange *ex, struct str list, unsigned count);
/* v3 with a status that is null, as some endpoints have it. */
void reply_v3_mute(struct exchange *ex, const char *data, ...);

/* Text from the path or a body in the caller's memory; cut if it is longer. */
void copy_text(char *ret, unsigned long max, struct str text);
