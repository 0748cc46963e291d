/*
 * What Spark and the Hybrid Runner say about a service in the same words. Under the store's lock.
 */
#pragma once

#include "base/str.h"

struct buf;
struct callee;
struct cell;
struct exchange;

void reply_metadata(struct exchange *ex, const struct callee *callee, struct str meta);
/* As validation_type of the metadata wishes; refuses what is none. */
void reply_validation(struct exchange *ex, const struct callee *callee, struct str meta);
/* A JSON array of {"Input Name":...}; <kind>: "Input" or "Output". */
void put_cell_table(struct buf *out, const struct cell *cell, const char *kind);
