/* Caller: who asks, and whether the listener that it came by knows it. */
#include "daemon/call.h"

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

static bool
has_token(struct call *call)
{
	const char *badge = call->desk->badges[front_listener_index(call->request)];

	if (!badge || is_open_page(call) || shows(call, str_of(badge)))
		return true;
	call_fail(call, CSPARK_E_CALLER_UNKNOWN,
		"the listener at %s wants its caller token, as Authorization: Bearer or X-Cspark-Token",
		front_listener(call->request));
	return false;
}

bool
caller_is_welcome(struct call *call)
{
	return has_token(call);
}
