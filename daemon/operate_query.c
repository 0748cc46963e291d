/* What a head says beyond its route: parts of the path and the query become arguments; fields that are for
 * Spark. */
#include "daemon/operate.h"

#include "base/buf.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

#define SHOWN_BYTES 64 /* of a caller's text in an error */

/* A percent-decoded copy in the arena; at == NULL: refused. */
static struct str
decoded(struct call *call, struct str raw, bool form)
{
	struct str text = { NULL, 0 };
	struct buf out;

	if (raw.len == 0)
		return STR("");
	buf_init(&out, raw.len + 1);
	if (!str_percent_decode(raw, form, &out) && !buf_failed(&out))
		refuse(&call->error, CSPARK_E_BAD_PARAMETER,
			"A percent sign without two hexadecimal digits in %.*s.",
			(int)(raw.len < SHOWN_BYTES ? raw.len : SHOWN_BYTES), raw.at);
	else if (!buf_failed(&out))
		text = arena_copy(&call->arena, buf_text(&out));
	buf_fini(&out);
	if (!text.at && call->error.code == CSPARK_OK)
		call_no_memory(call);
	return text;
}

/* What the path names, for the log and the policy. */
static bool
keep_name(struct call *call, struct str name, struct str value)
{
	char *place = str_eq(name, STR("folder")) ? call->locator.folder :
		str_eq(name, STR("service"))      ? call->locator.service :
						    NULL;

	if (!place)
		return true;
	if (value.len > CSPARK_NAME_MAX)
		return refuse(&call->error, CSPARK_E_BAD_PARAMETER, "The %.*s is longer than %d bytes.",
			STR_ARG(name), CSPARK_NAME_MAX);
	memcpy(place, value.at, value.len);
	place[value.len] = '\0';
	return true;
}

static bool
add(struct call *call, struct str name, struct str value)
{
	return !call->operate || arguments_add(&call->operate->arguments, name, value) ||
		refuse(&call->error, CSPARK_E_BAD_PARAMETER, "There are more than %d parameters.",
			RECIPE_ARGUMENTS_MAX);
}

static bool
is_control(struct str name, const char *control)
{
	if (name.len > 0 && name.at[0] == '_')
		name = str_range(name.at + 1, name.len - 1);
	return str_eq(name, str_of(control));
}

/* What every operation takes. False with an error, or without one: it is none of them. */
static bool
take_control(struct call *call, struct str name, struct str value)
{
	struct control *control = &call->control;
	bool is_true = str_eq(value, STR("true"));

	if (is_control(name, "tenant")) {
		control->tenant = value;
		return true;
	}
	if (is_control(name, "timeout"))
		return (str_to_u64(value, CONTROL_TIMEOUT_MAX_MS, &control->timeout_ms) &&
			       control->timeout_ms > 0) ||
			refuse(&call->error, CSPARK_E_BAD_PARAMETER,
				"_timeout takes milliseconds from 1 to %d.", CONTROL_TIMEOUT_MAX_MS);
	if (is_control(name, "shape")) {
		call->operate->wants_original = str_eq(value, STR("original"));
		return call->operate->wants_original || str_eq(value, STR("simple")) ||
			refuse(&call->error, CSPARK_E_BAD_PARAMETER, "_shape takes simple or original.");
	}
	if (is_control(name, "public")) {
		control->is_public = is_true;
		return is_true || str_eq(value, STR("false")) ||
			refuse(&call->error, CSPARK_E_BAD_PARAMETER, "_public takes true or false.");
	}
	return false;
}

static bool
refuse_unknown(struct call *call, struct str name)
{
	const struct cspark_parameter *p = cspark_operation_info(call->operation)->parameters;
	struct buf names;
	bool ok;

	buf_init(&names, 4096);
	for (; p->wire; p++) {
		if (p->name)
			buf_printf(&names, ", %s", p->name);
	}
	ok = refuse(&call->error, CSPARK_E_BAD_PARAMETER,
		"%.*s is no parameter of this operation; it takes _tenant, _timeout, _shape%.*s",
		(int)(name.len < SHOWN_BYTES ? name.len : SHOWN_BYTES), name.at, (int)names.len,
		names.len ? names.data : "");
	buf_fini(&names);
	return ok;
}

/* "folder/service" in one argument. */
static bool
add_service(struct call *call, struct str value)
{
	struct str service, folder = str_cut(value, '/', &service);

	if (folder.len == 0 || service.len == 0)
		return refuse(&call->error, CSPARK_E_BAD_PARAMETER, "service takes folder/service.");
	return keep_name(call, STR("folder"), folder) && keep_name(call, STR("service"), service) &&
		add(call, STR("folder"), folder) && add(call, STR("service"), service);
}

static bool
take_pair(struct call *call, struct str pair)
{
	struct str raw, name = decoded(call, str_cut(pair, '=', &raw), true), value;

	value = name.at ? decoded(call, raw, true) : (struct str){ NULL, 0 };
	if (!value.at)
		return false;
	if (!str_is_utf8(name) || !str_is_utf8(value))
		return refuse(&call->error, CSPARK_E_BAD_PARAMETER, "A parameter is not valid UTF-8.");
	if (take_control(call, name, value))
		return true;
	if (call->error.code != CSPARK_OK)
		return false;
	if (!cspark_parameter_find((enum cspark_operation)call->operation, bytes_of_str(name)))
		return refuse_unknown(call, name);
	if (call->operation == CSPARK_OP_LOG_WORKBOOK && is_control(name, "service"))
		return add_service(call, value);
	return add(call, name, value);
}

bool
operate_read_path(struct call *call)
{
	for (unsigned i = 0; i < call->route.part_count; i++) {
		struct str name = call->route.parts[i].name;
		struct str value = decoded(call, call->route.parts[i].value, false);

		if (!value.at || !keep_name(call, name, value) || !add(call, name, value))
			return false;
	}
	return true;
}

bool
operate_read_query(struct call *call)
{
	struct str query = front_query(call->request);

	while (query.len > 0) {
		struct str pair = str_cut(query, '&', &query);

		if (pair.len > 0 && !take_pair(call, pair))
			return false;
	}
	return true;
}

/* ---- fields of drop-in calls ---- */

static bool
starts_nocase(struct str text, struct str start)
{
	return text.len >= start.len && str_eq_nocase(str_range(text.at, start.len), start);
}

/* Ours to send; credentials; and what some servers take for another method, path or host than the one that
 * was looked at here. */
static bool
is_ours(struct str name)
{
	static const char *const NAMES[] = { "x-request-id", "x-tenant-name", "x-synthetic-key",
		"x-cspark-token", "x-http-method", "x-http-method-override", "x-method-override",
		"x-rewrite-url", "x-real-ip", "x-host" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		if (str_eq_nocase(name, str_of(NAMES[i])))
			return true;
	}
	return !starts_nocase(name, STR("x-")) || starts_nocase(name, STR("x-original-")) ||
		starts_nocase(name, STR("x-forwarded-"));
}

static void
take_field(void *arg, struct str name, struct str value)
{
	struct call *call = arg;
	struct operate *operate = call->operate;

	if (is_ours(name) || str_has_control(value))
		return;
	if (operate->line_count == CSPARK_MORE_LINES) {
		refuse(&call->error, CSPARK_E_HEADERS_TOO_LARGE,
			"There are more than %d fields that begin with x-.", CSPARK_MORE_LINES);
		return;
	}
	operate->lines[operate->line_count] = arena_printf(
		&call->arena, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
	if (operate->lines[operate->line_count])
		operate->line_count++;
	else
		call_no_memory(call);
}

bool
operate_read_fields(struct call *call)
{
	front_headers(call->request, take_field, call);
	return call->error.code == CSPARK_OK;
}
