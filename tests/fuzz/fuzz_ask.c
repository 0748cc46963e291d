/*
 * Any operation asked with any query, path and body: a request that is whole, or a refusal with a sentence.
 * The input: the operation's name ('!' before it: in public), '?', the arguments as a query, a NUL, the body.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "lib/bytes.h"
#include "lib/cspark_operations.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { ARGUMENTS_MAX = 40 };

/* "a=b&c=%20"; what is no percent-encoding stays as it is. */
static size_t
read_arguments(struct str query, struct cspark_argument list[ARGUMENTS_MAX], struct buf *texts)
{
	size_t count = 0;

	while (query.len > 0 && count < ARGUMENTS_MAX) {
		struct str value, name = str_cut(str_cut(query, '&', &query), '=', &value);
		size_t at = texts->len;

		list[count].name = bytes_of_str(name);
		if (str_percent_decode(value, true, texts))
			value = str_range(texts->data + at, texts->len - at);
		list[count++].value = bytes_of_str(value);
	}
	return count;
}

/* Each segment is a name in unreserved characters and escapes, none of them "." or "..", nor empty but for
 * the last. */
static void
check_path(const char *path, bool is_bare)
{
	struct str query, rest = str_cut(str_of(path), '?', &query), segment;

	FUZZ_REQUIRE(path[0] == '/' && (!is_bare || !query.at), "%s", path);
	FUZZ_REQUIRE(
		path[strspn(path,
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/?&=")] == '\0',
		"%s", path);
	rest = str_range(rest.at + 1, rest.len - 1);
	while (rest.at) {
		segment = str_cut(rest, '/', &rest);
		FUZZ_REQUIRE(segment.len > 0 || !rest.at, "%s has an empty segment", path);
		FUZZ_REQUIRE(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")), "%s", path);
	}
}

static bool
has_query(const struct cspark_operation_info *info)
{
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (p->place == CSPARK_IN_QUERY)
			return true;
	}
	return false;
}

static void
check_parts(const struct cspark_request *request)
{
	const struct cspark_part *first = &request->parts[0];

	FUZZ_REQUIRE(request->part_count > 0, "no parts");
	FUZZ_REQUIRE(request->parts[request->part_count - 1].file_name, "the last part is no file");
	for (size_t i = 0; i < request->part_count; i++)
		FUZZ_REQUIRE(request->parts[i].name[0], "a part without a name");
	FUZZ_REQUIRE(!strstr(first->name, "Entity") || json_valid(first->text.at, first->text.len, NULL),
		"%s", first->text.at);
}

static void
check_body(const struct cspark_operation_info *info, const struct cspark_request *request)
{
	struct str body = { request->body, request->body_len };

	switch (info->body) {
	case CSPARK_BODY_NONE:
		FUZZ_REQUIRE(!body.at, "%s has a body", info->name);
		break;
	case CSPARK_BODY_PARTS:
		check_parts(request);
		break;
	case CSPARK_BODY_FORM:
		FUZZ_REQUIRE(body.len > 0 && strlen(body.at) == body.len, "a form that is cut");
		break;
	case CSPARK_BODY_FIELDS:
	case CSPARK_BODY_DATA:
		FUZZ_REQUIRE(json_kind_of(body) == JSON_OBJECT, "%s", body.at);
		/* fall through */
	case CSPARK_BODY_JSON:
		FUZZ_REQUIRE(json_valid(body.at, body.len, NULL), "%s", body.at);
		break;
	}
}

static void
check(const struct cspark_ask *ask)
{
	const struct cspark_operation_info *info = cspark_operation_info(ask->operation);
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = cspark_operation_request("acme", ask, &error);

	if (!request) {
		FUZZ_REQUIRE(error.code != CSPARK_OK && error.detail[0], "a refusal without a reason");
		return;
	}
	check_path(request->path, !has_query(info));
	check_body(info, request);
	cspark_request_free(request);
}

/* Jobs and files are no requests; transforms and certificates are made elsewhere. */
static bool
is_a_row(const struct cspark_operation_info *info)
{
	return info->base == CSPARK_BASE_TENANT ? info->path[0] != '\0' : info->base == CSPARK_BASE_HOST;
}

/* A name that is none means one all the same, so that every input is of use. */
static enum cspark_operation
operation_called(struct str name)
{
	unsigned sum = 0;

	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		if (str_eq(name, str_of(cspark_operation_name(i))))
			return i;
	}
	for (size_t i = 0; i < name.len; i++)
		sum += (unsigned char)name.at[i];
	return (enum cspark_operation)(sum % CSPARK_OPERATIONS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cspark_source SOURCE = { 0, 1 };
	struct cspark_argument arguments[ARGUMENTS_MAX];
	struct cspark_ask ask = { .arguments = arguments, .source = &SOURCE, .now_s = 1709208000 };
	struct str name, query, body, rest = str_cut(str_range((const char *)data, size), '\0', &body);
	struct buf texts;

	name = str_cut(rest, '?', &query);
	ask.is_public = str_starts(name, STR("!"));
	ask.operation = operation_called(ask.is_public ? str_range(name.at + 1, name.len - 1) : name);
	if (body.at)
		ask.body = bytes_of_str(body);
	buf_init(&texts, size + 1);
	if (!is_a_row(cspark_operation_info(ask.operation)) || !buf_reserve(&texts, size + 1))
		return 0;
	ask.argument_count = read_arguments(query, arguments, &texts);
	check(&ask);
	buf_fini(&texts);
	return 0;
}
