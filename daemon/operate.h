/*
 * Operations other than executing: what a call needs to know for them, and the steps of its story. A local
 * route is a row of the operations table, or a recipe of several; a drop-in route is Spark's own path.
 *
 * Uploads and files are kept in spools, never as a whole in memory.
 */
#pragma once

#include <stdbool.h>

#include "daemon/call.h"
#include "daemon/payload.h"
#include "daemon/recipe.h"
#include "daemon/spool.h"

/* In the call's arena; lives as long as the call. */
struct operate {
	struct call *call;
	struct arguments arguments;
	bool wants_original; /* Spark's own answer */
	bool is_async;       /* a job is not waited for */
	bool is_long;        /* a job or a file: has the longer deadline */
	int64_t now_s;       /* since 1970 */
	const char *type;    /* of the caller's body; NULL: not said */
	/* of a drop-in call */
	const char *accept;
	const char *lines[CSPARK_MORE_LINES + 1]; /* the caller's own fields for Spark */
	unsigned line_count;

	struct spool upload;
	struct cspark_source source;

	const struct recipe *recipe; /* NULL: a single call */
	unsigned step;
	unsigned polls;
	int64_t poll_since_ms;
	bool is_waiting; /* to ask about the job again */
	struct loop_timer timer;
	char *bodies[RECIPE_STEPS_MAX]; /* answers of the steps that are done; owned */
	struct str payloads[RECIPE_STEPS_MAX];

	struct spool download;
	struct cspark_sink sink;
	struct cspark_error stored; /* why the download could not be kept */
	struct front_source file;   /* the download, as the front shall send it */
	char download_type[128], disposition[256];
	int64_t length, download_since_ms;
	bool has_download;
	bool is_streaming; /* the caller is getting the download while it comes */

	struct str count; /* of a listing */
};

/* operate.c: intake; the body; the steps. */
enum call_step operate_route(struct call *call);
/* Whether the tenant, a Hybrid Runner perhaps, has the operation; false: the call has failed. */
bool operate_suits(struct call *call);
bool operate_body(struct call *call, const char *data, size_t len);
enum call_step operate_decode(struct call *call);
enum call_step operate_plan(struct call *call);
enum call_step operate_join(struct call *call);
/* Stops waiting; the call with Spark is the caller's to cancel. */
void operate_cancel(struct call *call);
void operate_fini(struct call *call);

/* operate_request.c: the operation of this step, what is asked of it, and the request. NULL: the call has
 * failed, or there is no memory. */
enum cspark_operation operate_step(const struct call *call);
struct cspark_ask operate_ask(const struct call *call, enum cspark_operation operation);
struct cspark_request *operate_request(struct call *call);

/* operate_query.c: the parts of the path and the query become arguments; the fields that begin with x- go to
 * Spark as they are, but for credentials. False: the call has failed. */
bool operate_read_path(struct call *call);
bool operate_read_query(struct call *call);
bool operate_read_fields(struct call *call);

/* operate_file.c: the answer that is a file, from Spark to the caller. */
void operate_expect_file(struct call *call);
/* The call failed: if because the file could not be kept, it says why. */
void operate_explain(struct call *call);
/* Spark is done with it: <call>'s status, type and body are filled. The caller may have had its head
 * already. */
enum call_step operate_give_file(struct call *call);
/* The call ends while the caller is getting the file. */
void operate_end_stream(struct call *call, bool whole);
