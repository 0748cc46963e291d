/*
 * Who may call, and how Spark says no. Answers go into ex->answer.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct exchange;

/* The shapes of Spark's answers. FAMILY_NONE: what is not of its API, refused as v3 refuses. */
enum family { FAMILY_NONE, FAMILY_V1, FAMILY_V3, FAMILY_V4 };

/* <code> is the message of v3, the code of v4 and the errorCode of v1. */
void refuse(struct exchange *ex, enum family family, int status, const char *code, const char *message);
/* The request is more than the limits bear. */
void refuse_oversized(struct exchange *ex, enum family family, int status);
/* 429, with the header that is asked for. */
void refuse_for_now(struct exchange *ex, enum family family, double wait_s);

/* Credentials, and that they belong to the tenant; false once refused. <open>: none are needed.
 * <keys>: whether an API key is enough. */
bool refuse_strangers(struct exchange *ex, enum family family, bool open, bool keys);
/* v1 says no with status 200. */
void refuse_v1(struct exchange *ex, const char *code, const char *message);
/* False once refused: the body is no JSON object (or, the second, no JSON), or not said to be JSON. An empty
 * one and null pass. */
bool refuse_bad_body(struct exchange *ex, enum family family);
bool refuse_bad_json(struct exchange *ex, enum family family);
