/*
 * Errors for people, on stderr: what happened, whether Spark may have run the request, the way out.
 */
#pragma once

#include "base/str.h"
#include "lib/cspark.h"

/* A problem document of the daemon (RFC 9457), or whatever else came with <status>. */
void problem_show(int status, struct str body);
/* A call of the library that failed. */
void problem_show_result(const struct cspark_result *result);
/* The daemon was not reached; <why> from http_exchange(). */
void problem_show_unreachable(const char *url, const char *why);
/* What helps against an error of that code; NULL: nobody knows. */
const char *problem_advice(struct str code);
