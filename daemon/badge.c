#include "daemon/badge.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
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
	struct mark marks[CONFIG_MAX_LISTENERS];
};

/* At the first look after the configuration was read it is most likely what that has. */
static bool
is_known(const struct config_listener *listener, const char *token, bool is_first)
{
	return is_first && strcmp(token, listener->caller_token) == 0;
}

static void
reread(struct badges *badges, size_t index, bool is_first)
{
	const struct config_listener *listener = &badges->config->listeners[index];
	struct cspark_error error;
	char *token = config_read_caller_token(listener, &error);

	if (!token) {
		log_say(LOG_WARN_LEVEL, "caller_token_rejected",
			"listener %s: %s; the old token stays in use", listener->address, error.detail);
		return;
	}
	if (is_known(listener, token, is_first)) {
		secret_free(token);
		return;
	}
	badges->announce(badges->arg, listener->id, token);
	secret_free(token);
	log_say(LOG_INFO_LEVEL, "caller_token_read", "listener %s: the caller token was read again",
		listener->address);
}

/* A file that is gone for a moment (a rename under way) is looked at again at the next turn. */
static void
look(struct badges *badges, size_t index)
{
	const char *path = badges->config->listeners[index].caller_token_file;
	struct mark mark;
	bool is_first;

	if (!path || !mark_of(path, &mark) || mark_is_same(&mark, &badges->marks[index]))
		return;
	is_first = badges->marks[index].inode == 0;
	badges->marks[index] = mark;
	reread(badges, index, is_first);
}

static void
on_watch(void *arg)
{
	struct badges *badges = arg;

	for (size_t i = 0; i < badges->config->listener_count; i++)
		look(badges, i);
	loop_timer_set(badges->loop, &badges->watch, loop_now_ms(badges->loop) + WATCH_MS);
}

void
badges_adopt(struct badges *badges, const struct config *config)
{
	badges->config = config;
	memset(badges->marks, 0, sizeof(badges->marks));
}

struct badges *
badges_new(struct loop *loop, const struct config *config, badges_announce_fn *announce, void *arg)
{
	struct badges *badges = calloc(1, sizeof(*badges));

	if (!badges)
		return NULL;
	*badges = (struct badges){ .loop = loop, .announce = announce, .arg = arg };
	badges_adopt(badges, config);
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
	free(badges);
}
