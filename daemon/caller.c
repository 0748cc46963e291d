/* Caller: who asks, and whether the listener that it came by knows it. */
#include "daemon/call.h"

#include <stdlib.h>

#include "daemon/edition.h"

/* ---- the token ---- */

/* "Bearer TOKEN"; at == NULL if there is none of that scheme. */
static struct str
bearer_of(struct str value)
{
	struct str token;
	struct str scheme = str_cut(value, ' ', &token);

	return str_eq_nocase(scheme, STR("Bearer")) && token.at ? str_trim(token) : (struct str){ NULL, 0 };
}

/*
 * Official SDKs put something of their own into Authorization or x-synthetic-key, and leave the other one to
 * the program. So one right token is enough, and wrong ones beside it do not matter.
 */
static bool
shows(const struct call *call, struct str badge)
{
	struct str guesses[] = {
		bearer_of(front_header(call->request, "Authorization")),
		front_header(call->request, "X-Cspark-Token"),
		front_header(call->request, "x-synthetic-key"),
	};
	bool is_right = false;

	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++)
		is_right |= guesses[i].at && str_eq_constant_time(badge, guesses[i]);
	return is_right;
}

/* What supervisors ask, who have no token; they learn nothing but that it lives. */
static bool
is_open_page(const struct call *call)
{
	return call->route.kind == ROUTE_ADMIN && call->route.pattern &&
		(call->route.page == PAGE_HEALTHZ || call->route.page == PAGE_READYZ);
}

bool
caller_is_known(struct call *call)
{
	const char *badge = edition_badge(call->edition, call->listener);

	if (!badge || is_open_page(call) || shows(call, str_of(badge)))
		return true;
	call_fail(call, CSPARK_E_CALLER_UNKNOWN,
		"the listener at %s wants its caller token, as Authorization: Bearer or X-Cspark-Token",
		front_listener(call->request));
	return false;
}

/* ---- the user ---- */

static bool
is_among(const struct config_ids *ids, unsigned id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->at[i] == id)
			return true;
	return false;
}

static bool
is_member(const struct config_ids *gids, const struct front_peer *peer)
{
	bool found = is_among(gids, peer->gid);

	for (size_t i = 0; i < peer->group_count; i++)
		found |= is_among(gids, peer->groups[i]);
	return found;
}

bool
caller_is_allowed(struct call *call)
{
	const struct config_listener *listener = call->listener;
	struct front_peer peer;
	bool allowed;

	if (listener->uids.count == 0 && listener->gids.count == 0)
		return true;
	allowed = front_peer(call->request, &peer) &&
		(is_among(&listener->uids, peer.uid) || is_member(&listener->gids, &peer));
	free(peer.groups);
	if (!allowed)
		call_fail(call, CSPARK_E_CALLER_REFUSED,
			"the listener at %.100s is not for user %u: allow_uids and allow_gids say for whom",
			listener->address, (unsigned)peer.uid);
	return allowed;
}
