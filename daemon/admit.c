#include "daemon/admit.h"

void
admit_init(struct admit *admit, unsigned limit, unsigned queue_limit)
{
	*admit = (struct admit){ .limit = limit, .queue_limit = queue_limit };
	list_init(&admit->queue);
}

void
admit_ticket_init(struct admit_ticket *ticket)
{
	list_init(&ticket->node);
	ticket->until_ms = -1;
	ticket->in = false;
}

static void
let_in(struct admit *admit, struct admit_ticket *ticket)
{
	admit->in_flight++;
	ticket->in = true;
}

static void
unqueue(struct admit *admit, struct admit_ticket *ticket)
{
	list_remove(&ticket->node);
	admit->queued--;
}

bool
admit_has_room(const struct admit *admit)
{
	return admit->in_flight < admit->limit && list_empty(&admit->queue);
}

enum admit_verdict
admit_enter(struct admit *admit, struct admit_ticket *ticket, int64_t until_ms)
{
	if (admit_has_room(admit)) {
		let_in(admit, ticket);
		return ADMIT_IN;
	}
	if (admit->queued >= admit->queue_limit)
		return ADMIT_FULL;
	ticket->until_ms = until_ms;
	list_append(&admit->queue, &ticket->node);
	admit->queued++;
	return ADMIT_WAIT;
}

void
admit_leave(struct admit *admit, struct admit_ticket *ticket)
{
	if (ticket->in) {
		ticket->in = false;
		admit->in_flight--;
	} else if (!list_empty(&ticket->node)) {
		unqueue(admit, ticket);
	}
}

struct admit_ticket *
admit_next(struct admit *admit)
{
	struct admit_ticket *ticket;

	if (list_empty(&admit->queue) || admit->in_flight >= admit->limit)
		return NULL;
	ticket = LIST_ITEM(admit->queue.next, struct admit_ticket, node);
	unqueue(admit, ticket);
	let_in(admit, ticket);
	return ticket;
}

/*
 * Tickets carry their own time (a caller may have asked for less), so the queue is not sorted by it. It is
 * short (queue_limit), and this is asked once a timer: a walk is cheaper than a second structure.
 */
static struct admit_ticket *
first_to_expire(const struct admit *admit)
{
	struct admit_ticket *first = NULL;

	for (struct list *node = admit->queue.next; node != &admit->queue; node = node->next) {
		struct admit_ticket *ticket = LIST_ITEM(node, struct admit_ticket, node);

		if (!first || ticket->until_ms < first->until_ms)
			first = ticket;
	}
	return first;
}

struct admit_ticket *
admit_expired(struct admit *admit, int64_t now_ms)
{
	struct admit_ticket *ticket = first_to_expire(admit);

	if (!ticket || ticket->until_ms > now_ms)
		return NULL;
	unqueue(admit, ticket);
	return ticket;
}

int64_t
admit_next_ms(const struct admit *admit)
{
	const struct admit_ticket *ticket = first_to_expire(admit);

	return ticket ? ticket->until_ms : -1;
}
