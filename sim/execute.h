/*
 * v3 and v4 execute: who asks, which service, what it calculates. Each answers into ex->answer, with
 * Spark's statuses and error bodies, and sets ex->executes when the call was carried out.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct exchange;

/* <locator>: what follows api/v3[/public] in the path, raw, without the leading slash. */
void execute_v3(struct exchange *ex, struct str locator, bool open);
void execute_v4(struct exchange *ex, bool open);
