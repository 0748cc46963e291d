#include "daemon/route.h"

#include <stdio.h>

#include "base/buf.h"

/*
 * The table of routes. The first pattern that fits the path decides; then the method must fit too.
 */
struct row {
	const char *methods; /* as the Allow header says them */
	const char *pattern;
	enum route_kind kind;
	unsigned operation;
	unsigned group; /* 0: needs no permission */
	enum route_page page;
	bool is_public;
};

#define LOCAL(path, group, page)                                                   \
	{                                                                          \
		"GET, HEAD", path, ROUTE_ADMIN, ROUTE_OP_LOCAL, group, page, false \
	}
#define SPARK(path, operation, is_public)                                                        \
	{                                                                                        \
		"POST", path, ROUTE_DROP_IN, CSPARK_OP_##operation, CONFIG_EXECUTE, 0, is_public \
	}

static const struct row table[] = {
	{ "GET, POST", "/execute/**", ROUTE_EXECUTE, CSPARK_OP_EXECUTE_V3, CONFIG_EXECUTE, 0, false },
	LOCAL("/healthz", 0, PAGE_HEALTHZ),
	LOCAL("/readyz", 0, PAGE_READYZ),
	LOCAL("/status", CONFIG_OPS, PAGE_STATUS),
	LOCAL("/metrics", CONFIG_OPS, PAGE_METRICS),
	{ "POST", "/auth/realms/*/protocol/openid-connect/token", ROUTE_TOKEN, ROUTE_OP_LOCAL, 0, 0, false },
	SPARK("/*/api/v3/folders/*/services/*/execute", EXECUTE_V3, false),
	SPARK("/*/api/v3/service/*", EXECUTE_V3, false),
	SPARK("/*/api/v3/version/*", EXECUTE_V3, false),
	SPARK("/*/api/v3/proxy/**", EXECUTE_V3, false),
	SPARK("/*/api/v3/public/folders/*/services/*/execute", EXECUTE_V3, true),
	SPARK("/*/api/v3/public/service/*", EXECUTE_V3, true),
	SPARK("/*/api/v3/public/version/*", EXECUTE_V3, true),
	SPARK("/*/api/v3/public/proxy/**", EXECUTE_V3, true),
	SPARK("/*/api/v3/execute", EXECUTE_V3_BODY, false),
	SPARK("/*/api/v3", EXECUTE_V3_BARE, false),
	SPARK("/*/api/v4/execute", EXECUTE_V4, false),
	SPARK("/*/api/v4/public/execute", EXECUTE_V4, true),
};

static const char *const operation_names[ROUTE_OPERATIONS] = {
#define X(NAME, name, group, class, base, method, path) name,
#include "lib/operations.def"
#undef X
	[ROUTE_OP_LOCAL] = "local",
	[ROUTE_OP_NONE] = "none",
};
const char *const *const route_operation_names = operation_names;

const char *
route_operation_name(unsigned operation)
{
	return operation < ROUTE_OPERATIONS ? operation_names[operation] : "none";
}

/* Whether a wildcard may take this segment. */
static bool
segment_is_plain(struct str segment)
{
	struct buf decoded;
	bool plain;

	if (segment.len == 0)
		return false;
	if (str_find(segment, '%') < 0)
		return !str_eq(segment, STR(".")) && !str_eq(segment, STR("..")) &&
			str_find(segment, '\\') < 0;
	buf_init(&decoded, segment.len + 1);
	plain = str_percent_decode(segment, false, &decoded) && !buf_failed(&decoded);
	if (plain) {
		struct str text = buf_text(&decoded);

		plain = !str_eq(text, STR(".")) && !str_eq(text, STR("..")) && str_find(text, '/') < 0 &&
			str_find(text, '\\') < 0 && !str_has_control(text) && str_is_utf8(text);
	}
	buf_fini(&decoded);
	return plain;
}

static bool
rest_is_plain(struct str rest)
{
	struct str segment;

	do {
		segment = str_cut(rest, '/', &rest);
		if (!segment_is_plain(segment))
			return false;
	} while (rest.at);
	return true;
}

/* Both begin behind a slash. <ret_rest>: see struct route. */
static bool
pattern_fits(struct str pattern, struct str path, struct str *ret_rest)
{
	struct str want, have;

	*ret_rest = (struct str){ NULL, 0 };
	for (;;) {
		if (str_eq(pattern, STR("**"))) {
			*ret_rest = path;
			return path.at && path.len > 0;
		}
		if (!pattern.at || !path.at)
			return !pattern.at && !path.at;
		want = str_cut(pattern, '/', &pattern);
		have = str_cut(path, '/', &path);
		if (str_eq(want, STR("*"))) {
			if (!segment_is_plain(have))
				return false;
			if (!ret_rest->at)
				*ret_rest = have;
		} else if (!str_eq(want, have)) {
			return false;
		}
	}
}

static bool
method_fits(struct str methods, struct str method)
{
	struct str one;

	while (methods.at) {
		one = str_trim(str_cut(methods, ',', &methods));
		if (str_eq(one, method))
			return true;
	}
	return false;
}

static bool
refuse(struct cspark_error *error, enum cspark_code code, const char *detail)
{
	error->code = code;
	snprintf(error->detail, sizeof error->detail, "%s", detail);
	return false;
}

bool
route_find(struct str method, struct str path, struct route *ret, const char **ret_allow,
	struct cspark_error *ret_error)
{
	struct str below = { path.at + 1, path.len - 1 };
	struct str rest;

	*ret_allow = NULL;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct row *row = &table[i];

		if (!pattern_fits(str_of(row->pattern + 1), below, &rest))
			continue;
		*ret = (struct route){ row->kind, row->pattern, row->operation, row->is_public, row->group,
			row->page, rest };
		if (!method_fits(str_of(row->methods), method)) {
			*ret_allow = row->methods;
			snprintf(ret_error->detail, sizeof ret_error->detail, "%s takes %s only",
				row->pattern, row->methods);
			ret_error->code = CSPARK_E_METHOD_NOT_ALLOWED;
			return false;
		}
		if (row->kind == ROUTE_DROP_IN && row->pattern[strlen(row->pattern) - 1] == '*' &&
			!rest_is_plain(rest))
			return refuse(ret_error, CSPARK_E_BAD_LOCATOR,
				"a path segment is empty, a dot or two, or hides a slash or a control");
		return true;
	}
	return refuse(ret_error, CSPARK_E_NO_SUCH_ROUTE,
		"nothing is served at this path; a service is executed at /execute/{folder}/{service}");
}
