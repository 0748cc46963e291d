/*
 * A call: the story of one request, from its head to its log line.
 *
 *     route -> decode -> admit ~ plan -> send ~ join -> encode -> reply          ~ may wait here
 *                  `------------ any step may fail: refuse -> reply
 *
 * Each word is a step: a function of some ten lines that answers with the next step, CALL_PARKED (something
 * will come back) or CALL_OVER. An error takes the same road as an answer. One function moves a call from
 * step to step, one makes every reply, one writes every log line.
 *
 * Everything here runs on the shard's thread. A call lives from the front's begin() to its done(), which is
 * the only place that frees it; while it is parked the front cannot end it, so a result always finds its
 * call.
 */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "daemon/admin.h"
#include "daemon/admit.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/decode.h"
#include "daemon/encode.h"
#include "daemon/front.h"
#include "daemon/lifecycle.h"
#include "daemon/loop.h"
#include "daemon/metrics.h"
#include "daemon/plan.h"
#include "daemon/request_id.h"
#include "daemon/route.h"
#include "daemon/spool.h"
#include "daemon/tempo.h"
#include "daemon/trace.h"
#include "daemon/upstream.h"

struct bulk;
struct call;
struct edition;
struct operate;

/* What the calls of a shard share. */
struct desk {
	struct loop *loop;
	const struct admin *admin;
	struct upstream *upstream;
	struct edition *edition; /* for calls that begin now; counted */
	struct metrics *metrics;
	unsigned shard, shards;
	struct request_ids ids;
	struct spools spools; /* bodies and files that are not kept in memory */
	struct admit admit;
	struct loop_timer admit_timer;
	struct list calls; /* all that are open */
	struct list bulks; /* lists under way; the first one has been served longest ago */
	struct list farewells; /* requests that belong to no call any more */
	struct tempos tempos;
	unsigned open;
	struct list spares; /* done, with their memory, for the next ones */
	unsigned spare_count;
	unsigned untold; /* successes without a line since the last one that has one */
	enum lifecycle_state life; /* as this shard was told */
	unsigned working;          /* open calls that have been let in: they want something of Spark */
	bool pumping;
	void (*on_idle)(void *arg); /* nothing is open any more, or nothing that works */
	void *arg;
};

/* The fields up to <metrics>, <on_idle> and <arg> are filled by the owner, but for the edition. <config> says
 * what stays as long as the desk; the <shards> share its limits. False: no memory. */
bool desk_init(struct desk *desk, const struct config *config, unsigned shard, unsigned shards);
/* What begins from now on is done by <edition>, which is taken; so are the places with Spark given. The first
 * one comes before the first call. */
void desk_adopt(struct desk *desk, struct edition *edition);
void desk_fini(struct desk *desk); /* no call is open */
/* No call is open, and nothing is left of one. */
bool desk_is_idle(const struct desk *desk);
void desk_tell_if_idle(struct desk *desk);
/* In LIFE_CLOSING calls with Spark are cancelled, and everyone who waits is answered. */
void desk_enter(struct desk *desk, enum lifecycle_state state);

/* For front_new(); arg is the desk. */
extern const struct front_ops call_front_ops;

/* ---- for the files that tell the story together: call, intake, sending, desk, reply, access ---- */

enum call_step {
	STEP_ROUTE,
	STEP_DECODE,
	STEP_ADMIT,
	STEP_PLAN,
	STEP_SEND,
	STEP_JOIN,
	STEP_ENCODE,
	STEP_LOCAL,
	STEP_REFUSE,
	STEP_REPLY,
	CALL_PARKED,
	CALL_OVER,
};

/* All a call knows, in the order in which it learns it. */
struct call {
	struct list node;
	struct desk *desk;
	struct edition *edition; /* as it began; counted */
	const struct config *config; /* the edition's */
	const struct config_listener *listener; /* that it came by; NULL: it is gone from the configuration */
	struct front_request *request;
	enum call_step step;
	bool works; /* it wants something of Spark, and was let in */
	struct arena arena;
	int64_t started_us;
	struct str method;
	char id[REQUEST_ID_MAX + 1];
	struct trace trace;

	struct route route; /* pattern NULL until routed */
	unsigned operation; /* label for log and metrics */
	const struct config_tenant *tenant;
	struct cspark_locator locator;
	struct control control;
	const char *allow;  /* for 405 */
	const char *coding; /* of a drop-in body, static; NULL: none */
	struct operate *operate; /* NULL: it executes */

	struct decode *decode;
	struct bulk *bulk; /* NULL: the body holds no list */
	struct buf raw; /* the body of a drop-in call, unread; or a list that is one call */
	struct ask ask;
	const char *limit; /* the setting that limits the body; NULL: not known yet */
	uint64_t bytes_in;
	int64_t ready_us;

	struct admit_ticket ticket;
	int64_t admitted_us;

	struct plan plan;
	struct cspark_job *job; /* NULL: nothing is with Spark */
	char *spark_answer;     /* Spark's; owned */
	size_t spark_answer_len;
	const struct cspark_sink *sink; /* where the answer goes; NULL: memory */
	bool gone;          /* the caller left, or we close: results are not wanted */
	int64_t sent_us, answered_us;
	int64_t token_ms, wait_ms, spark_ms;
	unsigned attempts;
	enum cspark_outcome outcome;
	int spark_status; /* the last; 0: none */
	char spark_type[128];
	long retry_after_s; /* -1: unknown */

	struct joined joined;
	struct buf out;
	struct encoded encoded;

	struct cspark_error error; /* code CSPARK_OK: none */
	int error_status;          /* 0: the code's own */
	bool retryable;
	struct str spark_body; /* for the problem document; borrowed from a sending */

	int status; /* what the caller got */
	const char *location; /* of a redirect, or of a job; NULL: none */
	const char *content_type;
	struct str body;
};

/* call.c: moves the call from <step> on. It may be over, but is not freed, when this returns. */
void call_run(struct call *call, enum call_step step);
/* Fails with a sentence of our own; the step to go to. */
enum call_step call_fail(struct call *call, enum cspark_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Fails with what a pure part has put into call->error. */
enum call_step call_failed(struct call *call);
enum call_step call_no_memory(struct call *call);
/* It has failed before its body was whole: what is still to come is not looked at. */
void call_drop_body(struct call *call);
/* The setting <name> lets the body have <max> bytes. */
void call_limit_body(struct call *call, const char *name, uint64_t max);
/* Absolute, on the loop's clock. */
int64_t call_deadline_ms(const struct call *call);
/* What Spark has answered; at == NULL: nothing. */
static inline struct str
call_spark_answer(const struct call *call)
{
	return (struct str){ call->spark_answer, call->spark_answer_len };
}
/* Path and query as the caller wrote them, in the arena; at == NULL: no memory. */
struct str call_target(struct call *call);

/* intake.c: what the head says. */
void intake_names(struct call *call);
enum call_step intake_route(struct call *call);
/* What to say to a request that the front refused. */
enum call_step intake_refused(struct call *call, enum cspark_code refusal, const char *detail);

/* caller.c: whether the listener knows who asks; false: the call has failed. The route is known, if there is
 * one. */
bool caller_is_known(struct call *call);
/* By what the kernel says of the other end of a unix socket. */
bool caller_is_allowed(struct call *call);

/* permit.c: what the listener allows; false: the call has failed. By the row's group, by what path and query
 * name, by what the body names. */
bool permit_group(struct call *call);
bool permit_head(struct call *call);
bool permit_body(struct call *call);

/* sending.c: to Spark and back; parks until it is answered. */
enum call_step sending_start(struct call *call);
/* What a result tells of times, attempts and causes. */
void call_take_facts(struct call *call, const struct cspark_result *result);
/* The most that may have happened is what is told. */
void call_raise_outcome(struct call *call, enum cspark_outcome outcome);
/* Takes the call back from Spark; harmless if it is not there. */
void sending_cancel(struct call *call);

/* desk.c: a place, or a bounded wait for one; giving it back (harmless without); then letting others in. */
struct call *desk_call_new(struct desk *desk);
void desk_call_done(struct call *call); /* frees or keeps it for the next */
/* Lets a call in that wants something of Spark; false: not in this state of life. */
bool desk_let_in(struct call *call);
enum call_step desk_admit(struct call *call);
void desk_leave(struct call *call);
void desk_pump(struct desk *desk);
/* For a part of a list: a place that nobody waits for, and it back. */
bool desk_has_room(const struct desk *desk);
void desk_take_place(struct desk *desk, struct admit_ticket *ticket);
void desk_give_back(struct desk *desk, struct admit_ticket *ticket);
/* Ends a call that waits for a place or for Spark. */
void desk_give_up(struct call *call, enum cspark_code code, const char *detail);

/* Where the time went; -1: did not happen. Durations of Spark are without waits for tokens and between
 * attempts. */
struct durations {
	int64_t total_us, queue_us, token_us, spark_us;
};
struct durations call_durations(const struct call *call, int64_t now_us);
/* reply.c: headers and body of what the call came to. */
void call_reply(struct call *call);
/* access.c: the log line and the numbers, at the end. */
void call_account(const struct call *call, enum front_end end, uint64_t bytes_out);
