/*
 * The inputs of an execution, as a body: from name=value arguments, a text, a file or stdin.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

struct inputs {
	struct buf body;          /* empty: no inputs */
	const char *content_type; /* static */
	size_t pairs;             /* how many name=value arguments went in */
};

#define INPUTS_MAX_BYTES (256u * 1024 * 1024)

void inputs_init(struct inputs *inputs);
void inputs_fini(struct inputs *inputs);

/* The rest answer false with a sentence on stderr. */

/* One "name=value": a value that is a complete JSON literal is that literal, all else is a string. */
bool inputs_add_pair(struct inputs *inputs, const char *argument);
/* Closes the object of the pairs, if there are any. */
bool inputs_end_pairs(struct inputs *inputs);
bool inputs_take_text(struct inputs *inputs, const char *text);
/* <path>: "-" is stdin. The name's ending says what it is: .csv, .ndjson, .jsonl, else JSON. */
bool inputs_take_file(struct inputs *inputs, const char *path);
