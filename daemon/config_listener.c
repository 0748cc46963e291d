#include "daemon/config_listener.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/str.h"
#include "daemon/config_tls.h"
#include "lib/cspark_operations.h"

/* ---- addresses ---- */

bool
config_host_is_loopback(struct str host)
{
	return str_starts(host, STR("127.")) || str_eq(host, STR("::1")) ||
		str_eq_nocase(host, STR("localhost"));
}

/* "HOST:PORT" or "[HOST]:PORT". */
static bool
split_address(struct str text, struct str *ret_host, struct str *ret_port)
{
	const char *colon = text.len ? memrchr(text.at, ':', text.len) : NULL;
	uint64_t port;

	if (!colon)
		return false;
	*ret_host = str_range(text.at, (size_t)(colon - text.at));
	*ret_port = str_range(colon + 1, text.len - ret_host->len - 1);
	if (str_starts(*ret_host, STR("[")) && str_ends(*ret_host, STR("]")))
		*ret_host = str_range(ret_host->at + 1, ret_host->len - 2);
	else if (str_find(*ret_host, ':') >= 0)
		return false;
	return str_to_u64(*ret_port, 65535, &port) && port > 0;
}

static bool
is_ip_address(struct str host)
{
	unsigned char address[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (host.len >= sizeof(text))
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static void
check_unix_address(struct config_draft *draft, struct config_origin origin, const char *path)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (path[0] != '/' || strlen(path) > max)
		config_report_error(draft->report, origin,
			"address \"unix:%s\": the path of a unix socket begins with \"/\" and has at most "
			"%zu bytes",
			path, max);
}

static const char *
risk_of(const struct config_listener *listener)
{
	if (listener->tls.client_ca)
		return ", who need a certificate";
	if (!listener->caller_token_file)
		return ", and callers are not authenticated";
	return listener->tls.cert ? ", who need the caller token" : ", and tokens of callers travel in clear";
}

static void
check_reach(struct config_draft *draft, const struct config_listener *listener, struct config_origin origin)
{
	if (listener->unsafe_listen)
		config_report_warning(draft->report, origin,
			"address \"%s\" can be reached by other hosts%s", listener->address,
			risk_of(listener));
	else
		config_report_error(draft->report, origin,
			"address \"%s\" can be reached by other hosts, and callers are not authenticated; "
			"use 127.0.0.1, a unix socket, or say unsafe_listen = true in the listener",
			listener->address);
}

static void
check_inet_address(struct config_draft *draft, struct config_listener *listener, struct config_origin origin)
{
	struct str host, port;
	char *named;

	if (!split_address(str_of(listener->address), &host, &port) ||
		(!is_ip_address(host) && !str_eq_nocase(host, STR("localhost")))) {
		config_report_error(draft->report, origin,
			"address \"%s\": write ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH or systemd:NAME, with "
			"an IP address or localhost and a port from 1 to 65535",
			listener->address);
		return;
	}
	if (!config_host_is_loopback(host))
		check_reach(draft, listener, origin);
	if (str_eq_nocase(host, STR("localhost")) && asprintf(&named, "127.0.0.1:%.*s", STR_ARG(port)) > 0)
		config_value_take(&listener->address, named);
}

static bool
is_unix(const struct config_listener *listener)
{
	return strncmp(listener->address, "unix:", 5) == 0;
}

/* Sockets of the service manager; of which kind is seen when they come. */
static bool
is_passed(const struct config_listener *listener)
{
	return strncmp(listener->address, "systemd:", 8) == 0;
}

static bool
is_tcp(const struct config_listener *listener)
{
	return !is_unix(listener) && !is_passed(listener);
}

/* As FileDescriptorName= may be. */
static void
check_passed_name(struct config_draft *draft, struct config_origin origin, const char *name)
{
	if (!name[0] || strchr(name, ':'))
		config_report_error(draft->report, origin,
			"address \"systemd:%s\": a socket's name, as FileDescriptorName= of its unit says, "
			"is not empty and has no \":\"",
			name);
}

static void
check_address(struct config_draft *draft, size_t index)
{
	struct config_part *part = &draft->listeners[index];
	struct config_listener *listener = part->base;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_LISTENER_address);

	if (is_passed(listener))
		check_passed_name(draft, origin, listener->address + 8);
	else if (is_unix(listener))
		check_unix_address(draft, origin, listener->address + 5);
	else
		check_inet_address(draft, listener, origin);
	if (!is_unix(listener) &&
		(config_part_has(part, CONFIG_KEY_LISTENER_mode) || listener->group || listener->owner))
		config_report_warning(draft->report, part->origin,
			"mode, owner and group have no effect: \"%s\" is no path that is made here",
			listener->address);
	for (size_t i = 0; i < index; i++)
		if (strcmp(draft->config->listeners[i].address, listener->address) == 0)
			config_report_error(
				draft->report, origin, "address \"%s\" is used twice", listener->address);
}

/* ---- web pages ---- */

/* As browsers write them; https://user@host and https://host/ are not. */
static bool
is_origin(struct str text)
{
	static const char scheme[] = "abcdefghijklmnopqrstuvwxyz-";
	static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]";
	size_t scheme_len = strspn(text.at, scheme);
	struct str rest = str_range(text.at + scheme_len, text.len - scheme_len);

	return scheme_len > 0 && str_starts(rest, STR("://")) && rest.len > 3 &&
		strspn(rest.at + 3, host) == rest.len - 3;
}

static void
check_origins(struct config_draft *draft, const struct config_part *part)
{
	const struct config_listener *listener = part->base;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_LISTENER_allowed_origins);

	for (char **at = listener->allowed_origins; *at; at++)
		if (!is_origin(str_of(*at)))
			config_report_error(draft->report, origin,
				"allowed_origins: \"%s\" is no origin; write scheme://host or "
				"scheme://host:port, without a path",
				*at);
}

/* ---- callers ---- */

static void
take_caller_token(struct config_draft *draft, const struct config_part *part)
{
	struct config_listener *listener = part->base;
	struct cspark_error error;

	if (!listener->caller_token_file)
		return;
	listener->caller_token = config_read_caller_token(listener, &error);
	if (!listener->caller_token)
		config_report_error(draft->report,
			config_part_origin(part, CONFIG_KEY_LISTENER_caller_token_file),
			"caller_token_file: %s", error.detail);
}

static bool
find_user(const char *name, unsigned *ret)
{
	const struct passwd *user = getpwnam(name);

	if (user)
		*ret = user->pw_uid;
	return user != NULL;
}

static bool
find_group(const char *name, unsigned *ret)
{
	const struct group *group = getgrnam(name);

	if (group)
		*ret = group->gr_gid;
	return group != NULL;
}

/* A list of users or of groups. */
struct ids_key {
	enum config_key_id id;
	const char *what;
	bool (*find)(const char *name, unsigned *ret);
	char **names;
	struct config_ids *ids;
};

static void
take_ids(struct config_draft *draft, const struct config_part *part, const struct ids_key *key)
{
	struct config_origin origin = config_part_origin(part, key->id);
	size_t count = 0;
	uint64_t number;

	while (key->names[count])
		count++;
	key->ids->at = count ? calloc(count, sizeof(*key->ids->at)) : NULL;
	for (size_t i = 0; key->ids->at && i < count; i++) {
		if (str_to_u64(str_of(key->names[i]), UINT32_MAX - 1, &number))
			key->ids->at[key->ids->count++] = (unsigned)number;
		else if (key->find(key->names[i], &key->ids->at[key->ids->count]))
			key->ids->count++;
		else
			config_report_error(draft->report, origin, "%s: there is no %s \"%s\"",
				config_key(key->id)->name, key->what, key->names[i]);
	}
	if (count && !key->ids->at)
		config_report_error(draft->report, origin, "no memory");
	/* To ignore what shall keep callers out would be worse than not to start. */
	if (count && is_tcp(part->base))
		config_report_error(draft->report, origin,
			"%s needs a unix socket: who calls over TCP is not known", config_key(key->id)->name);
}

static void
take_callers(struct config_draft *draft, const struct config_part *part)
{
	struct config_listener *listener = part->base;
	const struct ids_key keys[] = {
		{ CONFIG_KEY_LISTENER_allow_uids, "user", find_user, listener->allow_uids, &listener->uids },
		{ CONFIG_KEY_LISTENER_allow_gids, "group", find_group, listener->allow_gids,
			&listener->gids },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		take_ids(draft, part, &keys[i]);
}

/* To look is harmless; to stop it is not, so that is for who was told. */
static void
take_orders(const struct config_part *part)
{
	struct config_listener *listener = part->base;

	listener->takes_orders =
		(listener->allow & CSPARK_GROUP_OPS) && config_part_has(part, CONFIG_KEY_LISTENER_allow);
}

void
config_listener_check(struct config_draft *draft, size_t index)
{
	take_orders(&draft->listeners[index]);
	check_address(draft, index);
	config_tls_check(draft, index);
	check_origins(draft, &draft->listeners[index]);
	take_caller_token(draft, &draft->listeners[index]);
	take_callers(draft, &draft->listeners[index]);
}
