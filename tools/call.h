/*
 * What a command that is an operation was asked to do; call_daemon.c and call_direct.c do it.
 */
#pragma once

#include "lib/cspark_operations.h"
#include "tools/output.h"
#include "tools/upload.h"

enum { CALL_ARGUMENTS_MAX = 64 };

struct call {
	enum cspark_operation operation;
	const struct cspark_operation_info *info;
	/* The parts of the local path and the parameters, as given; borrowed from the command line and from
	 * <locator>. */
	struct cspark_argument arguments[CALL_ARGUMENTS_MAX];
	size_t argument_count;
	struct cspark_locator locator;
	const char *body; /* a file, "-" for stdin; NULL: none */
	const char *url;
	const char *tenant; /* NULL: not said; so are the others */
	const char *shape;
	const char *type;   /* of the body */
	const char *ca_file;
	const char *output; /* see struct output */
	long timeout_ms;    /* 0: not said */
	bool is_public;
	bool is_async;
	bool is_json;
	bool is_forced;
	bool is_direct;
	/* For commands that make several calls. */
	const char *label;   /* what the display says; NULL: the command */
	struct buf *capture; /* takes the answer instead of stdout; NULL: none does */
	int input_fd;        /* a file that is sent from its beginning, and */
	int output_fd;       /* one that takes the answer; 0: none; stay open */
	/* Of a call that is no row: its path is Spark's own. */
	const char *method;
	const char *target;  /* NULL: it is a row */
};

static inline const char *
call_method(const struct call *call)
{
	return call->target ? call->method : call->info->local_method;
}

/* arguments.c */

/* The words that are no options, ended by NULL. False with a sentence on stderr. */
bool call_take_words(struct call *call, char *const *words);
/* Whether all is there that has to be; takes stdin as the body that is missing. */
bool call_check(struct call *call);
/* at == NULL: not given. */
struct cspark_bytes call_argument(const struct call *call, const char *name);
/* "/services/f/s/versions?_page=2" */
void call_put_target(const struct call *call, struct buf *out);

/* All three print the answer, or why there is none, and give an exit code. */
int call_run(const struct call *call);
int call_through_daemon(const struct call *call);
int call_directly(const struct call *call);

/* Whether an answer is a file, not something to be shown: a file may be JSON, too. */
bool call_expects_file(const struct call *call, const char *content_type, const char *disposition);
/* Opens what is sent: the body. */
bool call_open_upload(const struct call *call, struct upload *ret);
/* A whole answer, in <output>, is shown or gets its name. <total>: how many there are in all; -1: unknown. */
int call_finish(const struct call *call, struct output *output, int64_t total);
/* What the call's answer goes to. */
void call_init_output(const struct call *call, struct output *output);
/* How a file is called for that nobody says it: the last of the path's parts. */
void call_put_file_name(const struct call *call, struct buf *out);
