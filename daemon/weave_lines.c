/* A line for each record: NDJSON and bare text. */
#include "daemon/encode_form.h"
#include "daemon/weave_own.h"

static bool
ndjson_rows(struct weave *weave, struct encode_records *records, struct cspark_error *ret_error)
{
	return encode_ndjson(records, &weave->scratch, ret_error) && weave_flush(weave, 0, ret_error);
}

static bool
ndjson_failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < records; i++) {
		buf_put_str(&weave->scratch, STR("{\"outputs\":null,\"warnings\":null,\"errors\":"));
		buf_put_str(&weave->scratch, errors);
		buf_put_str(&weave->scratch, STR(",\"process_time\":null}\n"));
	}
	return weave_flush(weave, 0, ret_error);
}

static bool
text_rows(struct weave *weave, struct encode_records *records, struct cspark_error *ret_error)
{
	return encode_text(records, &weave->scratch, ret_error) && weave_flush(weave, 0, ret_error);
}

static bool
text_failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < records; i++)
		buf_put_str(&weave->scratch, STR("null\n"));
	return weave_flush(weave, 0, ret_error);
}

const struct weave_ops weave_ndjson_ops = { .rows = ndjson_rows, .failure = ndjson_failure };
const struct weave_ops weave_text_ops = { .rows = text_rows, .failure = text_failure };
