#include "sim/flaw.h"

#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/member.h"
#include "sim/mood.h"

#include <stdio.h>
#include <stdlib.h>

#define FLAWS_MAX 1000

void
flaws_init(struct flaws *flaws)
{
	*flaws = (struct flaws){ .first = NULL };
	pthread_mutex_init(&flaws->lock, NULL);
}

static void
drop(struct flaws *flaws, struct flaw **at)
{
	struct flaw *flaw = *at;

	*at = flaw->next;
	__atomic_sub_fetch(&flaws->count, 1, __ATOMIC_RELAXED);
	free(flaw);
}

void
flaws_clear(struct flaws *flaws)
{
	pthread_mutex_lock(&flaws->lock);
	while (flaws->first)
		drop(flaws, &flaws->first);
	pthread_mutex_unlock(&flaws->lock);
}

bool
flaws_any(const struct flaws *flaws)
{
	return __atomic_load_n(&flaws->count, __ATOMIC_RELAXED) > 0;
}

bool
flaws_add(struct flaws *flaws, const struct flaw *flaw)
{
	struct flaw *copy = malloc(sizeof(*copy)), **at;
	bool room;

	if (!copy)
		return false;
	*copy = *flaw;
	copy->next = NULL;
	pthread_mutex_lock(&flaws->lock);
	room = flaws->count < FLAWS_MAX;
	for (at = &flaws->first; *at; at = &(*at)->next)
		;
	if (room) {
		*at = copy;
		__atomic_add_fetch(&flaws->count, 1, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&flaws->lock);
	if (!room)
		free(copy);
	return room;
}

static bool
has(const struct flaw *flaw, struct str record)
{
	struct str value = json_member(record, str_of(flaw->input));
	char text[sizeof(flaw->value)];

	if (!value.at || flaw->any_value)
		return value.at != NULL;
	return value_text(value, text, sizeof(text)) && strcmp(text, flaw->value) == 0;
}

bool
flaws_find(struct flaws *flaws, const char *service, struct str record, struct flaw *ret)
{
	struct flaw **at;
	bool found;

	pthread_mutex_lock(&flaws->lock);
	for (at = &flaws->first; *at; at = &(*at)->next)
		if (mood_is_for(service, (*at)->service) && has(*at, record))
			break;
	found = *at != NULL;
	if (found) {
		*ret = **at;
		ret->next = NULL;
		if ((*at)->times > 0 && --(*at)->times == 0)
			drop(flaws, at);
	}
	pthread_mutex_unlock(&flaws->lock);
	return found;
}

static bool
read_effect(struct str object, struct flaw *ret)
{
	static const char *const names[] = { "fail", "warn", "slow", "refuse" };
	char name[16];
	int i;

	if (!member_text(object, "effect", name, sizeof(name)))
		return false;
	for (i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) == 0) {
			ret->effect = (enum flaw_effect)i;
			return true;
		}
	}
	return !name[0];
}

static bool
read_words(struct str object, struct flaw *ret)
{
	struct str value = json_member(object, STR("value"));

	ret->any_value = value.at == NULL;
	return member_text(object, "service", ret->service, sizeof(ret->service)) &&
		member_text(object, "input", ret->input, sizeof(ret->input)) && ret->input[0] &&
		value_text(value, ret->value, sizeof(ret->value)) &&
		member_text(object, "code", ret->code, sizeof(ret->code)) &&
		member_text(object, "message", ret->message, sizeof(ret->message));
}

bool
flaw_read(struct str object, struct flaw *ret)
{
	long status = 422, ms = 0;

	*ret = (struct flaw){ .times = -1 };
	if (!read_words(object, ret) || !read_effect(object, ret) || !member_long(object, "ms", &ms) ||
		!member_long(object, "status", &status) || !member_long(object, "times", &ret->times))
		return false;
	ret->ms = (double)ms;
	ret->status = (int)status;
	if (!ret->service[0])
		snprintf(ret->service, sizeof(ret->service), "*");
	if (!ret->code[0])
		snprintf(ret->code, sizeof(ret->code),
			ret->effect == FLAW_REFUSE ? "INVALID_INPUT" : "excel_error");
	if (!ret->message[0])
		snprintf(ret->message, sizeof(ret->message), "%s is not accepted", ret->input);
	return ret->times != 0 && status >= 400 && status <= 599 && ms >= 0;
}

void
flaw_put_list(const struct flaw *flaw, struct buf *out)
{
	if (flaw->effect == FLAW_WARN)
		compose(out, "[{'source_path':%q,'message':%q}]", flaw->input, flaw->message);
	else
		compose(out,
			"[{'error_category':'runtime','error_type':%q,'additional_details':null,"
			"'source_path':%q,'message':%q}]",
			flaw->code, flaw->input, flaw->message);
}
