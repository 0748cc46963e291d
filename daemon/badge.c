#include "daemon/badge.h"

#include <stdlib.h>

#include "daemon/config_value.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/mark.h"

#define WATCH_MS 1000

struct badges {
	struct loop *loop;
	const struct config *config;
	badges_announce_fn *announce;
	void *arg;
	struct loop_timer watch;
	struct mark *marks; /* one a listener */
};

static void
reread(struct badges *badges, size_t index)
{
	const struct config_listener *listener = &badges->config->listeners[index];
	struct cspark_error error;
	char *token = config_read_caller_token(listener, &error);

	if (!token) {
		log_say(LOG_WARN_LEVEL, "caller_token_rejected",
			"listener %s: %s; the old token stays in use", listener->address, error.detail);
		return;
	}
	badges->announce(badges->arg, index, token);
	config_value_wipe(token);
	log_say(LOG_INFO_LEVEL, "caller_token_read", "listener %s: the caller token was read again",
		listener->address);
}

/* A file that is gone for a moment (a rename under way) is looked at again at the next turn. */
static void
look(struct badges *badges, size_t index, bool always)
{
	const char *path = badges->config->listeners[index].caller_token_file;
	struct mark mark;

	if (!path || !mark_of(path, &mark) || (!always && mark_is_same(&mark, &badges->marks[index])))
		return;
	badges->marks[index] = mark;
	reread(badges, index);
}

static void
on_watch(void *arg)
{
	struct badges *badges = arg;

	for (size_t i = 0; i < badges->config->listener_count; i++)
		look(badges, i, false);
	loop_timer_set(badges->loop, &badges->watch, loop_now_ms(badges->loop) + WATCH_MS);
}

void
badges_reread(struct badges *badges)
{
	for (size_t i = 0; i < badges->config->listener_count; i++)
		look(badges, i, true);
}

struct badges *
badges_new(struct loop *loop, const struct config *config, badges_announce_fn *announce, void *arg)
{
	struct badges *badges = calloc(1, sizeof(*badges));

	if (!badges)
		return NULL;
	*badges = (struct badges){ .loop = loop, .config = config, .announce = announce, .arg = arg };
	badges->marks = calloc(config->listener_count, sizeof(*badges->marks));
	if (!badges->marks) {
		free(badges);
		return NULL;
	}
	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].caller_token_file)
			mark_of(config->listeners[i].caller_token_file, &badges->marks[i]);
	loop_timer_init(&badges->watch, on_watch, badges);
	loop_timer_set(loop, &badges->watch, loop_now_ms(loop) + WATCH_MS);
	return badges;
}

void
badges_free(struct badges *badges)
{
	if (!badges)
		return;
	loop_timer_set(badges->loop, &badges->watch, -1);
	free(badges->marks);
	free(badges);
}
