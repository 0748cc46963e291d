#include "daemon/lifecycle.h"

#include <sysexits.h>

#include "daemon/log.h"
#include "daemon/notify.h"

#define CLOSE_MS 5000 /* after all else: for the last answers to leave */

static const struct lifecycle_facts FACTS[] = {
	[LIFE_STARTING] = { "starting", "starting", false, true, true, true, NULL, "starting" },
	[LIFE_READY] = { "ready", "ready", true, true, true, true, NULL, "serving" },
	[LIFE_DRAINING] = { "draining", "draining", false, false, false, true, "drain_asked",
		"new work is refused, open work is finished" },
	[LIFE_DRAINED] = { "drained", "draining", false, false, false, true, "drained",
		"no work is open, new work is refused; waiting to be shut down" },
	[LIFE_LEAVING] = { "leaving", "draining", false, true, false, false, "leaving",
		"not ready any more; requests are served a little longer" },
	[LIFE_STOPPING] = { "stopping", "draining", false, true, false, false, "drain_begin",
		"no new connections; open work is finished" },
	[LIFE_CLOSING] = { "closing", "draining", false, false, false, false, "drain_forced",
		"open work is answered 503 draining" },
	[LIFE_STOPPED] = { "stopped", "draining", false, false, false, false, NULL, "stopped" },
};

static const struct transition {
	enum lifecycle_state from;
	enum lifecycle_event event;
	enum lifecycle_state to;
} TRANSITIONS[] = {
	{ LIFE_STARTING, LIFE_UP, LIFE_READY },
	{ LIFE_STARTING, LIFE_SIGNAL, LIFE_STOPPING }, /* nobody has been told that we are ready */
	{ LIFE_STARTING, LIFE_QUIT, LIFE_STOPPING },
	{ LIFE_READY, LIFE_DRAIN, LIFE_DRAINING },
	{ LIFE_READY, LIFE_SIGNAL, LIFE_LEAVING },
	{ LIFE_READY, LIFE_QUIT, LIFE_LEAVING },
	{ LIFE_DRAINING, LIFE_IDLE, LIFE_DRAINED },
	{ LIFE_DRAINING, LIFE_SIGNAL, LIFE_STOPPING }, /* all who ask know already */
	{ LIFE_DRAINING, LIFE_QUIT, LIFE_STOPPING },
	{ LIFE_DRAINED, LIFE_SIGNAL, LIFE_STOPPING },
	{ LIFE_DRAINED, LIFE_QUIT, LIFE_STOPPING },
	{ LIFE_LEAVING, LIFE_DUE, LIFE_STOPPING },
	{ LIFE_LEAVING, LIFE_SIGNAL, LIFE_CLOSING },
	{ LIFE_STOPPING, LIFE_IDLE, LIFE_STOPPED },
	{ LIFE_STOPPING, LIFE_DUE, LIFE_CLOSING },
	{ LIFE_STOPPING, LIFE_SIGNAL, LIFE_CLOSING },
	{ LIFE_CLOSING, LIFE_IDLE, LIFE_STOPPED },
	{ LIFE_CLOSING, LIFE_DUE, LIFE_STOPPED },
	{ LIFE_CLOSING, LIFE_SIGNAL, LIFE_STOPPED },
};

const struct lifecycle_facts *
lifecycle_facts(enum lifecycle_state state)
{
	return &FACTS[state];
}

enum lifecycle_state
lifecycle_state(const struct lifecycle *life)
{
	return (enum lifecycle_state)atomic_load_explicit(&life->state, memory_order_relaxed);
}

void
lifecycle_count_cut(struct lifecycle *life)
{
	atomic_fetch_add_explicit(&life->cut, 1, memory_order_relaxed);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* How long a state may last; -1: for ever. */
static int64_t
time_of(const struct lifecycle *life, enum lifecycle_state state)
{
	switch (state) {
	case LIFE_LEAVING:
		return life->delay_ms;
	case LIFE_STOPPING:
		return life->drain_ms;
	case LIFE_CLOSING:
		return CLOSE_MS;
	default:
		return -1;
	}
}

/* From the beginning of <state> to the end of the process, at most. */
static int64_t
time_from(const struct lifecycle *life, enum lifecycle_state state)
{
	int64_t sum_ms = 0;

	for (; state < LIFE_STOPPED; state++)
		sum_ms += time_of(life, state);
	return sum_ms;
}

static void
on_due(void *arg)
{
	lifecycle_tell(arg, LIFE_DUE, "time");
}

/* ---- states ---------------------------------------------------------------------------------- */

static void
log_state(enum lifecycle_state state, const char *cause, int64_t time_ms)
{
	struct log_line line;

	if (!FACTS[state].event)
		return;
	log_begin(&line, state == LIFE_CLOSING ? LOG_WARN_LEVEL : LOG_INFO_LEVEL, FACTS[state].event);
	log_text(&line, "message", FACTS[state].sentence);
	log_text(&line, "cause", cause);
	if (time_ms >= 0)
		log_int(&line, "within_ms", time_ms);
	log_end(&line);
}

static void
notify(const struct lifecycle *life, enum lifecycle_state state)
{
	if (state == LIFE_READY)
		notify_ready();
	else if (state >= LIFE_LEAVING)
		notify_stopping(time_from(life, state));
	notify_status("%s", FACTS[state].sentence);
}

static void
enter(struct lifecycle *life, enum lifecycle_state state, const char *cause)
{
	int64_t now_ms = loop_now_ms(life->loop), time_ms = time_of(life, state);

	if (state >= LIFE_LEAVING && life->left_ms < 0)
		life->left_ms = now_ms;
	atomic_store_explicit(&life->state, state, memory_order_relaxed);
	loop_timer_set(life->loop, &life->due, time_ms >= 0 ? now_ms + time_ms : -1);
	log_state(state, cause, time_ms);
	notify(life, state);
	life->on_state(life->arg, state);
}

static const struct transition *
find(enum lifecycle_state from, enum lifecycle_event event)
{
	for (size_t i = 0; i < sizeof TRANSITIONS / sizeof *TRANSITIONS; i++)
		if (TRANSITIONS[i].from == from && TRANSITIONS[i].event == event)
			return &TRANSITIONS[i];
	return NULL;
}

void
lifecycle_tell(struct lifecycle *life, enum lifecycle_event event, const char *cause)
{
	const struct transition *transition = find(lifecycle_state(life), event);

	if (!transition)
		return;
	if (transition->to == LIFE_LEAVING && life->delay_ms == 0)
		enter(life, LIFE_STOPPING, cause);
	else
		enter(life, transition->to, cause);
}

/* ---- reloads --------------------------------------------------------------------------------- */

bool
lifecycle_reload(struct lifecycle *life)
{
	if (!FACTS[lifecycle_state(life)].may_reload)
		return false;
	notify_reloading();
	return true;
}

/* It may have ended after the end began, of which there is no way back. */
void
lifecycle_reloaded(struct lifecycle *life)
{
	if (FACTS[lifecycle_state(life)].may_reload)
		notify_ready();
}

/* ---- beginning and end ----------------------------------------------------------------------- */

void
lifecycle_init(struct lifecycle *life, struct loop *loop, lifecycle_state_fn *on_state, void *arg)
{
	*life = (struct lifecycle){ .loop = loop, .left_ms = -1, .on_state = on_state, .arg = arg };
	loop_timer_init(&life->due, on_due, life);
}

void
lifecycle_allow(struct lifecycle *life, unsigned delay_ms, unsigned drain_ms)
{
	life->delay_ms = delay_ms;
	life->drain_ms = drain_ms;
}

int
lifecycle_end(struct lifecycle *life)
{
	unsigned cut = atomic_load_explicit(&life->cut, memory_order_relaxed);
	struct log_line line;

	log_begin(&line, cut ? LOG_WARN_LEVEL : LOG_INFO_LEVEL, "drain_end");
	log_text(&line, "message", cut ? "stopped; open work was cut off" : "stopped; all is finished");
	log_int(&line, "requests_cut", cut);
	log_int(&line, "after_ms", loop_now_ms(life->loop) - life->left_ms);
	log_end(&line);
	return cut ? EX_TEMPFAIL : EX_OK;
}
