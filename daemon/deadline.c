#include "daemon/deadline.h"

static struct deadline *
first(const struct deadlines *deadlines, int phase)
{
	const struct list *head = &deadlines->phases[phase];

	return list_empty(head) ? NULL : LIST_ITEM(head->next, struct deadline, node);
}

static struct deadline *
earliest(const struct deadlines *deadlines)
{
	struct deadline *found = NULL;

	for (int i = 0; i < DEADLINE_PHASES; i++) {
		struct deadline *deadline = first(deadlines, i);

		if (deadline && (!found || deadline->at_ms < found->at_ms))
			found = deadline;
	}
	return found;
}

/* The timer may wake too early: most deadlines are met, and to move it for each would cost more. */
static void
on_timer(void *arg)
{
	struct deadlines *deadlines = arg;
	struct deadline *deadline;

	while ((deadline = earliest(deadlines)) && deadline->at_ms <= loop_now_ms(deadlines->loop)) {
		list_remove(&deadline->node);
		deadlines->on_missed(deadlines->arg, deadline);
	}
	loop_timer_set(deadlines->loop, &deadlines->timer, deadline ? deadline->at_ms : -1);
}

void
deadlines_init(struct deadlines *deadlines, struct loop *loop, deadline_fn *on_missed, void *arg)
{
	*deadlines = (struct deadlines){ .loop = loop, .on_missed = on_missed, .arg = arg };
	loop_timer_init(&deadlines->timer, on_timer, deadlines);
	for (int i = 0; i < DEADLINE_PHASES; i++)
		list_init(&deadlines->phases[i]);
}

void
deadlines_fini(struct deadlines *deadlines)
{
	loop_timer_set(deadlines->loop, &deadlines->timer, -1);
}

void
deadline_init(struct deadline *deadline)
{
	list_init(&deadline->node);
	deadline->phase = DEADLINE_NONE;
	deadline->at_ms = -1;
}

void
deadline_enter(struct deadlines *deadlines, struct deadline *deadline, enum deadline_phase phase)
{
	struct loop_timer *timer = &deadlines->timer;

	list_remove(&deadline->node);
	deadline->phase = phase;
	deadline->at_ms = loop_now_ms(deadlines->loop) + deadlines->wait_ms[phase];
	if (deadlines->wait_ms[phase] == 0)
		return;
	list_append(&deadlines->phases[phase], &deadline->node);
	if (timer->at_ms < 0 || deadline->at_ms < timer->at_ms)
		loop_timer_set(deadlines->loop, timer, deadline->at_ms);
}

void
deadline_leave(struct deadline *deadline)
{
	list_remove(&deadline->node);
	deadline->phase = DEADLINE_NONE;
}
