/*
 * Spark's Batch API in a test: answers the questions that fake_upstream.h remembers, with a pipeline of one
 * batch, "b-1", that computes at once. Calls are answered, too. Every record has one input, n, which is its
 * output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tests/flow/fake_front.h"

enum { FAKE_CHUNKS_MAX = 64 };

extern struct fake_batch {
	struct fake_chunk {
		char *text;    /* as pushed */
		bool is_there; /* its result can be pulled */
	} chunks[FAKE_CHUNKS_MAX];
	unsigned chunk_count;
	unsigned records_in, records_out;
	const char *state;
	unsigned long input_left; /* bytes, says its status */
	bool reversed;            /* results come in the other order */
} fake_batch;

/* Also what Spark was asked. */
void fake_batch_reset(void);
/* What was computed cannot be pulled. */
void fake_batch_hide(void);
/* It takes what the job pushes, and has it computed; the job is not answered. */
void fake_batch_take_push(size_t job);

/* Whether a job, which may be over, asked this; <path> is the end of it. */
bool fake_batch_asks(size_t job, const char *method, const char *path);
size_t fake_batch_count(const char *method, const char *path);

/* A question waits for its answer; the oldest one, which there has to be; its answer. */
bool fake_batch_is_asked(void);
size_t fake_batch_question(void);
void fake_batch_answer(size_t job);
/* Answers all until the caller has its answer, for <seconds> at most; what is asked behind that. */
void fake_batch_serve(struct front_request *request, int seconds);
void fake_batch_serve_rest(void);
/* Answers all up to the first question of this kind, which is returned. */
size_t fake_batch_until(const char *method, const char *path);
