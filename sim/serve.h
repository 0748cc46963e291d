/*
 * The story of one request: read, find who answers, let the mood have its way, write it down.
 */
#pragma once

#include "sim/mood.h"

struct exchange;

/* Reads and answers one request; what is to become of the connection. */
enum fate serve_one(struct exchange *ex);
