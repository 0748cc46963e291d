/*
 * The caller's JSON texts are spliced byte for byte; what this file adds stands around them. A text
 * that nobody has checked is scanned first, so that it cannot close the envelope and go on in it.
 *
 * Metadata comes in layers: the caller's own request_meta, then `more` (_meta), then single values,
 * then defaults. A field that a higher layer names is not written by a lower one.
 */
#include "lib/envelope.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/metadata.h"

#include <stdio.h>

/* Far more than Spark knows; keeps the comparison of layers cheap whatever a caller sends. */
#define LAYER_MAX 64

/* The members of one JSON object, in order. */
struct layer {
	struct str key[LAYER_MAX]; /* with quotes */
	struct str value[LAYER_MAX];
	size_t count;
};

struct envelope {
	const struct cspark_execute *execute;
	const struct cspark_meta *meta;
	struct layer own;
	struct layer more;
	struct buf *out;
	struct cspark_error *error;
};

static const struct cspark_meta NO_META;

/* ---- checks ------------------------------------------------------------------------------ */

/* The texts a caller hands in, as they are called in messages. */
static bool
check_text(const struct envelope *envelope, struct cspark_bytes text, enum json_kind kind,
	enum cspark_code code, const char *name)
{
	const char *wanted = kind == JSON_OBJECT ? "object" : "array";
	struct json_error where;

	if (!text.at)
		return true;
	if (!envelope->execute->checked && !json_valid(text.at, text.len, &where))
		return cspark_refuse(envelope->error, code,
			"%s: not valid JSON at line %llu, column %llu: %s.", name,
			(unsigned long long)where.line, (unsigned long long)where.column, where.reason);
	if (json_kind_of(str_of_bytes(text)) != kind)
		return cspark_refuse(envelope->error, code, "%s: a JSON %s is expected.", name, wanted);
	return true;
}

static bool
read_layer(const struct envelope *envelope, struct cspark_bytes text, const char *name, struct layer *ret)
{
	struct json_walk walk;
	struct str key, value;

	ret->count = 0;
	if (!text.at)
		return true;
	json_walk_init(&walk, str_of_bytes(text));
	while (json_walk_next(&walk, &key, &value)) {
		if (ret->count == LAYER_MAX)
			return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
				"%s: more than %d members.", name, LAYER_MAX);
		ret->key[ret->count] = key;
		ret->value[ret->count++] = value;
	}
	return true;
}

static bool
layer_names(const struct layer *layer, struct str name)
{
	for (size_t i = 0; i < layer->count; i++) {
		if (json_string_is(layer->key[i], name))
			return true;
	}
	return false;
}

/*
 * Further fields come with the query, and a query never changes which service is addressed or what
 * is calculated. Escapes in their names are refused: none is needed, and names stay comparable.
 */
static bool
check_more(const struct envelope *envelope)
{
	static const char *const FIXED[2][4] = {
		[CSPARK_V3] = { "service_id", "version_id", "service_uri" },
		[CSPARK_V4] = { "service", "version_id", "inputs" },
	};
	const char *const *name = FIXED[envelope->execute->api];

	for (size_t i = 0; i < envelope->more.count; i++) {
		if (str_find(envelope->more.key[i], '\\') >= 0)
			return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
				"_meta: a name has a backslash escape; write it plainly.");
	}
	for (; *name; name++) {
		if (layer_names(&envelope->more, str_of(*name)))
			return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
				"_meta: %s is said by the path or the body, and by nothing else.", *name);
	}
	return true;
}

static bool
read_layers(struct envelope *envelope)
{
	const struct cspark_meta *meta = envelope->meta;

	return check_text(envelope, meta->more, JSON_OBJECT, CSPARK_E_BAD_PARAMETER, "_meta") &&
		check_text(envelope, meta->own, JSON_OBJECT, CSPARK_E_BAD_JSON, "request_meta") &&
		read_layer(envelope, meta->more, "_meta", &envelope->more) &&
		read_layer(envelope, meta->own, "request_meta", &envelope->own) && check_more(envelope);
}

static bool
check_values(const struct envelope *envelope)
{
	enum cspark_api api = envelope->execute->api;

	for (int i = 0; i < CSPARK_META_FIELDS; i++) {
		const struct cspark_meta_row *row = cspark_meta_row((enum cspark_meta_field)i);

		if (envelope->meta->value[i].at && !row->field[api])
			return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
				"%s cannot be used with %s: Spark's %s API has no such field.",
				row->parameter, api == CSPARK_V4 ? "a list of records" : "a single record",
				api == CSPARK_V4 ? "v4" : "v3");
	}
	return true;
}

/* ---- members ----------------------------------------------------------------------------- */

/* What stands before is either an opening brace or a value, and no value ends with one. */
static void
put_comma(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_put_char(out, ',');
}

static void
put_key(struct buf *out, const char *name)
{
	put_comma(out);
	buf_put_char(out, '"');
	buf_put_str(out, str_of(name));
	buf_put_str(out, STR("\":"));
}

static void
put_string(struct buf *out, const char *name, const char *value)
{
	put_key(out, name);
	json_quote(str_of(value), out);
}

/* A batch is another purpose; else it takes what a call with a list takes. */
static struct str
fallback(const struct cspark_execute *execute, enum cspark_meta_field field,
	const struct cspark_meta_row *row)
{
	if (execute->opens_batch && field == CSPARK_META_PURPOSE)
		return STR("Async Batch Execution");
	return str_of(row->fallback[execute->api]);
}

static void
put_values(struct envelope *envelope)
{
	enum cspark_api api = envelope->execute->api;

	for (int i = 0; i < CSPARK_META_FIELDS; i++) {
		const struct cspark_meta_row *row = cspark_meta_row((enum cspark_meta_field)i);
		struct str value = str_of_bytes(envelope->meta->value[i]);

		if (!row->field[api] || cspark_meta_in_service(row, api) || i == CSPARK_META_VERSION)
			continue;
		if (!value.at)
			value = fallback(envelope->execute, (enum cspark_meta_field)i, row);
		if (!value.at || layer_names(&envelope->own, str_of(row->field[api])) ||
			layer_names(&envelope->more, str_of(row->field[api])))
			continue;
		put_key(envelope->out, row->field[api]);
		if (row->kind == CSPARK_KIND_FLAG)
			buf_put_str(envelope->out, value);
		else
			json_quote(value, envelope->out);
	}
}

static void
put_layer(struct buf *out, const struct layer *layer, const struct layer *above)
{
	for (size_t i = 0; i < layer->count; i++) {
		struct str key = layer->key[i];

		if (above && layer_names(above, str_range(key.at + 1, key.len - 2)))
			continue;
		put_comma(out);
		buf_put_str(out, key);
		buf_put_char(out, ':');
		buf_put_str(out, layer->value[i]);
	}
}

/* The version asked for, by the locator or by _version; "" for the latest. */
static bool
choose_version(const struct envelope *envelope, struct str *ret)
{
	struct str asked = str_of_bytes(envelope->meta->value[CSPARK_META_VERSION]);
	struct str located = str_of(envelope->execute->locator->version);

	*ret = asked.len ? asked : located;
	if (asked.len && located.len && !str_eq(asked, located))
		return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
			"_version contradicts the version in the path.");
	return true;
}

/* ---- v3 ---------------------------------------------------------------------------------- */

/* The SDKs send ids twice: in the path, and here. */
static void
put_v3_target(struct envelope *envelope, struct str version)
{
	const struct cspark_locator *locator = envelope->execute->locator;
	const struct cspark_meta_row *row = cspark_meta_row(CSPARK_META_VERSION);
	struct str field = str_of(row->field[CSPARK_V3]);

	if (locator->kind == CSPARK_SERVICE_ID && !layer_names(&envelope->own, STR("service_id")))
		put_string(envelope->out, "service_id", locator->service);
	if (locator->kind == CSPARK_VERSION_ID && !layer_names(&envelope->own, STR("version_id")))
		put_string(envelope->out, "version_id", locator->service);
	if (version.len && !layer_names(&envelope->own, field) && !layer_names(&envelope->more, field)) {
		put_key(envelope->out, row->field[CSPARK_V3]);
		json_quote(version, envelope->out);
	}
}

static void
put_v3_data(const struct cspark_execute *execute, struct buf *out)
{
	put_key(out, "request_data");
	if (execute->request_data.at) {
		buf_put_str(out, str_of_bytes(execute->request_data));
		return;
	}
	buf_put_str(out, STR("{\"inputs\":"));
	buf_put_str(out, execute->inputs.at ? str_of_bytes(execute->inputs) : STR("{}"));
	buf_put_char(out, '}');
}

static bool
put_v3(struct envelope *envelope)
{
	const struct cspark_execute *execute = envelope->execute;
	struct str version;

	if (!check_text(envelope, execute->inputs, JSON_OBJECT, CSPARK_E_BAD_JSON, "inputs") ||
		!check_text(
			envelope, execute->request_data, JSON_OBJECT, CSPARK_E_BAD_JSON, "request_data") ||
		!choose_version(envelope, &version))
		return false;
	buf_put_char(envelope->out, '{');
	put_v3_data(execute, envelope->out);
	put_key(envelope->out, "request_meta");
	buf_put_char(envelope->out, '{');
	put_v3_target(envelope, version);
	put_values(envelope);
	put_layer(envelope->out, &envelope->more, &envelope->own);
	put_layer(envelope->out, &envelope->own, NULL);
	buf_put_str(envelope->out, STR("}}"));
	return true;
}

/* ---- v4 ---------------------------------------------------------------------------------- */

static void
put_v4_target(struct buf *out, const struct cspark_locator *locator, struct str version)
{
	char service[sizeof(locator->folder) + sizeof(locator->service) + sizeof(locator->version) + 4];

	if (locator->kind == CSPARK_VERSION_ID) {
		put_string(out, "version_id", locator->service);
	} else if (locator->kind == CSPARK_SERVICE_ID) {
		put_string(out, "service", locator->service);
	} else {
		snprintf(service, sizeof(service), "%s/%s%s%.*s%s", locator->folder, locator->service,
			version.len ? "[" : "", STR_ARG(version), version.len ? "]" : "");
		put_string(out, "service", service);
	}
}

static bool
check_v4(const struct envelope *envelope, struct str *ret_version)
{
	const struct cspark_execute *execute = envelope->execute;

	if (execute->locator->kind == CSPARK_PROXY)
		return cspark_refuse(envelope->error, CSPARK_E_BAD_LOCATOR,
			"A proxy endpoint takes single records only: Spark's v4 API has no place for it.");
	if (execute->request_data.at || envelope->meta->own.at)
		return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
			"request_data and request_meta belong to single records.");
	if (!choose_version(envelope, ret_version))
		return false;
	if (ret_version->len && execute->locator->kind != CSPARK_FOLDER_SERVICE)
		return cspark_refuse(envelope->error, CSPARK_E_BAD_PARAMETER,
			"_version cannot be used with an id and a list of records; name folder/service.");
	return check_text(envelope, execute->inputs, JSON_ARRAY, CSPARK_E_BAD_JSON, "inputs");
}

static void
put_inputs(const struct cspark_execute *execute, struct buf *out)
{
	put_key(out, "inputs");
	buf_put_str(out, execute->inputs.at ? str_of_bytes(execute->inputs) : STR("[]"));
}

/* Without this, Spark ends a batch as failed at the first record that fails. */
static void
put_tolerance(struct envelope *envelope)
{
	if (layer_names(&envelope->more, STR("acceptable_error_percentage")))
		return;
	put_key(envelope->out, "acceptable_error_percentage");
	buf_put_str(envelope->out, STR("100"));
}

static bool
put_v4(struct envelope *envelope)
{
	const struct cspark_execute *execute = envelope->execute;
	struct str version;

	if (!check_v4(envelope, &version))
		return false;
	buf_put_char(envelope->out, '{');
	if (execute->opens_batch)
		put_tolerance(envelope);
	else
		put_inputs(execute, envelope->out);
	put_v4_target(envelope->out, execute->locator, version);
	put_values(envelope);
	put_layer(envelope->out, &envelope->more, NULL);
	buf_put_char(envelope->out, '}');
	return true;
}

bool
cspark_envelope_put(const struct cspark_execute *execute, struct buf *out, struct cspark_error *ret_error)
{
	struct envelope envelope;

	envelope.execute = execute;
	envelope.meta = execute->meta ? execute->meta : &NO_META;
	envelope.out = out;
	envelope.error = ret_error;
	return read_layers(&envelope) && check_values(&envelope) &&
		(execute->api == CSPARK_V4 ? put_v4(&envelope) : put_v3(&envelope));
}
