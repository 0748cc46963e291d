/* What "csparkctl execute" or "validate" is to do; two files do it: through the daemon, or directly. */
#pragma once

#include "lib/cspark.h"
#include "tools/inputs.h"

enum execute_verb { VERB_EXECUTE, VERB_VALIDATE };

struct execute_options {
	enum execute_verb verb;
	const char *url;
	struct cspark_locator locator;
	struct cspark_meta meta;
	struct inputs inputs;
	enum cspark_shape shape;
	const char *shape_name; /* NULL: not said; so are the others */
	const char *format;
	const char *separator, *decimal; /* of CSV */
	const char *tenant;
	const char *ca_file;
	const char *validation; /* static or dynamic */
	long timeout_ms;        /* 0: not said */
	bool is_strict;
	bool is_direct;
};

/* Both print the answer, or why there is none, and give an exit code. */
int execute_through_daemon(const struct execute_options *options);
int execute_directly(const struct execute_options *options);

/* Calls <each> with the name of every option. */
void execute_each_option(void (*each)(const char *name));
/* "/execute/f/s?_purpose=a", from the locator and the options. */
void execute_put_target(struct buf *target, const struct execute_options *options);
/* The media type of json, ndjson, csv or text; NULL for another name. */
const char *format_media_type(const char *format);
