/*
 * Who may call, and how Spark says no. Answers go into ex->answer.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct exchange;

enum family { FAMILY_V3, FAMILY_V4 };

/* <code> is the message of v3 and the code of v4. */
void refuse(struct exchange *ex, enum family family, int status, const char *code, const char *message);

/* Credentials, and that they belong to the tenant; false once refused. <open>: none are needed.
 * <keys>: whether an API key is enough. */
bool refuse_strangers(struct exchange *ex, enum family family, bool open, bool keys);
/* False once refused: the method is not POST, the body is no JSON object or not said to be JSON. An empty
 * body passes. */
bool refuse_bad_body(struct exchange *ex, enum family family);
