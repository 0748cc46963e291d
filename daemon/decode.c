#include "daemon/decode.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/decode_form.h"
#include "daemon/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a form writes may be longer than what it reads: an empty cell becomes null, a control character
 * \u0000. The bytes
 * received are what is limited; this bounds the memory. */
#define GROWTH     8
#define GROWTH_MIN 4096

/* -- what the head says ------------------------------------------------------- */

static const struct media_type {
	const char *name;
	enum decode_form form;
} media_types[] = {
	{ "application/json", DECODE_JSON },
	{ "application/x-ndjson", DECODE_NDJSON },
	{ "application/jsonl", DECODE_NDJSON },
	{ "text/csv", DECODE_CSV },
	{ "application/x-www-form-urlencoded", DECODE_FORM },
};

static const struct coding {
	const char *name;
	enum decode_coding coding;
} codings[] = {
	{ "", DECODE_IDENTITY },
	{ "identity", DECODE_IDENTITY },
	{ "gzip", DECODE_GZIP },
	{ "x-gzip", DECODE_GZIP },
	{ "deflate", DECODE_DEFLATE },
};

static bool
find_form(struct str type, enum decode_form *ret)
{
	for (size_t i = 0; i < COUNT(media_types); i++) {
		if (str_eq_nocase(type, str_of(media_types[i].name))) {
			*ret = media_types[i].form;
			return true;
		}
	}
	*ret = DECODE_JSON;
	return type.len > 5 && str_eq_nocase(str_range(type.at + type.len - 5, 5), STR("+json"));
}

static struct str
without_quotes(struct str text)
{
	if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
		return str_range(text.at + 1, text.len - 2);
	return text;
}

/* Parameters that do not change the meaning pass; those that say something that is not understood are
 * refused. */
static bool
check_type_parameter(struct str parameter, struct cspark_error *ret_error)
{
	struct str value;
	struct str name = str_trim(str_cut(parameter, '=', &value));

	value = without_quotes(str_trim(value));
	if (str_eq_nocase(name, STR("charset")) && !str_eq_nocase(value, STR("utf-8")) &&
		!str_eq_nocase(value, STR("utf8")) && !str_eq_nocase(value, STR("us-ascii")))
		return refuse(ret_error, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
			"The charset %.*s is not understood: convert the body to UTF-8.", STR_ARG(value));
	if (str_eq_nocase(name, STR("header")) && str_eq_nocase(value, STR("absent")))
		return refuse(ret_error, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
			"CSV needs a header row with the names of the inputs.");
	return true;
}

bool
decode_form_of(struct str content_type, enum decode_form *ret, struct cspark_error *ret_error)
{
	struct str rest;
	struct str type;

	*ret = DECODE_JSON;
	type = str_trim(str_cut(content_type, ';', &rest));
	if (type.len == 0)
		return true;
	if (!find_form(type, ret))
		return refuse(ret_error, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
			"%.*s is not understood; a body is application/json, application/x-ndjson, "
			"application/jsonl, text/csv or application/x-www-form-urlencoded.",
			(int)(type.len < 64 ? type.len : 64), type.at);
	while (rest.len > 0) {
		if (!check_type_parameter(str_cut(rest, ';', &rest), ret_error))
			return false;
	}
	return true;
}

bool
decode_coding_of(struct str content_encoding, enum decode_coding *ret, struct cspark_error *ret_error)
{
	struct str name = str_trim(content_encoding);

	for (size_t i = 0; i < COUNT(codings); i++) {
		if (str_eq_nocase(name, str_of(codings[i].name))) {
			*ret = codings[i].coding;
			return true;
		}
	}
	return refuse(ret_error, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
		"The content coding %.*s is not understood; gzip and deflate are.",
		(int)(name.len < 64 ? name.len : 64), name.at);
}

/* -- what the forms share -------------------------------------------------------- */

bool
decode_no_memory(struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the body.");
}

bool
decode_keep(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	return buf_put(&decode->text, data, len) || decode_no_memory(ret_error);
}

bool
decode_count(struct decode *decode, struct cspark_error *ret_error)
{
	if (decode->records >= decode->limits.max_records)
		return refuse(ret_error, CSPARK_E_BODY_TOO_LARGE, "The body holds more than %llu records.",
			(unsigned long long)decode->limits.max_records);
	decode->records++;
	return true;
}

bool
decode_too_long(
	const struct decode *decode, const char *unit, uint64_t number, struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_BODY_TOO_LARGE,
		"%s %" PRIu64 ": a record of a list has at most %" PRIu64 " bytes; "
		"send this one by itself, as a JSON object.",
		unit, number, decode_max_record(decode));
}

/* -- the body ---------------------------------------------------------------------- */

static const struct decode_form_ops *const forms[] = {
	[DECODE_JSON] = &decode_json_ops,
	[DECODE_NDJSON] = &decode_ndjson_ops,
	[DECODE_CSV] = &decode_csv_ops,
	[DECODE_FORM] = &decode_formdata_ops,
};

/* Once all is said that matters. */
static void
make_ready(struct decode *decode)
{
	if (!decode->is_ready && decode->ops->init)
		decode->ops->init(decode);
	decode->is_ready = true;
}

/* Of what may be either the first byte decides, before its piece is measured. */
static void
look_for_list(struct decode *decode, const char *data, size_t len)
{
	for (; len > 0; data++, len--) {
		if (*data != ' ' && *data != '\t' && *data != '\r' && *data != '\n') {
			decode->is_list = *data == '[';
			decode->begun = true;
			return;
		}
	}
}

static uint64_t
max_received(const struct decode *decode)
{
	const struct decode_limits *limits = &decode->limits;

	return decode_streams(decode) && limits->max_list ? limits->max_list : limits->max_body;
}

/* A piece of the body as the caller wrote it. */
static bool
feed_plain(void *arg, const char *data, size_t len, struct cspark_error *ret_error)
{
	struct decode *decode = arg;
	uint64_t max;

	make_ready(decode);
	if (!decode->begun)
		look_for_list(decode, data, len);
	max = max_received(decode);
	if (decode->received > max || len > max - decode->received)
		return refuse(ret_error, CSPARK_E_BODY_TOO_LARGE,
			"The body is larger than %" PRIu64 " bytes%s.", max,
			decode->inflate ? " when it is unpacked" : "");
	decode->received += len;
	return decode->ops->feed(decode, data, len, ret_error);
}

static size_t
max_text(const struct decode_limits *limits)
{
	uint64_t max = limits->max_body > limits->max_record ? limits->max_body : limits->max_record;

	if (max > (SIZE_MAX - GROWTH_MIN) / GROWTH)
		return SIZE_MAX;
	return (size_t)max * GROWTH + GROWTH_MIN;
}

struct decode *
decode_new(enum decode_form form, enum decode_coding coding, const struct decode_limits *limits)
{
	struct decode *decode = calloc(1, sizeof(*decode));

	if (!decode)
		return NULL;
	decode->ops = forms[form];
	decode->begun = decode->is_list = form == DECODE_NDJSON || form == DECODE_CSV;
	decode->limits = *limits;
	buf_init(&decode->text, max_text(limits));
	decode->dialect = CSV_USUAL;
	if (coding != DECODE_IDENTITY) {
		decode->inflate = inflate_new(coding == DECODE_GZIP, feed_plain, decode);
		if (!decode->inflate) {
			decode_free(decode);
			return NULL;
		}
	}
	return decode;
}

void
decode_free(struct decode *decode)
{
	if (!decode)
		return;
	if (decode->is_ready && decode->ops->fini)
		decode->ops->fini(decode);
	inflate_free(decode->inflate);
	buf_fini(&decode->text);
	free(decode);
}

void
decode_set_sink(struct decode *decode, const struct decode_sink *sink)
{
	assert(decode->received == 0);
	decode->sink = *sink;
}

void
decode_set_dialect(struct decode *decode, struct csv_dialect dialect)
{
	assert(decode->received == 0);
	decode->dialect = dialect;
}

bool
decode_feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	if (decode->inflate)
		return inflate_feed(decode->inflate, data, len, ret_error);
	return feed_plain(decode, data, len, ret_error);
}

bool
decode_end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	*ret = (struct ask){ .kind = ASK_ONE };
	if (decode->inflate && !inflate_end(decode->inflate, ret_error))
		return false;
	make_ready(decode);
	return decode->ops->end(decode, ret, ret_error);
}
