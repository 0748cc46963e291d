/* Permit: what the listener that a call came by allows. The sentence of a refusal names the setting. */
#include <stdio.h>

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/operate.h"
#include "daemon/policy.h"

static const struct config_listener *
listener_of(const struct call *call)
{
	return &call->desk->config->listeners[front_listener_index(call->request)];
}

static enum call_step
refuse_subject(struct call *call, const char *subject)
{
	return call_fail(call, CSPARK_E_OPERATION_DISABLED,
		"this listener does not allow %.100s; services of the listener at %.60s must name it",
		subject, listener_of(call)->address);
}

/* ---- the group ---- */

bool
permit_group(struct call *call)
{
	static const char *const names[] = { "execute", "read", "manage", "raw", "ops" };
	unsigned missing = call->route.group & ~listener_of(call)->allow;

	if (missing)
		call_fail(call, CSPARK_E_OPERATION_DISABLED,
			"this listener does not allow it; add \"%s\" to allow of the listener at %s",
			names[__builtin_ctz(missing)], listener_of(call)->address);
	return !missing;
}

/* ---- what the head names ---- */

static const char *
kind_word(enum cspark_locator_kind kind)
{
	static const char *const words[] = {
		[CSPARK_SERVICE_ID] = "service", [CSPARK_VERSION_ID] = "version", [CSPARK_PROXY] = "proxy"
	};

	return words[kind];
}

/* "batches/ID": the first word of the local path and what stands behind it. */
static void
put_place(const struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	const struct cspark_operation_info *info = cspark_operation_info(
		(enum cspark_operation)call->operation);
	struct str rest, word = str_of(info->local_path[0] ? info->local_path + 1 : info->name);
	struct str id = { NULL, 0 };

	word = str_cut(word, '/', &rest);
	for (unsigned i = 0; i < call->route.part_count && !id.at; i++) {
		if (!str_eq(call->route.parts[i].name, STR("tenant")))
			id = call->route.parts[i].value;
	}
	if (str_eq(word, STR("{locator}")))
		word = route_part(&call->route, "version_id").at ? STR("version") : STR("service");
	snprintf(subject, POLICY_SUBJECT_MAX, "%.*s%s%.*s", STR_ARG(word), id.at ? "/" : "",
		(int)(id.len < CSPARK_NAME_MAX ? id.len : CSPARK_NAME_MAX), id.at ? id.at : "");
}

static void
put_subject(const struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	const struct cspark_locator *locator = &call->locator;

	if (call->route.kind == ROUTE_EXECUTE && locator->kind != CSPARK_FOLDER_SERVICE)
		snprintf(subject, POLICY_SUBJECT_MAX, "%s/%s", kind_word(locator->kind), locator->service);
	else if (locator->folder[0])
		snprintf(subject, POLICY_SUBJECT_MAX, "%s/%s", locator->folder, locator->service);
	else
		put_place(call, subject);
}

/* Whether the body is what names the service. */
static bool
is_named_in_body(const struct call *call)
{
	switch (call->operation) {
	case CSPARK_OP_EXECUTE_V3_BODY:
	case CSPARK_OP_EXECUTE_V3_BARE:
	case CSPARK_OP_BATCH_CREATE:
		return true;
	case CSPARK_OP_EXECUTE_V4:
		return call->route.kind == ROUTE_DROP_IN;
	default:
		return false;
	}
}

bool
permit_head(struct call *call)
{
	char subject[POLICY_SUBJECT_MAX];

	if (!listener_of(call)->services[0] || is_named_in_body(call))
		return true;
	put_subject(call, subject);
	if (policy_allows(listener_of(call)->services, subject))
		return true;
	refuse_subject(call, subject);
	return false;
}

/* ---- what the body names ---- */

static struct str
body_of(const struct call *call)
{
	if (call->route.kind == ROUTE_DROP_IN && call->operate)
		return spool_text(&call->operate->upload);
	return call->raw.len ? buf_text(&call->raw) : (struct str){ NULL, 0 };
}

/* Metadata may name another service than the path does. */
static bool
permit_object(struct call *call, struct str object)
{
	char subject[POLICY_SUBJECT_MAX];

	if (!object.at || policy_allows_named(listener_of(call)->services, object, subject))
		return true;
	refuse_subject(call, subject);
	return false;
}

bool
permit_body(struct call *call)
{
	struct str body = body_of(call), meta = json_member(body, STR("request_meta"));

	if (!listener_of(call)->services[0])
		return true;
	if (call->route.kind == ROUTE_EXECUTE)
		return permit_object(call, call->ask.request_meta) &&
			permit_object(
				call, str_range(call->control.meta.more.at, call->control.meta.more.len));
	if (call->route.group != CSPARK_GROUP_EXECUTE)
		return true;
	if (call->coding || (body.len > 0 && !json_valid(body.at, body.len, NULL))) {
		refuse_subject(call, "a body that cannot be read");
		return false;
	}
	if (is_named_in_body(call) && json_is_null(meta) && json_is_null(json_member(body, STR("service"))) &&
		json_is_null(json_member(body, STR("version_id")))) {
		refuse_subject(call, "a call that names no service");
		return false;
	}
	return permit_object(call, body) && permit_object(call, meta);
}
