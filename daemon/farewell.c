#include "daemon/farewell.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/call.h"
#include "daemon/edition.h"
#include "daemon/log.h"

struct farewell {
	struct list node; /* of the desk's */
	struct desk *desk;
	struct line *line; /* counted: the edition may be gone before */
	struct cspark_request *request;
	struct cspark_job *job; /* NULL: it is over */
	struct loop_timer timer;
	char id[REQUEST_ID_MAX + sizeof("-end")]; /* the call's attempts have been counted and told */
};

static void
farewell_free(struct farewell *farewell)
{
	list_remove(&farewell->node);
	loop_timer_set(farewell->desk->loop, &farewell->timer, -1);
	cspark_request_free(farewell->request);
	line_unref(farewell->line);
	free(farewell);
}

/* In a turn of its own: the line must not go within a callback of its own. */
static void
on_over(void *arg)
{
	struct farewell *farewell = arg;
	struct desk *desk = farewell->desk;

	farewell_free(farewell);
	desk_tell_if_idle(desk);
}

/* Nothing depends on it. */
static void
on_result(void *arg, struct cspark_result *result)
{
	struct farewell *farewell = arg;
	struct log_line line;

	if (log_on(LOG_DEBUG_LEVEL)) {
		log_begin(&line, LOG_DEBUG_LEVEL, "farewell");
		log_text(&line, "request_id", farewell->id);
		log_int(&line, "status", result->status);
		log_end(&line);
	}
	farewell->job = NULL;
	loop_timer_set(farewell->desk->loop, &farewell->timer, loop_now_ms(farewell->desk->loop));
}

void
farewell_send(const struct call *call, struct cspark_request *request)
{
	struct farewell *farewell = calloc(1, sizeof(*farewell));
	struct cspark_call terms = { .deadline_ms = loop_now_ms(call->desk->loop) + FAREWELL_MS };

	if (!farewell) {
		cspark_request_free(request);
		return;
	}
	farewell->desk = call->desk;
	farewell->request = request;
	farewell->line = line_ref(edition_line(call->edition, call->tenant));
	snprintf(farewell->id, sizeof(farewell->id), "%s-end", call->id);
	terms.request_id = farewell->id;
	loop_timer_init(&farewell->timer, on_over, farewell);
	list_append(&call->desk->farewells, &farewell->node);
	farewell->job = line_send(farewell->line, request, &terms, on_result, farewell);
	if (!farewell->job)
		farewell_free(farewell);
}

void
farewells_fini(struct desk *desk)
{
	struct list *node;

	while ((node = list_pop(&desk->farewells))) {
		struct farewell *farewell = LIST_ITEM(node, struct farewell, node);
		enum cspark_outcome outcome;
		unsigned attempts;

		if (farewell->job)
			upstream_cancel(desk->upstream, farewell->job, &outcome, &attempts);
		farewell_free(farewell);
	}
}
