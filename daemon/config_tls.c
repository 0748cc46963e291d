#include "daemon/config_tls.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/identity.h"

static struct identity_files
files_of(const struct config_listener *listener)
{
	const char *version = listener->tls.min_version;
	bool is_1_3 = version && strcmp(version, "1.3") == 0;

	return (struct identity_files){ .cert = listener->tls.cert,
		.key = listener->tls.key,
		.client_ca = listener->tls.client_ca,
		.only_1_3 = is_1_3 };
}

struct identity *
config_read_identity(const struct config_listener *listener, struct cspark_error *ret_error)
{
	struct identity_files files = files_of(listener);

	return identity_load(&files, ret_error);
}

/* "2026-11-24 03:00 UTC" */
static void
put_time(int64_t at_s, char ret[32])
{
	time_t at = at_s;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(ret, 32, "?");
}

/* It may be right in a moment, or nobody may mind: callers judge certificates, not we. */
static void
warn_of_time(struct config_draft *draft, struct config_origin origin, const struct config_listener *listener)
{
	int64_t begins_s = identity_begins_s(listener->tls.identity);
	int64_t ends_s = identity_ends_s(listener->tls.identity);
	int64_t now_s = time(NULL);
	char when[32];

	put_time(ends_s <= now_s ? ends_s : begins_s, when);
	if (ends_s <= now_s)
		config_report_warning(draft->report, origin,
			"tls.cert: %s expired at %s: callers will refuse it", listener->tls.cert, when);
	else if (begins_s > now_s)
		config_report_warning(draft->report, origin,
			"tls.cert: %s is not valid before %s: callers will refuse it", listener->tls.cert,
			when);
}

static void
read_files(struct config_draft *draft, const struct config_part *part)
{
	struct config_listener *listener = part->base;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_TLS_cert);
	struct cspark_error error;

	listener->tls.identity = config_read_identity(listener, &error);
	if (!listener->tls.identity) {
		config_report_error(draft->report, origin, "tls: %s", error.detail);
		return;
	}
	warn_of_time(draft, origin, listener);
	if (identity_is_exposed(listener->tls.identity))
		config_report_warning(draft->report, config_part_origin(part, CONFIG_KEY_TLS_key),
			"tls.key: %s can be read by others; chmod o-rwx it, and change the key if it was so "
			"for long",
			listener->tls.key);
}

void
config_tls_check(struct config_draft *draft, size_t index)
{
	const struct config_part *part = &draft->listeners[index];
	const struct config_listener *listener = part->base;
	bool has_cert = listener->tls.cert != NULL, has_key = listener->tls.key != NULL;

	if (!has_cert && !has_key && !listener->tls.client_ca && !listener->tls.min_version)
		return;
	if (strncmp(listener->address, "unix:", 5) == 0)
		config_report_error(draft->report, config_part_origin(part, CONFIG_KEY_TLS_cert),
			"tls has no place on a unix socket: what it says never leaves this host, and the "
			"kernel tells who calls (allow_uids, allow_gids); take tls away");
	else if (!has_cert || !has_key)
		config_report_error(draft->report, part->origin,
			"tls needs both cert and key; %s missing",
			has_key ? "cert is" : has_cert ? "key is" : "both are");
	else
		read_files(draft, part);
}
