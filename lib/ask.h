/*
 * An ask on its way to a request: the parts that operation_request.c puts together. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark_operations.h"

enum {
	ASK_TEXT_MAX = 256 * 1024, /* of what a request consists of besides the caller's body */
	ASK_PARTS_MAX = 12,
};

struct making {
	const struct cspark_ask *ask;
	const struct cspark_operation_info *info;
	struct cspark_error *error;
	struct buf scratch; /* the value of a parameter, where it is not the caller's own text */
};

/* ask_value.c */

/* What the caller says; at == NULL: nothing. Leading underscores do not count. */
struct str ask_argument(const struct cspark_ask *ask, struct str name);
/* What is to be sent for the parameter; at == NULL: nothing. Valid until the next call. */
struct str ask_value(struct making *making, const struct cspark_parameter *parameter);
/* "{service}.xlsx" with the arguments put in, or what stands for those that are not said. */
void ask_put_template(struct making *making, const char *template, struct buf *out);

/* ask_date.c: a date that is not said; <fallback> is "@now" or "@end". */
void ask_put_date(const struct making *making, const struct cspark_parameter *parameter, struct buf *out);

/* ask_check.c */

/* Every argument has a value that its parameter takes, what is needed is there, the body is what it should
 * be. */
bool ask_check(struct making *making);
/* A name that may stand in a path: none that libraries on the way, or Spark, would read as another path. */
bool ask_check_name(struct str what, struct str name, struct cspark_error *ret_error);
/* Every part of Spark's path has such a name. */
bool ask_check_path(struct making *making);

/* ask_fields.c */

/* The body, if it is no multipart one. */
void ask_put_body(struct making *making, struct buf *out);
/* The parameters of a place as a JSON object; in "request_data" if <wrapped>. */
void ask_put_fields(struct making *making, bool wrapped, struct buf *out);

/* ask_parts.c */

/* Of a multipart body: offsets into the texts, until they have stopped moving. */
struct ask_part {
	size_t name, text, text_len, file_name, type;
	bool is_file;
};
/* Appends the texts; gives the count of parts. */
size_t ask_put_parts(struct making *making, struct ask_part *ret_parts, struct buf *out);
/* Points into <text>, where the texts are now. */
void ask_finish_parts(const struct cspark_ask *ask, const char *text, const struct ask_part *from,
	size_t count, struct cspark_part *ret);
