#include "daemon/control.h"

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/accept.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SHOWN_BYTES  64 /* of a caller's text in an error */
#define ESCAPED_MAX  6  /* what one byte may become in a JSON string */

/* A query that is being read. */
struct reading {
	struct control *control;
	struct arena *arena;
	uint32_t seen; /* a bit for each control parameter */
	bool format_given;
	struct buf name, value; /* decoded, of the parameter under way */
	struct buf inputs;      /* a JSON object without its closing brace */
	struct cspark_error *ret_error;
};

static bool
refuse_value(struct reading *reading, const char *name, const char *wanted)
{
	return refuse(reading->ret_error, CSPARK_E_BAD_PARAMETER, "%s takes %s.", name, wanted);
}

/* -- values as JSON ------------------------------------------------------------ */

bool
control_put_value(struct str text, struct buf *out)
{
	if (json_is_scalar(text))
		return buf_put_str(out, text);
	if (!str_is_utf8(text))
		return false;
	json_quote(text, out);
	return !buf_failed(out);
}

/* One more member of the object that <out> holds without its closing brace. */
static bool
put_input(struct str name, struct str value, struct buf *out, struct cspark_error *ret_error)
{
	int shown = (int)(name.len < SHOWN_BYTES ? name.len : SHOWN_BYTES);

	if (name.len == 0)
		return refuse(ret_error, CSPARK_E_BAD_PARAMETER, "An input has no name.");
	if (!str_is_utf8(name))
		return refuse(ret_error, CSPARK_E_BAD_PARAMETER, "The name of an input is not valid UTF-8.");
	buf_put_char(out, out->len > 0 ? ',' : '{');
	json_quote(name, out);
	buf_put_char(out, ':');
	if (control_put_value(value, out))
		return true;
	if (buf_failed(out))
		return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the inputs.");
	return refuse(
		ret_error, CSPARK_E_BAD_PARAMETER, "The value of %.*s is not valid UTF-8.", shown, name.at);
}

/* -- one parameter after the other --------------------------------------------------- */

typedef bool parameter_fn(void *arg, struct str name, struct str value, struct cspark_error *ret_error);

static bool
decode_text(struct str raw, struct buf *out, struct cspark_error *ret_error)
{
	buf_clear(out);
	if (str_percent_decode(raw, true, out))
		return true;
	if (buf_failed(out))
		return refuse(
			ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the parameters.");
	return refuse(ret_error, CSPARK_E_BAD_PARAMETER,
		"A percent sign without two hexadecimal digits in %.*s.",
		(int)(raw.len < SHOWN_BYTES ? raw.len : SHOWN_BYTES), raw.at);
}

static struct str
text_of(const struct buf *buf)
{
	return buf->len > 0 ? buf_text(buf) : STR("");
}

static bool
each_parameter(struct str text, struct buf *name, struct buf *value, parameter_fn *take, void *arg,
	struct cspark_error *ret_error)
{
	while (text.len > 0) {
		struct str raw_value;
		struct str pair = str_cut(text, '&', &text);
		struct str raw_name = str_cut(pair, '=', &raw_value);

		if (pair.len == 0)
			continue;
		if (!decode_text(raw_name, name, ret_error) || !decode_text(raw_value, value, ret_error) ||
			!take(arg, text_of(name), text_of(value), ret_error))
			return false;
	}
	return true;
}

static bool
take_form_input(void *arg, struct str name, struct str value, struct cspark_error *ret_error)
{
	return put_input(name, value, arg, ret_error);
}

bool
control_form_object(struct str form, struct buf *out, struct cspark_error *ret_error)
{
	struct buf name, value, object;
	bool ok;

	buf_init(&name, form.len);
	buf_init(&value, form.len);
	buf_init(&object, out->max_bytes);
	ok = each_parameter(form, &name, &value, take_form_input, &object, ret_error);
	if (ok) {
		buf_put_str(out, object.len > 0 ? buf_text(&object) : STR("{"));
		ok = buf_put_char(out, '}') ||
			refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the inputs.");
	}
	buf_fini(&object);
	buf_fini(&value);
	buf_fini(&name);
	return ok;
}

/* -- the daemon's own parameters ----------------------------------------------------- */

static bool
take_flag(struct reading *reading, const char *name, struct str value, bool *ret)
{
	*ret = value.len == 0 || str_eq(value, STR("true")) || str_eq(value, STR("1"));
	return *ret || str_eq(value, STR("false")) || str_eq(value, STR("0")) ||
		refuse_value(reading, name, "true or false");
}

static bool
take_tenant(struct reading *reading, struct str value)
{
	if (value.len == 0)
		return refuse_value(reading, "_tenant", "the name of a configured tenant");
	reading->control->tenant = value;
	return true;
}

static bool
take_timeout(struct reading *reading, struct str value)
{
	uint64_t *timeout_ms = &reading->control->timeout_ms;

	return (str_to_u64(value, CONTROL_TIMEOUT_MAX_MS, timeout_ms) && *timeout_ms > 0) ||
		refuse_value(reading, "_timeout", "milliseconds from 1 to 3600000");
}

static bool
take_format(struct reading *reading, struct str value)
{
	reading->format_given = true;
	return accept_format_named(value, &reading->control->format) ||
		refuse_value(reading, "_format", "json, ndjson, csv or text");
}

static bool
take_shape(struct reading *reading, struct str value)
{
	static const struct shape {
		const char *name;
		enum cspark_shape shape;
	} shapes[] = { { "simple", CSPARK_SIMPLE }, { "alike", CSPARK_ALIKE },
		{ "original", CSPARK_ORIGINAL } };

	for (size_t i = 0; i < COUNT(shapes); i++) {
		if (str_eq(value, str_of(shapes[i].name))) {
			reading->control->shape = shapes[i].shape;
			reading->control->shape_given = true;
			return true;
		}
	}
	return refuse_value(reading, "_shape", "simple, alike or original");
}

static bool
take_public(struct reading *reading, struct str value)
{
	return take_flag(reading, "_public", value, &reading->control->is_public);
}

static bool
take_strict(struct reading *reading, struct str value)
{
	return take_flag(reading, "_strict", value, &reading->control->strict);
}

static bool
take_engine(struct reading *reading, struct str value)
{
	enum control_engine *engine = &reading->control->engine;

	*engine = str_eq(value, STR("batch")) ? CONTROL_BATCH :
		str_eq(value, STR("sync"))    ? CONTROL_SYNC :
						CONTROL_AUTO;
	return *engine != CONTROL_AUTO || str_eq(value, STR("auto")) ||
		refuse_value(reading, "_engine", "auto, sync or batch");
}

static bool
take_meta(struct reading *reading, struct str value)
{
	struct json_error where;

	if (!json_valid(value.at, value.len, &where))
		return refuse(reading->ret_error, CSPARK_E_BAD_PARAMETER,
			"_meta takes a JSON object, but column %llu: %s.", (unsigned long long)where.column,
			where.reason);
	if (json_kind_of(value) != JSON_OBJECT)
		return refuse_value(reading, "_meta", "a JSON object");
	reading->control->meta.more = bytes_of_str(value);
	return true;
}

static bool
take_type(struct reading *reading, struct str value)
{
	reading->control->validation = value;
	return str_eq(value, STR("static")) || str_eq(value, STR("dynamic")) ||
		refuse_value(reading, "_type", "static or dynamic");
}

static bool
take_separator(struct reading *reading, struct str value)
{
	reading->control->dialect_given = reading->control->dialect.is_said = true;
	return csv_separator_named(value, &reading->control->dialect.separator) ||
		refuse_value(reading, "_separator", "a comma, a semicolon, | or tab");
}

static bool
take_decimal(struct reading *reading, struct str value)
{
	reading->control->dialect_given = true;
	if (!str_eq(value, STR(".")) && !str_eq(value, STR(",")))
		return refuse_value(reading, "_decimal", "a point or a comma");
	reading->control->dialect.decimal = *value.at;
	return true;
}

static const struct own_parameter {
	const char *name;
	bool (*take)(struct reading *reading, struct str value);
} own_parameters[] = {
	{ "_tenant", take_tenant }, { "_timeout", take_timeout }, { "_format", take_format },
	{ "_shape", take_shape }, { "_public", take_public }, { "_strict", take_strict },
	{ "_meta", take_meta }, { "_engine", take_engine },
	{ "_separator", take_separator }, { "_decimal", take_decimal },
	{ "_type", take_type }, /* of validations only; the last */
};

/* -- the query -------------------------------------------------------------------------- */

_Static_assert(CSPARK_META_FIELDS + COUNT(own_parameters) <= 32, "a bit for each control parameter");

/* Index into the control parameters, Spark's first; -1: none of that name. */
static int
find_control(const struct control *control, struct str name)
{
	enum cspark_meta_field field = cspark_meta_find(bytes_of_str(name));

	if (field != CSPARK_META_FIELDS)
		return (int)field;
	for (size_t i = 0; i < COUNT(own_parameters) - !control->validates; i++) {
		if (str_eq(name, str_of(own_parameters[i].name)))
			return (int)(CSPARK_META_FIELDS + i);
	}
	return -1;
}

/* Flags are said in one way, whoever they are for. */
static struct str
normal_flag(int index, struct str value)
{
	if (index != CSPARK_META_ECHO && index != CSPARK_META_DEBUG && index != CSPARK_META_EXCEL)
		return value;
	if (value.len == 0 || str_eq(value, STR("1")))
		return STR("true");
	return str_eq(value, STR("0")) ? STR("false") : value;
}

static bool
take_control(struct reading *reading, int index, struct str name, struct str value)
{
	struct str kept = arena_copy(reading->arena, normal_flag(index, value));

	if (!kept.at)
		return refuse(reading->ret_error, CSPARK_E_OVERLOADED,
			"There is not enough memory for the parameters.");
	if (reading->seen >> index & 1)
		return refuse(
			reading->ret_error, CSPARK_E_BAD_PARAMETER, "%.*s is there twice.", STR_ARG(name));
	reading->seen |= UINT32_C(1) << index;
	if (index < (int)CSPARK_META_FIELDS)
		return cspark_meta_set(&reading->control->meta, (enum cspark_meta_field)index,
			bytes_of_str(kept), reading->ret_error);
	return own_parameters[index - (int)CSPARK_META_FIELDS].take(reading, kept);
}

/* GET: what is no control parameter is an input. */
static bool
take_parameter(void *arg, struct str name, struct str value, struct cspark_error *ret_error)
{
	struct reading *reading = arg;
	int index = name.len > 0 && *name.at == '_' ? find_control(reading->control, name) : -1;

	if (index >= 0)
		return take_control(reading, index, name, value);
	return put_input(name, value, &reading->inputs, ret_error);
}

/* With a body: what is no control parameter would be lost in silence. */
static bool
take_control_only(void *arg, struct str name, struct str value, struct cspark_error *ret_error)
{
	struct reading *reading = arg;
	int index = find_control(reading->control, name);

	if (index >= 0)
		return take_control(reading, index, name, value);
	return refuse(ret_error, CSPARK_E_BAD_PARAMETER,
		"%.*s is no control parameter; with a body the inputs belong into the body.",
		(int)(name.len < SHOWN_BYTES ? name.len : SHOWN_BYTES), name.at);
}

/* What was collected becomes the object, in the arena. */
static bool
keep_inputs(struct reading *reading)
{
	if (reading->inputs.len == 0)
		return true;
	if (buf_put_char(&reading->inputs, '}')) {
		reading->control->inputs = arena_copy(reading->arena, buf_text(&reading->inputs));
		if (reading->control->inputs.at)
			return true;
	}
	return refuse(reading->ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the inputs.");
}

static bool
read_query(struct str query, bool inputs_allowed, struct reading *reading)
{
	parameter_fn *take = inputs_allowed ? take_parameter : take_control_only;
	bool ok;

	buf_init(&reading->name, query.len);
	buf_init(&reading->value, query.len);
	buf_init(&reading->inputs, (query.len + 1) * ESCAPED_MAX);
	ok = each_parameter(query, &reading->name, &reading->value, take, reading, reading->ret_error) &&
		keep_inputs(reading);
	buf_fini(&reading->inputs);
	buf_fini(&reading->value);
	buf_fini(&reading->name);
	return ok;
}

bool
control_read(struct str query, struct str accept, bool inputs_allowed, bool validates, struct arena *arena,
	struct control *ret, struct cspark_error *ret_error)
{
	struct reading reading = { .control = ret, .arena = arena, .ret_error = ret_error };

	*ret = (struct control){
		.format = FORMAT_JSON,
		.shape = CSPARK_SIMPLE,
		.dialect = CSV_USUAL,
		.validates = validates,
	};
	if (query.len > 0 && !read_query(query, inputs_allowed, &reading))
		return false;
	if (!reading.format_given && !accept_format(accept, &ret->format))
		return refuse(ret_error, CSPARK_E_NOT_ACCEPTABLE,
			"Answers are application/json, application/x-ndjson, text/csv or text/plain; "
			"Accept allows none of them.");
	if (ret->shape_given && ret->format != FORMAT_JSON)
		return refuse(ret_error, CSPARK_E_BAD_PARAMETER, "_shape is for answers in JSON only.");
	return true;
}

bool
control_check_dialect(const struct control *control, bool csv_body, struct cspark_error *ret_error)
{
	if (!control->dialect_given || csv_body || control->format == FORMAT_CSV)
		return true;
	return refuse(ret_error, CSPARK_E_BAD_PARAMETER,
		"_separator and _decimal are for CSV, but neither the body nor the answer is text/csv.");
}
