/* Permit: what the listener that a call came by allows. The sentence of a refusal names the setting. */
#include <stdio.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "daemon/operate.h"
#include "daemon/policy.h"

static enum call_step
refuse_subject(struct call *call, const char *subject)
{
	return call_fail(call, CSPARK_E_OPERATION_DISABLED,
		"this listener does not allow %.100s; services of the listener at %.60s must name it",
		subject, call->listener->address);
}

/* ---- the group ---- */

static bool
is_order(const struct route *route)
{
	return route->kind == ROUTE_ADMIN && (route->page == PAGE_DRAIN || route->page == PAGE_SHUTDOWN);
}

static bool
refuse_order(struct call *call)
{
	call_fail(call, CSPARK_E_OPERATION_DISABLED,
		"this listener takes no orders; name \"ops\" in allow of the listener at %s",
		call->listener->address);
	return false;
}

bool
permit_group(struct call *call)
{
	static const char *const names[] = { "execute", "read", "manage", "raw", "ops" };
	unsigned missing = call->route.group & ~call->listener->allow;

	if (missing)
		call_fail(call, CSPARK_E_OPERATION_DISABLED,
			"this listener does not allow it; add \"%s\" to allow of the listener at %s",
			names[__builtin_ctz(missing)], call->listener->address);
	else if (is_order(&call->route) && !call->listener->takes_orders)
		return refuse_order(call);
	return !missing;
}

/* ---- what the head names ---- */

static void
put_decoded(struct str word, struct str raw, char subject[POLICY_SUBJECT_MAX])
{
	struct buf text;

	buf_init(&text, raw.len + 1);
	subject[0] = '\0';
	if (str_percent_decode(raw, false, &text) && text.len > 0)
		policy_put_pair(word, buf_text(&text), subject);
	buf_fini(&text);
}

/* "batches/ID": the first word of the local path, or else of the name, and what stands behind it. */
static void
put_place(const struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	const struct cspark_operation_info *info = cspark_operation_info(
		(enum cspark_operation)call->operation);
	bool is_local = info->local_path[0] != '\0';
	struct str rest, id = { NULL, 0 };
	struct str word = is_local ? str_cut(str_of(info->local_path + 1), '/', &rest) :
				     str_cut(str_of(info->name), '.', &rest);

	for (unsigned i = 0; i < call->route.part_count && !id.at; i++) {
		if (!str_eq(call->route.parts[i].name, STR("tenant")))
			id = call->route.parts[i].value;
	}
	if (id.at)
		put_decoded(word, id, subject);
	else
		snprintf(subject, POLICY_SUBJECT_MAX, "%.*s", STR_ARG(word));
}

static void
put_subject(const struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	struct str service = route_part(&call->route, "service_id"),
		   version = route_part(&call->route, "version_id");

	if (call->route.kind == ROUTE_EXECUTE || call->locator.folder[0])
		policy_put_locator(&call->locator, subject);
	else if (service.at)
		put_decoded(STR("service"), service, subject);
	else if (version.at)
		put_decoded(STR("version"), version, subject);
	else if (call->operation == CSPARK_OP_EXECUTE_V3 && call->route.rest.at)
		put_decoded(STR("proxy"), call->route.rest, subject);
	else
		put_place(call, subject);
}

/* Metadata may name another service than the path does. */
static bool
permit_object(struct call *call, struct cspark_bytes object)
{
	char subject[POLICY_SUBJECT_MAX];
	struct str text = { object.at, object.len };

	if (!text.at || policy_of_object(call->listener->services, text, subject) != POLICY_REFUSED)
		return true;
	refuse_subject(call, subject);
	return false;
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

	if (!call->listener->services[0] || is_named_in_body(call))
		return true;
	put_subject(call, subject);
	/* Parts of a list are sent before it is whole: what the query says of the body counts now. */
	if (policy_allows(call->listener->services, subject))
		return permit_object(call, call->control.meta.more);
	refuse_subject(call, subject);
	return false;
}

/* ---- what the body names ---- */

/* Valid until munmap() of <*ret_map>, if that is not NULL. */
static struct str
body_of(const struct call *call, void **ret_map)
{
	const struct spool *upload = call->operate ? &call->operate->upload : NULL;
	size_t len = upload ? spool_len(upload) : 0;

	*ret_map = NULL;
	if (call->route.kind != ROUTE_DROP_IN || !upload)
		return call->raw.len ? buf_text(&call->raw) : (struct str){ NULL, 0 };
	if (spool_fd(upload) < 0)
		return spool_text(upload);
	*ret_map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, spool_fd(upload), 0);
	if (*ret_map != MAP_FAILED)
		return (struct str){ *ret_map, len };
	*ret_map = NULL;
	return STR("unreadable");
}

/* In quotes of either kind, or in none. */
static struct str
unwrap(struct call *call, struct str text)
{
	struct str plain = text;
	struct buf out;

	if (text.len >= 2 && text.at[0] == '\'' && text.at[text.len - 1] == '\'')
		return str_range(text.at + 1, text.len - 2);
	if (text.len == 0 || text.at[0] != '"' || !json_valid(text.at, text.len, NULL))
		return text;
	buf_init(&out, text.len + 1);
	if (json_unquote(text, &out))
		plain = arena_copy(&call->arena, buf_text(&out));
	buf_fini(&out);
	return plain;
}

static enum policy_verdict
verdict_of_text(struct call *call, struct str text, char subject[POLICY_SUBJECT_MAX])
{
	snprintf(subject, POLICY_SUBJECT_MAX, "a text that cannot be read");
	if (text.len == 0)
		return POLICY_SILENT;
	if (!json_valid(text.at, text.len, NULL))
		return POLICY_REFUSED;
	return policy_of_object(call->listener->services, text, subject);
}

/* A Transform has its metadata in a field: "x-meta: '{}'". */
static enum policy_verdict
verdict_of_field(struct call *call, struct str line, char subject[POLICY_SUBJECT_MAX])
{
	struct str value, name = str_cut(line, ':', &value);

	if (!str_eq_nocase(name, STR("x-request-meta")) && !str_eq_nocase(name, STR("x-meta")))
		return POLICY_SILENT;
	return verdict_of_text(call, unwrap(call, str_trim(value)), subject);
}

static enum policy_verdict
verdict_of_fields(struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	enum policy_verdict all = POLICY_SILENT, one;

	for (unsigned i = 0; call->operate && i < call->operate->line_count && all != POLICY_REFUSED; i++) {
		one = verdict_of_field(call, str_of(call->operate->lines[i]), subject);
		all = one > all ? one : all;
	}
	return all;
}

/* Parameters that become members of the body. */
static enum policy_verdict
verdict_of_arguments(const struct call *call, char subject[POLICY_SUBJECT_MAX])
{
	static const char *const names[] = { "service", "version_id" };
	enum policy_verdict all = POLICY_SILENT;

	if (call->operation != CSPARK_OP_BATCH_CREATE)
		return POLICY_SILENT;
	for (size_t i = 0; i < sizeof names / sizeof *names && all != POLICY_REFUSED; i++) {
		struct str value = arguments_find(&call->operate->arguments, names[i]);

		if (value.at)
			all = policy_of_name(call->listener->services, str_of(names[i]), value, subject);
	}
	return all;
}

/* Metadata may name another service than the path does. */
static bool
permit_text(struct call *call, struct str body)
{
	char subject[POLICY_SUBJECT_MAX];
	enum policy_verdict verdict = verdict_of_text(call, body, subject), other;

	if (verdict != POLICY_REFUSED && (other = verdict_of_arguments(call, subject)) > verdict)
		verdict = other;
	if (verdict != POLICY_REFUSED && (other = verdict_of_fields(call, subject)) > verdict)
		verdict = other;
	if (verdict == POLICY_SILENT && is_named_in_body(call)) {
		refuse_subject(call, "a call that names no service");
		return false;
	}
	if (verdict == POLICY_REFUSED)
		refuse_subject(call, subject);
	return verdict != POLICY_REFUSED;
}

bool
permit_body(struct call *call)
{
	struct str body;
	bool is_permitted;
	void *map = NULL;

	if (!call->listener->services[0])
		return true;
	if (call->route.kind == ROUTE_EXECUTE)
		return permit_object(call,
			(struct cspark_bytes){ call->ask.request_meta.at, call->ask.request_meta.len });
	if (call->route.group != CSPARK_GROUP_EXECUTE)
		return true;
	body = call->coding ? STR("not unpacked here") : body_of(call, &map);
	is_permitted = permit_text(call, body);
	if (map)
		munmap(map, body.len);
	return is_permitted;
}
