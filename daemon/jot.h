/*
 * Writes JSON from the top down: each function appends one member or element, and the comma before it where
 * one is needed. <name>: NULL for an element of a list. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

void jot_open(struct buf *out, const char *name, char bracket); /* '{' or '[' */
void jot_close(struct buf *out, char bracket);
void jot_text(struct buf *out, const char *name, struct str text);
void jot_number(struct buf *out, const char *name, long number);
void jot_flag(struct buf *out, const char *name, bool flag);
/* JSON as it is, but with ' for ", so that it can be read in C: "{'type':'string'}". */
void jot_json(struct buf *out, const char *name, const char *json);
