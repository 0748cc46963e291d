/*
 * Jobs: operations that take several calls of Spark, as tables of steps. A step is one call; what it was
 * answered says whether to go on, to ask again after a while, or that it failed, and gives the arguments of
 * the steps to come. Pure: the flow (operate.c) makes the calls.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "lib/cspark_operations.h"

enum { RECIPE_ARGUMENTS_MAX = 40, RECIPE_STEPS_MAX = 3 };

/* What is known, by name: what the caller said, then what Spark answered. */
struct arguments {
	struct cspark_argument list[RECIPE_ARGUMENTS_MAX];
	size_t count;
};
/* Both borrowed. False: there are too many. */
bool arguments_add(struct arguments *arguments, struct str name, struct str value);
/* at == NULL: not known. A leading underscore makes no difference. */
struct str arguments_find(const struct arguments *arguments, const char *name);

enum recipe_verdict {
	RECIPE_NEXT,  /* the step is done */
	RECIPE_AGAIN, /* the job is under way: ask again */
	RECIPE_FAIL,  /* <ret_error>, <ret_status> say how */
};

struct recipe_step {
	const char *name;                /* for the caller; and of the step's payload in a composed answer */
	enum cspark_operation operation; /* CSPARK_OP_FILE_GET: the file at the argument "url" */
	/* NULL: whatever was answered is well. Texts that are kept go into the arena. */
	enum recipe_verdict (*judge)(struct str payload, struct arguments *arguments, struct arena *arena,
		int *ret_status, struct cspark_error *ret_error);
};

struct recipe {
	enum cspark_operation operation;
	const struct recipe_step steps[RECIPE_STEPS_MAX];
	unsigned step_count;
	bool composed; /* the answer is an object of the steps' payloads, else the last one's */
	/* where the job can be asked about after the first step, as a local path; NULL: nowhere */
	const char *later;
};

/* NULL: the operation is a single call. */
const struct recipe *recipe_find(enum cspark_operation operation, const struct arguments *arguments);
/* "/exports/{id}" with the arguments put in, percent-encoded; NULL: no memory. */
char *recipe_later(const struct recipe *recipe, const struct arguments *arguments, struct arena *arena);
