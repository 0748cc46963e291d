#include "daemon/route.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "daemon/refuse.h"
#include "lib/cspark_operations.h"

/*
 * A pattern is made of segments: text, "{name}", text before a "{name}", "text?" whose last letter may be
 * missing, and at the end "{name?}", which may be empty or missing, or "**", the rest.
 */
struct row {
	const char *method; /* one of METHODS */
	char *pattern;      /* owned */
	enum route_kind kind;
	unsigned operation;
	unsigned group;
	enum route_page page;
	bool is_public;
};

enum { ROWS_MAX = 400, PATTERN_MAX = 160 };

static const char *const METHODS[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };

static struct row *rows;
static size_t row_count;
static char allow_texts[64][48]; /* every set of METHODS, as the Allow header says it */

static const char *const operation_names[ROUTE_OPERATIONS] = {
#define X(NAME, name, group, class, base, method, path, body, answer, verb, local, parameters, sdk, summary) \
	name,
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

/* ---- making the rows ---- */

/* What {public} and {locator} stand for. */
static const char *const LOCAL_LOCATORS[] = { "services/{folder}/{service}", "service/{service_id}",
	"version/{version_id}", NULL };
static const char *const SPARK_LOCATORS[] = { "folders/{folder}/services/{service}", "service/{service_id}",
	"version/{version_id}", NULL };
/* Ids and proxies are executed at their bare path. */
static const char *const EXECUTE_LOCATORS[] = { "folders/{folder}/services/{service}/execute",
	"service/{service_id}", "version/{version_id}", "proxy/**", NULL };
static const char *const PUBLIC[] = { "", "public/", NULL };

static unsigned
count_names(const char *pattern)
{
	unsigned count = 0;

	while ((pattern = strchr(pattern, '{'))) {
		pattern++;
		count++;
	}
	return count;
}

/* Bounds are checked here, where no caller's path can have a part in it. */
static bool
add_row(struct row row, const char *pattern)
{
	assert(row_count < ROWS_MAX && count_names(pattern) <= ROUTE_PARTS_MAX);
	row.pattern = strdup(pattern);
	if (!row.pattern)
		return false;
	rows[row_count++] = row;
	return true;
}

/* Puts each of <values> in the place of <name> in <pattern>; one after the other into <ret>. */
static bool
expand(const char *pattern, const char *name, const char *value, char ret[PATTERN_MAX])
{
	const char *at = strstr(pattern, name);
	int len;

	if (!at)
		return false;
	len = snprintf(ret, PATTERN_MAX, "%.*s%s%s", (int)(at - pattern), pattern, value, at + strlen(name));
	assert(len < PATTERN_MAX);
	return true;
}

static bool
add_located(struct row row, const char *pattern, const char *const *locators)
{
	char text[PATTERN_MAX];
	bool ok = true;

	if (!strstr(pattern, "{locator}"))
		return add_row(row, pattern);
	for (; *locators && ok; locators++) {
		expand(pattern, "{locator}", *locators, text);
		ok = add_row(row, text);
	}
	return ok;
}

static bool
add_spark(struct row row, const char *pattern)
{
	const char *const *locators = row.operation == CSPARK_OP_EXECUTE_V3 ? EXECUTE_LOCATORS :
									      SPARK_LOCATORS;
	char text[PATTERN_MAX];
	bool ok = true;

	if (!strstr(pattern, "{public}"))
		return add_located(row, pattern, locators);
	for (unsigned i = 0; PUBLIC[i] && ok; i++) {
		expand(pattern, "{public}", PUBLIC[i], text);
		row.is_public = i > 0;
		ok = add_located(row, text, locators);
	}
	return ok;
}

static struct row
row_of(enum route_kind kind, enum cspark_operation operation, const char *method)
{
	return (struct row){ .method = method,
		.kind = kind,
		.operation = operation,
		.group = cspark_operation_info(operation)->group };
}

static bool
add_local(enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);

	return info->local_path[0] == '\0' ||
		add_located(row_of(ROUTE_OPERATION, operation, info->local_method), info->local_path,
			LOCAL_LOCATORS);
}

static bool
add_drop_in(enum cspark_operation operation)
{
	static const char *const BASES[] = { [CSPARK_BASE_TENANT] = "/{tenant}/",
		[CSPARK_BASE_HOST] = "/",
		[CSPARK_BASE_REALM] = "/auth/realms/{tenant}/",
		[CSPARK_BASE_JOB] = NULL };
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	char pattern[PATTERN_MAX];

	if (info->path[0] == '\0')
		return true;
	snprintf(pattern, sizeof(pattern), "%s%s", BASES[info->base], info->path);
	return add_spark(row_of(ROUTE_DROP_IN, operation, info->method), pattern);
}

#define PAGE(path, group, page)                                               \
	{ "GET", path, ROUTE_ADMIN, ROUTE_OP_LOCAL, group, page, false },     \
	{                                                                     \
		"HEAD", path, ROUTE_ADMIN, ROUTE_OP_LOCAL, group, page, false \
	}
#define ORDER(path, page)                                                           \
	{                                                                           \
		"POST", path, ROUTE_ADMIN, ROUTE_OP_LOCAL, CSPARK_GROUP_OPS, page, false \
	}
#define INPUTS(method, path, operation)                                                            \
	{                                                                                          \
		method, path, ROUTE_EXECUTE, CSPARK_OP_##operation, CSPARK_GROUP_EXECUTE, 0, false \
	}

static const struct row OURS[] = {
	INPUTS("GET", (char *)"/execute/**", EXECUTE_V3),
	INPUTS("POST", (char *)"/execute/**", EXECUTE_V3),
	PAGE((char *)"/healthz", 0, PAGE_HEALTHZ),
	PAGE((char *)"/readyz", 0, PAGE_READYZ),
	PAGE((char *)"/status", CSPARK_GROUP_OPS, PAGE_STATUS),
	PAGE((char *)"/metrics", CSPARK_GROUP_OPS, PAGE_METRICS),
	PAGE((char *)"/openapi.json", 0, PAGE_OPENAPI),
	ORDER((char *)"/-/drain", PAGE_DRAIN),
	ORDER((char *)"/-/shutdown", PAGE_SHUTDOWN),
	{ "POST", (char *)"/auth/realms/*/protocol/openid-connect/token", ROUTE_TOKEN, ROUTE_OP_LOCAL, 0, 0,
		false },
	INPUTS("POST", (char *)"/validate/**", VALIDATE),
};

/* Any other path of Spark. */
static bool
add_raw(const char *pattern)
{
	static const char *const CHANGES[] = { "POST", "PUT", "PATCH", "DELETE" };
	bool ok = add_row(row_of(ROUTE_DROP_IN, CSPARK_OP_RAW_READ, "GET"), pattern) &&
		add_row(row_of(ROUTE_DROP_IN, CSPARK_OP_RAW_READ, "HEAD"), pattern);

	for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES && ok; i++)
		ok = add_row(row_of(ROUTE_DROP_IN, CSPARK_OP_RAW_CHANGE, CHANGES[i]), pattern);
	return ok;
}

/* What is called most comes first: the order is that of the search. */
static bool
add_rows(void)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof OURS / sizeof *OURS && ok; i++)
		ok = add_row(OURS[i], OURS[i].pattern);
	for (unsigned i = 0; i <= CSPARK_OP_EXECUTE_V4 && ok; i++)
		ok = add_drop_in(i);
	for (unsigned i = 0; i < CSPARK_OPERATIONS && ok; i++)
		ok = add_local(i);
	for (unsigned i = CSPARK_OP_EXECUTE_V4 + 1; i < CSPARK_OPERATIONS && ok; i++)
		ok = add_drop_in(i);
	return ok && add_raw("/{tenant}/api/**") && add_raw("/api/**");
}

static void
write_allow_texts(void)
{
	for (unsigned set = 0; set < 64; set++) {
		size_t len = 0;

		for (unsigned i = 0; i < 6; i++) {
			if (set >> i & 1)
				len += (size_t)snprintf(allow_texts[set] + len, sizeof *allow_texts - len,
					"%s%s", len ? ", " : "", METHODS[i]);
		}
	}
}

static unsigned
method_bit(const char *method)
{
	unsigned i = 0;

	while (strcmp(METHODS[i], method) != 0)
		i++;
	return 1u << i;
}

bool
route_init(void)
{
	if (rows)
		return true;
	write_allow_texts();
	rows = calloc(ROWS_MAX, sizeof *rows);
	return rows && add_rows();
}

void
route_fini(void)
{
	for (size_t i = 0; i < row_count; i++)
		free(rows[i].pattern);
	free(rows);
	rows = NULL;
	row_count = 0;
}

/* ---- comparing ---- */

/* Whether a name may stand here. */
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

static void
keep_part(struct route *route, struct str name, struct str value)
{
	assert(route->part_count < ROUTE_PARTS_MAX);
	route->parts[route->part_count].name = name;
	route->parts[route->part_count++].value = value;
}

static bool
text_fits(const struct row *row, struct str want, struct str have)
{
	if (row->kind != ROUTE_DROP_IN)
		return str_eq(want, have);
	if (want.len > 0 && want.at[want.len - 1] == '?') {
		want.len--;
		if (str_eq_nocase(want, have))
			return true;
		want.len--;
	}
	return str_eq_nocase(want, have);
}

/* One segment of a pattern that has a name in it. */
static bool
name_fits(const struct row *row, struct str want, struct str have, struct route *ret)
{
	struct str name, text = str_cut(want, '{', &name);
	bool optional;

	name.len--;
	optional = name.at[name.len - 1] == '?';
	name.len -= optional;
	if (have.len < text.len || !text_fits(row, text, str_range(have.at, text.len)))
		return false;
	have = str_range(have.at + text.len, have.len - text.len);
	if (have.len == 0 ? !optional : !segment_is_plain(have))
		return false;
	keep_part(ret, name, have);
	return true;
}

/* Both begin behind a slash. */
static bool
pattern_fits(const struct row *row, struct str path, struct route *ret)
{
	struct str pattern = str_of(row->pattern + 1), want, have;

	ret->part_count = 0;
	ret->rest = (struct str){ NULL, 0 };
	for (;;) {
		if (str_eq(pattern, STR("**"))) {
			ret->rest = path;
			return path.at && path.len > 0;
		}
		if (pattern.at && !path.at && str_ends(pattern, STR("?}")) && str_find(pattern, '/') < 0)
			return true;
		if (!pattern.at || !path.at)
			return !pattern.at && !path.at;
		want = str_cut(pattern, '/', &pattern);
		have = str_cut(path, '/', &path);
		if (want.len > 0 && want.at[want.len - 1] == '}') {
			if (!name_fits(row, want, have, ret))
				return false;
		} else if (str_eq(want, STR("*"))) {
			if (!segment_is_plain(have))
				return false;
		} else if (!text_fits(row, want, have)) {
			return false;
		}
	}
}

/* ---- finding ---- */

static void
take_row(const struct row *row, struct route *ret)
{
	ret->kind = row->kind;
	ret->pattern = row->pattern;
	ret->operation = row->operation;
	ret->is_public = row->is_public;
	ret->group = row->group;
	ret->page = row->page;
}

/* Spark's paths may end in anything that is still below them. */
static bool
check_rest(const struct route *route, struct cspark_error *ret_error)
{
	if (route->kind != ROUTE_DROP_IN || !route->rest.at || rest_is_plain(route->rest))
		return true;
	return refuse(ret_error, CSPARK_E_BAD_LOCATOR,
		"a path segment is empty, a dot or two, or hides a slash or a control");
}

bool
route_find(struct str method, struct str path, struct route *ret, const char **ret_allow,
	struct cspark_error *ret_error)
{
	struct str below = { path.at + 1, path.len - 1 };
	struct route first = { .pattern = NULL };
	unsigned methods = 0;

	*ret_allow = NULL;
	*ret = (struct route){ .pattern = NULL };
	for (size_t i = 0; i < row_count; i++) {
		if (!pattern_fits(&rows[i], below, ret))
			continue;
		take_row(&rows[i], ret);
		if (str_eq(str_of(rows[i].method), method))
			return check_rest(ret, ret_error);
		if (methods == 0)
			first = *ret;
		methods |= method_bit(rows[i].method);
	}
	if (methods == 0)
		return refuse(ret_error, CSPARK_E_NO_SUCH_ROUTE,
			"nothing is served here; a service is executed at /execute/{folder}/{service}, "
			"/openapi.json tells the rest");
	*ret = first;
	*ret_allow = allow_texts[methods];
	return refuse(ret_error, CSPARK_E_METHOD_NOT_ALLOWED, "%s takes %s only", first.pattern, *ret_allow);
}

void
route_to_spark(enum cspark_operation operation, struct route *ret)
{
	for (size_t i = 0; i < row_count; i++) {
		if (rows[i].kind == ROUTE_DROP_IN && rows[i].operation == operation)
			take_row(&rows[i], ret);
	}
}

struct str
route_part(const struct route *route, const char *name)
{
	for (unsigned i = 0; i < route->part_count; i++) {
		if (str_eq(route->parts[i].name, str_of(name)))
			return route->parts[i].value;
	}
	return (struct str){ NULL, 0 };
}
