/*
 * The query of a request: control parameters (leading underscore) and, for GET, inputs. Pure.
 *
 * A value that is a complete JSON literal is that literal, any other text is a string: the rule for GET,
 * forms and CSV cells alike (control_put_value).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "daemon/csv.h"
#include "lib/cspark.h"

enum { CONTROL_TIMEOUT_MAX_MS = 3600000 };

enum control_format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_TEXT };

/* How lists go to Spark. */
enum control_engine {
	CONTROL_AUTO, /* long ones by a batch */
	CONTROL_SYNC, /* by calls */
	CONTROL_BATCH,
};

struct control {
	struct cspark_meta meta; /* borrowed from the arena */
	struct str tenant;       /* absent: the first */
	uint64_t timeout_ms;     /* 0: as configured */
	enum control_format format;
	enum cspark_shape shape;
	bool shape_given;
	struct csv_dialect dialect; /* of CSV, in and out */
	bool dialect_given;
	enum control_engine engine;
	bool is_public;
	bool strict;
	bool is_hybrid;        /* the tenant is a Hybrid Runner; not from the query */
	bool validates;        /* _type is a control parameter */
	struct str validation; /* "static" or "dynamic"; absent: not said */
	struct str
		inputs; /* a JSON object of all parameters that are no control parameters; absent if none */
};

/* <query>: raw. <accept>: the Accept header (at == NULL: absent); `_format` wins; an Accept that allows
 * none of ours is 406.
 * <inputs_allowed>: GET, where what is no control parameter is an input; else it is refused, since it
 * would be lost. A control parameter
 * twice is refused. All text is put into <arena>. */
/* <validates>: for a validation, which has a parameter more. */
bool control_read(struct str query, struct str accept, bool inputs_allowed, bool validates,
	struct arena *arena, struct control *ret, struct cspark_error *ret_error);

/* Refuses to be told of a dialect where nothing is CSV: it would be ignored. <csv_body>: the inputs are. */
bool control_check_dialect(const struct control *control, bool csv_body, struct cspark_error *ret_error);

/* Appends a JSON literal for <text>: itself if it is one, else a quoted string. False: not UTF-8. */
bool control_put_value(struct str text, struct buf *out);
/* Appends a JSON object for an application/x-www-form-urlencoded text. A name twice is passed twice. */
bool control_form_object(struct str form, struct buf *out, struct cspark_error *ret_error);

const char *control_format_type(enum control_format format); /* "application/x-ndjson" ...; in accept.c */
