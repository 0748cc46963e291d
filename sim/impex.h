/*
 * What exports and imports have in common as jobs of v4.
 */
#pragma once

#include "sim/job.h"

#include <stdbool.h>

struct exchange;

/* "export" or "import". */
const char *impex_word(enum job_kind kind);
/* A job whose source_system and correlation_id are those of <body>. */
struct job *impex_start(struct exchange *ex, enum job_kind kind, struct str body);
void impex_reply_started(struct exchange *ex, const struct job *job);
/* {"object":..., "id":..., and so on up to "process_time" and no closing brace. */
void impex_put_head(struct exchange *ex, const struct job *job, struct buf *out);
/* The job the path names; NULL once refused. */
struct job *impex_find(struct exchange *ex, enum job_kind kind);
/* An entry of errors. */
void impex_put_error(struct job *job, const char *code, const char *message, const char *about);
/* Whether it ended as it should have. */
bool impex_succeeded(const struct job *job);
