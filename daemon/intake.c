/*
 * Intake: what is wanted, from the head of a request alone. A refusal found here is told when the body has
 * arrived (a caller that is still sending would miss it), unless the caller waits for our word to send.
 */
#include "base/json_text.h"
#include "daemon/bulk.h"
#include "daemon/operate.h"
#include "daemon/refuse.h"

static const struct config_tenant *
tenant_called(const struct config *config, struct str name)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		if (str_eq(str_of(config->tenants[i].name), name))
			return &config->tenants[i];
	}
	return NULL;
}

static const struct config_tenant *
tenant_of_path(const struct config *config, struct str segment)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		if (str_eq(str_of(config->tenants[i].tenant), segment))
			return &config->tenants[i];
	}
	return NULL;
}

static bool
prepare_decode(struct call *call)
{
	const struct config *config = call->config;
	struct decode_limits limits = {
		.max_body = config->limits.max_body,
		.max_records = config->limits.max_records,
		.max_list = config->bulk.max_body,
		.max_record = config->bulk.max_record,
	};
	enum decode_form form;
	enum decode_coding coding;

	if (!decode_form_of(front_header(call->request, "Content-Type"), &form, &call->error) ||
		!decode_coding_of(front_header(call->request, "Content-Encoding"), &coding, &call->error))
		return false;
	if (!control_check_dialect(&call->control, form == DECODE_CSV, &call->error))
		return false;
	call->decode = decode_new(form, coding, &limits);
	if (!call->decode)
		return refuse(&call->error, CSPARK_E_INTERNAL, "no memory for this request");
	decode_set_dialect(call->decode, call->control.dialect);
	bulk_prepare(call);
	return true;
}

static bool
is_of_runner(unsigned operation)
{
	return operation >= CSPARK_OP_HYBRID_HEALTH && operation <= CSPARK_OP_HYBRID_METADATA;
}

/* Where none is named: the first, and the first Hybrid Runner for what only these can do. */
static const struct config_tenant *
usual_tenant(const struct call *call)
{
	const struct config *config = call->config;

	for (size_t i = 0; i < config->tenant_count && is_of_runner(call->operation); i++) {
		if (config->tenants[i].kind == CONFIG_HYBRID)
			return &config->tenants[i];
	}
	return &config->tenants[0];
}

static bool
choose_tenant(struct call *call)
{
	struct str name = call->control.tenant;

	call->tenant = name.at ? tenant_called(call->config, name) : usual_tenant(call);
	return call->tenant ||
		refuse(&call->error, CSPARK_E_BAD_PARAMETER, "_tenant: no tenant called '%.*s' is configured",
			(int)(name.len < 64 ? name.len : 64), name.at);
}

/* What a validation is to tell is metadata like any other. */
static bool
add_validation_type(struct call *call)
{
	struct control *control = &call->control;
	const char *type = str_eq(control->validation, STR("dynamic")) ? "dynamic" : "default_values";
	struct str more = str_range(control->meta.more.at, control->meta.more.len);
	struct json_walk walk;
	struct str value;
	char *text;

	json_walk_init(&walk, more);
	if (!more.at || !json_walk_next(&walk, NULL, &value))
		text = arena_printf(&call->arena, "{\"validation_type\":\"%s\"}", type);
	else
		text = arena_printf(&call->arena, "{\"validation_type\":\"%s\",%.*s", type, (int)more.len - 1,
			more.at + 1);
	control->meta.more = (struct cspark_bytes){ text, text ? strlen(text) : 0 };
	return text != NULL;
}

/* What holds a list is limited as such; whether it does is known when it comes. */
static void
limit_execute(struct call *call, bool get)
{
	const struct config *config = call->config;

	if (get || call->operation == CSPARK_OP_VALIDATE)
		call_limit_body(call, "limits.max_body", config->limits.max_body);
	else
		call_limit_body(call, "bulk.max_body",
			config->bulk.max_body > config->limits.max_body ? config->bulk.max_body :
									  config->limits.max_body);
}

/* Where there are no batches, none can be asked for. */
static bool
check_engine(struct call *call)
{
	const struct control *control = &call->control;
	const char *what = control->is_hybrid                  ? "A Hybrid Runner" :
		control->is_public                             ? "Public access" :
		control->validates                             ? "A validation" :
		call->locator.kind == CSPARK_PROXY             ? "A proxy endpoint" :
								 NULL;

	return control->engine != CONTROL_BATCH || !what ||
		refuse(&call->error, CSPARK_E_BAD_PARAMETER,
			"%s knows no batches; leave _engine out, or say _engine=sync.", what);
}

static enum call_step
route_execute(struct call *call)
{
	struct cspark_bytes path = { call->route.rest.at, call->route.rest.len };
	bool get = str_eq(call->method, STR("GET"));

	limit_execute(call, get);
	if (!cspark_locator_from_path(path, &call->locator, &call->error) ||
		!control_read(front_query(call->request), front_header(call->request, "Accept"), get,
			call->operation == CSPARK_OP_VALIDATE, &call->arena, &call->control, &call->error))
		return call_failed(call);
	call->locator.is_public = call->control.is_public;
	if (!permit_head(call))
		return STEP_REFUSE;
	if (call->control.validates && !add_validation_type(call))
		return call_no_memory(call);
	if (!choose_tenant(call))
		return call_failed(call);
	call->control.is_hybrid = call->tenant->kind == CONFIG_HYBRID;
	if (!check_engine(call))
		return call_failed(call);
	if (get ? !control_check_dialect(&call->control, false, &call->error) : !prepare_decode(call))
		return call_failed(call);
	return CALL_PARKED;
}

/* The content codings that Spark takes; the body stays as it is. */
static const char *const codings[] = { "gzip", "deflate", "br" };

static bool
find_coding(struct call *call)
{
	struct str coding = front_header(call->request, "Content-Encoding");
	size_t i;

	if (!coding.at || str_eq_nocase(coding, STR("identity")))
		return true;
	for (i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		if (str_eq_nocase(coding, str_of(codings[i])))
			call->coding = codings[i];
	return call->coding != NULL;
}

static enum call_step
route_operation(struct call *call)
{
	enum call_step next = operate_route(call);

	if (next != CALL_PARKED)
		return next;
	if (!permit_head(call))
		return STEP_REFUSE;
	if (!choose_tenant(call))
		return call_failed(call);
	return operate_suits(call) ? next : STEP_REFUSE;
}

/* The tenant is in the path, or in a header (the SDK's health check sends an empty one), or the usual one. */
static const struct config_tenant *
tenant_of_drop_in(const struct call *call)
{
	const struct config *config = call->config;
	struct str name = route_part(&call->route, "tenant");
	const struct config_tenant *tenant;

	if (name.at)
		return tenant_of_path(config, name);
	name = front_header(call->request, "x-tenant-name");
	if (name.len == 0)
		return usual_tenant(call);
	tenant = tenant_of_path(config, name);
	return tenant ? tenant : tenant_called(config, name);
}

/* What is executed is short, and is checked as it comes back; the rest may be of any size. */
static bool
is_execution(unsigned operation)
{
	return operation <= CSPARK_OP_EXECUTE_V4;
}

static enum call_step
route_drop_in(struct call *call)
{
	enum call_step next;

	call->tenant = tenant_of_drop_in(call);
	if (!call->tenant)
		return call_fail(call, CSPARK_E_NO_SUCH_ROUTE, "no such tenant is configured");
	if (!find_coding(call))
		return call_fail(call, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
			"Spark takes the content codings gzip, deflate and br");
	if (!is_execution(call->operation)) {
		next = operate_route(call);
	} else {
		call_limit_body(call, "limits.max_body", call->config->limits.max_body);
		next = operate_read_path(call) ? CALL_PARKED : call_failed(call);
	}
	return next == CALL_PARKED && !permit_head(call) ? STEP_REFUSE : next;
}

/* The runner has a /status as well. Who asks for that one names a tenant, as all clients of Spark do. */
static void
tell_status_apart(struct call *call)
{
	const struct config *config = call->config;
	bool has_runner = false;

	if (call->route.kind != ROUTE_ADMIN || call->route.page != PAGE_STATUS ||
		!front_header(call->request, "x-tenant-name").at)
		return;
	for (size_t i = 0; i < config->tenant_count; i++)
		has_runner |= config->tenants[i].kind == CONFIG_HYBRID;
	if (has_runner)
		route_to_spark(CSPARK_OP_HYBRID_STATUS, &call->route);
}

/* A browser asks whether a page may, before it lets the page ask; credentials come only then. */
static bool
is_preflight(const struct call *call)
{
	return str_eq(call->method, STR("OPTIONS")) && front_origin(call->request).at &&
		front_header(call->request, "Access-Control-Request-Method").at;
}

static enum call_step
route_preflight(struct call *call)
{
	call->route.kind = ROUTE_PREFLIGHT;
	call->route.pattern = "preflight";
	call->operation = ROUTE_OP_LOCAL;
	return CALL_PARKED;
}

/* Answered here, without Spark. */
static bool
is_local(enum route_kind kind)
{
	return kind == ROUTE_TOKEN || kind == ROUTE_ADMIN || kind == ROUTE_PREFLIGHT;
}

enum call_step
intake_route(struct call *call)
{
	bool is_found;

	if (!call->listener)
		return call_fail(call, CSPARK_E_DRAINING,
			"this listener is not configured any more; ask at another address");
	if (!caller_is_allowed(call))
		return STEP_REFUSE;
	if (is_preflight(call))
		return route_preflight(call);
	is_found = route_find(
		call->method, front_path(call->request), &call->route, &call->allow, &call->error);
	if (!caller_is_known(call))
		return STEP_REFUSE;
	if (!is_found)
		return call_failed(call);
	tell_status_apart(call);
	call->operation = call->route.operation;
	if (!permit_group(call))
		return STEP_REFUSE;
	if (!is_local(call->route.kind) && !desk_let_in(call))
		return call_fail(call, CSPARK_E_DRAINING,
			"the gateway is being drained; ask another instance, or again later");
	switch (call->route.kind) {
	case ROUTE_EXECUTE:
		return route_execute(call);
	case ROUTE_OPERATION:
		return route_operation(call);
	case ROUTE_DROP_IN:
		return route_drop_in(call);
	case ROUTE_TOKEN:
	case ROUTE_ADMIN:
	case ROUTE_PREFLIGHT:
		break;
	}
	return CALL_PARKED;
}

/* No path takes a method that the front does not know; the route says which ones it takes. */
enum call_step
intake_refused(struct call *call, enum cspark_code refusal, const char *detail)
{
	if (refusal == CSPARK_E_METHOD_NOT_ALLOWED)
		return intake_route(call);
	return call_fail(call, refusal, "%s", detail);
}

/* All fields are looked at only if there is one that matters: most callers know nothing of traces. */
static void
name_trace(struct call *call)
{
	struct trace_fields fields = { .arena = &call->arena };

	if (front_header(call->request, "traceparent").at) {
		front_headers(call->request, trace_take, &fields);
		trace_continue(&call->trace, &fields, &call->desk->ids);
	} else {
		trace_begin(&call->trace, &call->desk->ids);
	}
}

void
intake_names(struct call *call)
{
	struct str id = front_header(call->request, "X-Request-Id");

	if (id.at && request_id_is_sane(id))
		memcpy(call->id, id.at, id.len);
	else
		request_id_fresh(&call->desk->ids, call->id);
	name_trace(call);
}
