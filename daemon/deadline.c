#include "daemon/deadline.h"

void
deadlines_init(struct deadlines *deadlines)
{
	for (int i = 0; i < DEADLINE_PHASES; i++) {
		list_init(&deadlines->phases[i]);
		deadlines->wait_ms[i] = 0;
	}
}

void
deadline_init(struct deadline *deadline)
{
	list_init(&deadline->node);
	deadline->phase = DEADLINE_NONE;
	deadline->at_ms = -1;
}

void
deadline_enter(struct deadlines *deadlines, struct deadline *deadline, enum deadline_phase phase, int64_t now_ms)
{
	list_remove(&deadline->node);
	deadline->phase = phase;
	deadline->at_ms = now_ms + deadlines->wait_ms[phase];
	if (deadlines->wait_ms[phase])
		list_append(&deadlines->phases[phase], &deadline->node);
}

void
deadline_leave(struct deadline *deadline)
{
	list_remove(&deadline->node);
	deadline->phase = DEADLINE_NONE;
}

static struct deadline *
first(const struct deadlines *deadlines, int phase)
{
	const struct list *head = &deadlines->phases[phase];

	return list_empty(head) ? NULL : LIST_ITEM(head->next, struct deadline, node);
}

int64_t
deadlines_next_ms(const struct deadlines *deadlines)
{
	int64_t next_ms = -1;

	for (int i = 0; i < DEADLINE_PHASES; i++) {
		struct deadline *deadline = first(deadlines, i);

		if (deadline && (next_ms < 0 || deadline->at_ms < next_ms))
			next_ms = deadline->at_ms;
	}
	return next_ms;
}

struct deadline *
deadlines_expire(struct deadlines *deadlines, int64_t now_ms)
{
	for (int i = 0; i < DEADLINE_PHASES; i++) {
		struct deadline *deadline = first(deadlines, i);

		if (!deadline || deadline->at_ms > now_ms)
			continue;
		list_remove(&deadline->node);
		return deadline;
	}
	return NULL;
}
