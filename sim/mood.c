#include "sim/mood.h"

#include "sim/play.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define ATTEMPTS_MAX 4096
#define RULES_MAX    256

struct mood_rule {
	struct mood_rule *next;
	struct mood_wish wish;
	struct mood mood;
};

struct mood_attempts {
	struct mood_attempts *next;
	char id[80];
	unsigned count;
};

static const struct mood_kind kinds[] = {
#define MOOD(name, moment, play, n, type, text) { name, MOMENT_##moment, play, n, type, text },
#include "sim/mood.def"
#undef MOOD
};

static const struct mood_kind any_status = { "status", MOMENT_INSTEAD, play_status, 0, NULL, NULL };

static bool
same_name(struct str a, const char *b)
{
	size_t i;

	if (a.len != strlen(b))
		return false;
	for (i = 0; i < a.len; i++)
		if (a.at[i] != b[i] && !(a.at[i] == '_' && b[i] == '-'))
			return false;
	return true;
}

static bool
read_status(struct str name, struct mood *ret)
{
	uint64_t status;

	if (!str_starts(name, STR("status-")) && !str_starts(name, STR("status_")))
		return false;
	if (!str_to_u64(str_range(name.at + 7, name.len - 7), 599, &status) || status < 200)
		return false;
	*ret = (struct mood){ .kind = &any_status, .n = (long)status };
	return true;
}

bool
mood_read(struct str name, struct mood *ret)
{
	struct str number, bare = str_cut(name, '=', &number);
	uint64_t n;
	size_t i;

	if (number.at && !str_to_u64(number, 1000000000000ULL, &n))
		return false;
	if (!number.at && read_status(bare, ret))
		return true;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!same_name(bare, kinds[i].name))
			continue;
		*ret = (struct mood){ .kind = &kinds[i], .n = number.at ? (long)n : kinds[i].n };
		return true;
	}
	return false;
}

void
moods_init(struct moods *moods)
{
	*moods = (struct moods){ .chance = 1 };
	pthread_mutex_init(&moods->lock, NULL);
}

static void
drop_rule(struct mood_rule **at)
{
	struct mood_rule *rule = *at;

	*at = rule->next;
	free(rule);
}

static void
drop_attempts(struct moods *moods)
{
	while (moods->attempts) {
		struct mood_attempts *first = moods->attempts;

		moods->attempts = first->next;
		free(first);
	}
}

void
moods_clear(struct moods *moods, struct str service)
{
	bool all = str_eq(service, STR("*"));
	struct mood_rule **at;

	pthread_mutex_lock(&moods->lock);
	for (at = &moods->rules; *at;) {
		if (all || str_eq(service, str_of((*at)->wish.service)))
			drop_rule(at);
		else
			at = &(*at)->next;
	}
	if (all) {
		drop_attempts(moods);
		moods->chance = 1;
	}
	pthread_mutex_unlock(&moods->lock);
}

bool
moods_add(struct moods *moods, const struct mood_wish *wish, const struct mood *mood)
{
	struct mood_rule *rule = calloc(1, sizeof(*rule)), **at;
	unsigned count = 0;

	if (!rule)
		return false;
	rule->wish = *wish;
	rule->mood = *mood;
	pthread_mutex_lock(&moods->lock);
	for (at = &moods->rules; *at; at = &(*at)->next)
		count++;
	if (count < RULES_MAX)
		*at = rule;
	pthread_mutex_unlock(&moods->lock);
	if (count >= RULES_MAX)
		free(rule);
	return count < RULES_MAX;
}

bool
mood_is_for(const char *service, const char *wished)
{
	const char *slash = strchr(service, '/');

	return strcmp(wished, "*") == 0 || strcmp(wished, service) == 0 ||
		(slash && strcmp(wished, slash + 1) == 0);
}

static bool
is_for_path(const char *wished, struct str path)
{
	char text[2048];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	return fnmatch(wished, text, FNM_CASEFOLD) == 0;
}

static bool
fits(struct moods *moods, struct mood_rule *rule, const struct mood_call *call, unsigned moments)
{
	struct mood_wish *wish = &rule->wish;

	if (!(rule->mood.kind->moment & moments) || !mood_is_for(call->service, wish->service))
		return false;
	if (!call->api && !wish->operation[0] && !wish->path[0])
		return false;
	if (wish->operation[0] && fnmatch(wish->operation, call->operation, FNM_CASEFOLD) != 0)
		return false;
	if (wish->path[0] && !is_for_path(wish->path, call->path))
		return false;
	if (wish->after > 0) {
		wish->after--;
		return false;
	}
	moods->chance = moods->chance * 1103515245u + 12345u;
	return wish->percent >= 100 || (moods->chance >> 16) % 100 < wish->percent;
}

bool
moods_pick(struct moods *moods, const struct mood_call *call, unsigned moments, struct mood *ret)
{
	struct mood_rule **at;
	bool found = false;

	pthread_mutex_lock(&moods->lock);
	for (at = &moods->rules; *at; at = &(*at)->next) {
		found = fits(moods, *at, call, moments);
		if (found)
			break;
	}
	if (found) {
		*ret = (*at)->mood;
		if ((*at)->wish.times > 0 && --(*at)->wish.times == 0)
			drop_rule(at);
	}
	pthread_mutex_unlock(&moods->lock);
	return found;
}

unsigned
moods_attempt(struct moods *moods, struct str request_id)
{
	struct mood_attempts **at, *entry;
	unsigned count = 0, seen = 0;

	pthread_mutex_lock(&moods->lock);
	for (at = &moods->attempts; *at; at = &(*at)->next, seen++)
		if (str_eq(request_id, str_of((*at)->id)))
			break;
	entry = *at;
	if (!entry && seen < ATTEMPTS_MAX && (entry = calloc(1, sizeof(*entry)))) {
		snprintf(entry->id, sizeof(entry->id), "%.*s", STR_ARG(request_id));
		*at = entry;
	}
	if (entry)
		count = ++entry->count;
	pthread_mutex_unlock(&moods->lock);
	return count;
}
