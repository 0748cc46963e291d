#include "sim/gate.h"

#include "sim/limits.h"
#include "sim/stamp.h"
#include "sim/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

void
gate_init(struct gate *gate, const struct limits *limits)
{
	*gate = (struct gate){ .limits = limits, .full = true };
	pthread_mutex_init(&gate->lock, NULL);
	gate->turn = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	if (gate->turn < 0)
		abort();
}

/* -- turns ---------------------------------------------------------------- */

static bool
has_room(const struct gate *gate)
{
	unsigned parallel = (unsigned)limit_get(gate->limits, LIMIT_parallel);

	return parallel == 0 || gate->busy < parallel;
}

/* Under the lock. <queued>: the call is one of those that wait. */
static bool
try_enter(struct gate *gate, bool queued)
{
	if (!has_room(gate))
		return false;
	gate->busy++;
	gate->waiting -= queued;
	return true;
}

static bool
may_queue(const struct gate *gate)
{
	double queue = limit_get(gate->limits, LIMIT_queue);

	return queue < 0 || gate->waiting < queue;
}

static enum gate_verdict
step_in(struct gate *gate)
{
	enum gate_verdict verdict = GATE_FULL;

	pthread_mutex_lock(&gate->lock);
	if (try_enter(gate, false))
		verdict = GATE_IN;
	else if (may_queue(gate)) {
		gate->waiting++;
		verdict = GATE_LATE;
	}
	pthread_mutex_unlock(&gate->lock);
	return verdict;
}

/* All who wait wake up, one takes the turn; whoever finds the room taken waits on. */
static bool
take_turn(struct gate *gate)
{
	uint64_t one;
	bool in;

	if (read(gate->turn, &one, sizeof(one)) != sizeof(one))
		return false;
	pthread_mutex_lock(&gate->lock);
	in = try_enter(gate, true);
	pthread_mutex_unlock(&gate->lock);
	return in;
}

/* A turn that was meant for the one who gives up is there for the others all the same. */
static enum gate_verdict
give_up(struct gate *gate, enum gate_verdict verdict)
{
	pthread_mutex_lock(&gate->lock);
	gate->waiting--;
	pthread_mutex_unlock(&gate->lock);
	return verdict;
}

enum gate_verdict
gate_enter(struct gate *gate, struct wire *wire, long until_us)
{
	enum gate_verdict verdict = step_in(gate);

	if (verdict != GATE_LATE)
		return verdict;
	while (!take_turn(gate)) {
		long rest_us = until_us - stamp_us();

		if (rest_us <= 0)
			return give_up(gate, GATE_LATE);
		if (wire_wait_fd(wire, gate->turn, rest_us))
			return give_up(gate, GATE_LEFT);
	}
	return GATE_IN;
}

static void
call_turns(struct gate *gate, uint64_t turns)
{
	if (turns && write(gate->turn, &turns, sizeof(turns)) != sizeof(turns))
		abort();
}

void
gate_leave(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->busy--;
	call_turns(gate, gate->waiting > 0);
	pthread_mutex_unlock(&gate->lock);
}

void
gate_changed(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	call_turns(gate, gate->waiting);
	pthread_mutex_unlock(&gate->lock);
}

/* -- rate ----------------------------------------------------------------- */

void
gate_fill(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->full = true;
	pthread_mutex_unlock(&gate->lock);
}

static void
refill(struct gate *gate, double rate, double burst)
{
	long now_us = stamp_us();

	gate->tokens += (double)(now_us - gate->filled_us) / 1e6 * rate;
	if (gate->full || gate->tokens > burst)
		gate->tokens = burst;
	gate->filled_us = now_us;
	gate->full = false;
}

double
gate_pass(struct gate *gate)
{
	double rate = limit_get(gate->limits, LIMIT_rate), burst = limit_get(gate->limits, LIMIT_burst);
	double wait_s = 0;

	if (rate <= 0)
		return 0;
	pthread_mutex_lock(&gate->lock);
	refill(gate, rate, burst);
	if (gate->tokens >= 1)
		gate->tokens -= 1;
	else
		wait_s = (1 - gate->tokens) / rate;
	pthread_mutex_unlock(&gate->lock);
	return wait_s;
}
