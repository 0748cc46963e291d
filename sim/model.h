/*
 * The models behind the services. Pure.
 *
 * A model reads one record (the raw text of a JSON object) and appends exactly one JSON value to each
 * of the three buffers: an object of outputs (or null), null or an array of warnings, null or an array of
 * errors.
 */
#pragma once

#include "base/str.h"

struct buf;

struct findings {
	struct buf *outputs;
	struct buf *warnings;
	struct buf *errors;
};

typedef void model_fn(struct str inputs, const struct findings *ret);

model_fn model_cylinder; /* radius, height -> volume, as the vendor's engine does */
model_fn model_echo;	 /* the inputs' own bytes */
model_fn model_sum;	 /* all numbers among the inputs -> sum */
model_fn model_picky;	 /* like echo, but an input "fail" that is true makes the record fail */
