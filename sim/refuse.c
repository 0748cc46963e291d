#include "sim/refuse.h"

#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/options.h"

#include <math.h>

static void
put_v3(struct buf *out, int status, const char *message)
{
	const char *category = status == 401 ? "access_error" : "application_error";
	const char *type = status == 401 || status == 403 ? "error.UNAUTHORIZED" : "error.application_error";

	compose(out,
		"{'status':'Error','response_data':null,'response_meta':null,'error':{"
		"'error_category':'%s','error_type':'%s','message':%q,'additional_details':null}}",
		category, type, message);
}

/* A v1 call without credentials gets no body at all. */
static void
put_v1(struct exchange *ex, int status, const char *code, const char *message)
{
	if (status == 401) {
		answer_reset(&ex->answer, status, NULL);
		buf_put_str(&ex->answer.headers, STR("WWW-Authenticate: Bearer\r\n"));
		return;
	}
	compose(&ex->answer.body, "{'status':'Error','data':null,'message':%q,'errorCode':%q}", message,
		code);
}

void
refuse_v1(struct exchange *ex, const char *code, const char *message)
{
	refuse(ex, FAMILY_V1, 200, code, message);
}

void
refuse(struct exchange *ex, enum family family, int status, const char *code, const char *message)
{
	struct buf *body = &ex->answer.body;

	answer_reset(&ex->answer, status, "application/json; charset=utf-8");
	if (family == FAMILY_V1)
		put_v1(ex, status, code, message);
	else if (family != FAMILY_V4)
		put_v3(body, status, code);
	else if (status == 401)
		buf_printf(body, "{\"status\":\"Error\",\"errorCode\":\"%s\"}", code);
	else
		compose(body, "{'type':'invalid_input','code':%q,'message':%q}", code, message);
}

void
refuse_oversized(struct exchange *ex, enum family family, int status)
{
	stats_add(&ex->world->stats, STAT_oversized, 1);
	refuse(ex, family, status, "REQUEST_TOO_LARGE", "the request is too large");
}

void
refuse_for_now(struct exchange *ex, enum family family, double wait_s)
{
	int header = (int)limit_get(&ex->world->limits, LIMIT_retry_header);

	stats_add(&ex->world->stats, STAT_throttled, 1);
	refuse(ex, family, 429, "TOO_MANY_REQUESTS", "too many requests");
	if (header == 1)
		buf_printf(&ex->answer.headers, "Retry-After: %ld\r\n", (long)ceil(wait_s));
	else if (header == 2)
		buf_printf(&ex->answer.headers, "x-retry-after: %.3f\r\n", wait_s + 0.0005);
}

static bool
bearer_is_good(struct exchange *ex, struct str header)
{
	const struct options *opt = ex->world->options;
	struct str token, scheme = str_cut(header, ' ', &token);

	if (!str_eq_nocase(scheme, STR("bearer")) || token.len == 0)
		return false;
	if (opt->bearer && str_eq_constant_time(str_of(opt->bearer), token))
		return true;
	return tokens_accept(&ex->world->tokens, token);
}

bool
refuse_strangers(struct exchange *ex, enum family family, bool open, bool keys)
{
	const struct options *opt = ex->world->options;
	struct str bearer = request_header(&ex->request, STR("authorization"));
	struct str key = request_header(&ex->request, STR("x-synthetic-key"));
	struct str tenant = request_header(&ex->request, STR("x-tenant-name"));
	bool good = open;

	if (bearer.at)
		good = open || bearer_is_good(ex, bearer);
	else if (key.at)
		good = open || (keys && tenant.at && str_eq_constant_time(str_of(opt->api_key), key));
	if (!good) {
		stats_add(&ex->world->stats, STAT_unauthorized, 1);
		refuse(ex, family, 401, "INVALID_TOKEN", "invalid token");
		return false;
	}
	if (tenant.at && !str_eq(tenant, str_of(opt->tenant))) {
		refuse(ex, family, 400, "TENANT_MISMATCH", "the tenant is another one");
		return false;
	}
	return true;
}

bool
refuse_bad_json(struct exchange *ex, enum family family)
{
	struct str body = request_body(&ex->request), rest;
	struct str type = request_header(&ex->request, STR("content-type"));

	if (body.len == 0 || str_eq(str_trim(body), STR("null")))
		return true;
	if (!str_eq_nocase(str_trim(str_cut(type, ';', &rest)), STR("application/json"))) {
		refuse(ex, family, 415, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json");
		return false;
	}
	if (json_valid(body.at, body.len, NULL))
		return true;
	refuse(ex, family, 400, "INVALID_JSON", "the body must be JSON");
	return false;
}

bool
refuse_bad_body(struct exchange *ex, enum family family)
{
	struct str body = request_body(&ex->request);

	if (!refuse_bad_json(ex, family))
		return false;
	if (json_is_null(body) || json_kind_of(body) == JSON_OBJECT)
		return true;
	refuse(ex, family, 400, "INVALID_JSON", "the body must be a JSON object");
	return false;
}
