#include "daemon/sockets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/log.h"
#include "daemon/notify.h"

/* What the service manager passed, and which of it is taken. */
struct passed {
	struct notify_socket at[FRONT_SOCKETS_MAX];
	bool taken[FRONT_SOCKETS_MAX];
	size_t count;
	bool is_named; /* a listener names some */
};

static void
passed_init(struct passed *passed, const struct config *config)
{
	*passed = (struct passed){ .count = 0 };
	passed->count = notify_sockets(passed->at, FRONT_SOCKETS_MAX);
	for (size_t i = 0; i < config->listener_count; i++)
		passed->is_named |= listener_passed_name(config->listeners[i].address) != NULL;
}

/* Whether the listener has sockets that were passed. */
static bool
is_fed(const struct passed *passed, const struct config *config, size_t listener)
{
	if (passed->is_named)
		return listener_passed_name(config->listeners[listener].address) != NULL;
	return passed->count > 0 && listener == 0;
}

static bool
is_for(const struct passed *passed, const struct config *config, size_t listener, size_t index)
{
	const char *name = listener_passed_name(config->listeners[listener].address);

	return passed->is_named ? name && strcmp(name, passed->at[index].name) == 0 : listener == 0;
}

static bool
fail(struct cspark_error *ret_error, const char *name, const char *why)
{
	ret_error->code = CSPARK_E_INTERNAL;
	snprintf(ret_error->detail, sizeof(ret_error->detail),
		"the socket \"%.100s\" of the service manager %s", name, why);
	return false;
}

/* ---- opening ---- */

/* A place is the socket's as soon as there is one, so that it is closed whatever comes. */
static struct socket_place *
add(struct sockets *sockets, const struct config_listener *listener, int fd)
{
	struct socket_place *place = &sockets->at[sockets->count++];

	*place = (struct socket_place){ .id = ++sockets->last_id, .listener = listener->id, .fd = fd };
	listener_name(fd, place->name);
	place->is_unix = listener_is_unix(place->name);
	return place;
}

/* What the configuration could not know of an address that the service manager chose. */
static bool
suits(const struct config_listener *listener, const struct socket_place *place, const char *name,
	struct cspark_error *ret_error)
{
	if (!listener_is_local(place->name) && !listener->unsafe_listen)
		return fail(ret_error, name,
			"can be reached by other hosts; give it another address, or say "
			"unsafe_listen = true in the listener");
	if (!place->is_unix && (listener->uids.count || listener->gids.count))
		return fail(ret_error, name, "is no unix socket, as allow_uids and allow_gids want");
	if (place->is_unix && listener->tls.cert)
		return fail(ret_error, name, "is a unix socket, which has no use for tls; take tls away");
	return true;
}

static bool
take_passed(struct sockets *sockets, struct passed *passed, const struct config *config, size_t index,
	struct cspark_error *ret_error)
{
	const struct config_listener *listener = &config->listeners[index];
	bool found = false;

	for (size_t i = 0; i < passed->count; i++) {
		const char *name = passed->at[i].name;
		struct socket_place *place;

		if (passed->taken[i] || !is_for(passed, config, index, i))
			continue;
		if (sockets->count == FRONT_SOCKETS_MAX)
			return fail(ret_error, name, "is one too many");
		if (!listener_adopt(passed->at[i].fd))
			return fail(ret_error, name, "is not a stream socket that listens");
		passed->taken[i] = found = true;
		place = add(sockets, listener, passed->at[i].fd);
		place->is_passed = true;
		if (!suits(listener, place, name, ret_error))
			return false;
	}
	return found ||
		fail(ret_error, listener_passed_name(listener->address),
			"was not passed when this process started; a socket unit names it by "
			"FileDescriptorName=");
}

static bool
open_own(struct sockets *sockets, const struct config_listener *listener, struct cspark_error *ret_error)
{
	struct listener_options options = { listener->address, listener->mode, listener->owner,
		listener->group };
	int fd;

	if (sockets->count == FRONT_SOCKETS_MAX)
		return fail(ret_error, listener->address, "leaves no room for this listener");
	fd = listener_open(&options, ret_error);
	if (fd >= 0)
		add(sockets, listener, fd);
	return fd >= 0;
}

static void
close_rest(const struct passed *passed, bool is_good)
{
	for (size_t i = 0; i < passed->count; i++) {
		if (passed->taken[i])
			continue;
		close(passed->at[i].fd);
		if (is_good)
			log_say(LOG_WARN_LEVEL, "socket_unused",
				"the service manager passed a socket \"%s\" that no listener names: its "
				"callers wait in vain",
				passed->at[i].name);
	}
}

static bool
keep(struct sockets *sockets, const struct sockets *running, const struct config_listener *listener,
	bool *ret_kept, struct cspark_error *ret_error)
{
	*ret_kept = false;
	for (size_t i = 0; i < running->count; i++) {
		const struct socket_place *place = &running->at[i];

		if (place->listener != listener->id)
			continue;
		if (place->is_passed && !suits(listener, place, place->name, ret_error))
			return false;
		*ret_kept = true;
		sockets->at[sockets->count++] = *place;
	}
	return true;
}

/* Those that stay come first: there is room for all of them. */
static bool
keep_all(struct sockets *sockets, const struct sockets *running, const struct config *config, bool *kept,
	struct cspark_error *ret_error)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (!keep(sockets, running, &config->listeners[i], &kept[i], ret_error))
			return false;
	return true;
}

static bool
open_new(struct sockets *sockets, struct passed *passed, const struct config *config, const bool *kept,
	struct cspark_error *ret_error)
{
	bool is_good = true;

	for (size_t i = 0; is_good && i < config->listener_count; i++) {
		if (kept[i])
			continue;
		is_good = is_fed(passed, config, i) ?
			take_passed(sockets, passed, config, i, ret_error) :
			open_own(sockets, &config->listeners[i], ret_error);
	}
	return is_good;
}

bool
sockets_open(struct sockets *sockets, const struct sockets *running, const struct config *config,
	struct cspark_error *ret_error)
{
	bool kept[CONFIG_MAX_LISTENERS];
	struct passed passed;
	bool is_good;

	*sockets = (struct sockets){ .last_id = running->last_id, .is_first_fed = running->is_first_fed };
	passed_init(&passed, config);
	if (passed.count > 0 && !passed.is_named)
		sockets->is_first_fed = true;
	is_good = keep_all(sockets, running, config, kept, ret_error) &&
		open_new(sockets, &passed, config, kept, ret_error);
	close_rest(&passed, is_good);
	if (!is_good)
		sockets_drop(sockets, false);
	return is_good;
}

/* ---- sharing ---- */

static int
share(const struct socket_place *place, struct cspark_error *ret_error)
{
	return place->is_passed ? listener_dup(place->fd, ret_error) : listener_share(place->fd, ret_error);
}

bool
sockets_share(const struct sockets *sockets, bool first, struct socket_place ret[FRONT_SOCKETS_MAX],
	struct cspark_error *ret_error)
{
	for (size_t i = 0; i < sockets->count; i++) {
		ret[i] = sockets->at[i];
		if (first || ret[i].fd < 0)
			continue;
		ret[i].fd = share(&sockets->at[i], ret_error);
		if (ret[i].fd >= 0)
			continue;
		while (i > 0)
			if (ret[--i].fd >= 0)
				close(ret[i].fd);
		return false;
	}
	return true;
}

/* ---- the end ---- */

static void
remove_path(const struct socket_place *place)
{
	if (place->is_unix && !place->is_passed)
		unlink(listener_path(place->name));
}

static bool
has(const struct sockets *sockets, unsigned id)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->at[i].id == id)
			return true;
	return false;
}

void
sockets_replace(struct sockets *running, struct sockets *sockets)
{
	for (size_t i = 0; i < running->count; i++)
		if (!has(sockets, running->at[i].id))
			remove_path(&running->at[i]);
	for (size_t i = 0; i < sockets->count; i++)
		sockets->at[i].fd = -1;
	*running = *sockets;
}

void
sockets_drop(struct sockets *sockets, bool is_taken)
{
	for (size_t i = 0; i < sockets->count; i++) {
		const struct socket_place *place = &sockets->at[i];

		if (place->fd < 0)
			continue;
		if (!is_taken)
			close(place->fd);
		remove_path(place);
	}
	sockets->count = 0;
}

void
sockets_fini(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		remove_path(&sockets->at[i]);
	sockets->count = 0;
}

/* ---- what would be done ---- */

static void
explain_passed(const struct passed *passed, const struct config *config, size_t listener, struct buf *out)
{
	size_t found = 0;

	for (size_t i = 0; i < passed->count; i++) {
		char name[LISTENER_NAME_MAX];

		if (!is_for(passed, config, listener, i))
			continue;
		listener_name(passed->at[i].fd, name);
		buf_printf(out, "%s %s", found++ ? "," : " takes the socket of the service manager at", name);
	}
	if (found == 0)
		buf_put_str(out,
			STR(" waits for a socket of that name from the service manager; none is passed now"));
}

void
sockets_explain(const struct config *config, struct buf *out)
{
	struct passed passed;

	passed_init(&passed, config);
	for (size_t i = 0; i < config->listener_count; i++) {
		if (!is_fed(&passed, config, i))
			continue;
		buf_printf(out, "listener %s:", config->listeners[i].address);
		explain_passed(&passed, config, i, out);
		buf_put_char(out, '\n');
	}
}
