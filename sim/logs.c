/* The API call history: looking up, finding, rehydrating, downloading. */
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/documents.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/log_text.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/workbook.h"
#include "sim/zip.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_MAX_BYTES ((size_t)64 << 20)

/* Which record of the call is meant: that of the query or the path, or the last. False once refused. */
static bool
read_index(struct exchange *ex, const struct record *record, unsigned *ret)
{
	struct str query = request_query(&ex->request, STR("index")), path = match_arg(&ex->match, "index");
	struct str text = query.at ? query : path;
	uint64_t index = record->count - 1;

	if (text.len && (!str_to_u64(text, UINT32_MAX, &index) || index >= record->count)) {
		refuse(ex, FAMILY_V3, 400, "INDEX_OUT_OF_RANGE", "");
		return false;
	}
	*ret = (unsigned)index;
	return true;
}

static struct record *
find_record(struct exchange *ex)
{
	struct record *record = history_find(&ex->world->history, match_arg(&ex->match, "call_id"));

	if (!record || record->count == 0) {
		refuse(ex, FAMILY_V3, 404, "CALL_NOT_FOUND", "");
		return NULL;
	}
	return record;
}

void
serve_log_get(struct exchange *ex)
{
	struct record *record = find_record(ex);
	struct buf log;
	unsigned index;

	if (!record || !read_index(ex, record, &index))
		return;
	buf_init(&log, LOG_MAX_BYTES);
	log_put_json(&log, ex, record, index);
	reply_v3(ex, "%S", buf_text(&log));
	buf_fini(&log);
}

/* -- rehydration ---------------------------------------------------------- */

static bool
is_of_service(struct exchange *ex, const struct record *record)
{
	return str_eq(match_arg(&ex->match, "folder"), str_of(record->callee.folder)) &&
		str_eq(match_arg(&ex->match, "service"), str_of(record->callee.name));
}

/* What was uploaded cannot be filled in here and comes as it is; a built-in workbook shows the call. */
static struct blob *
filled_workbook(struct exchange *ex, const struct record *record, unsigned index)
{
	struct version *version = store_version(&ex->world->store, str_of(record->callee.version_id));

	if (version && version->workbook)
		return blob_ref(version->workbook);
	return workbook_make(
		record->callee.model, record_at(&record->inputs, index), record_at(&record->outputs, index));
}

void
serve_rehydrate(struct exchange *ex)
{
	struct record *record = find_record(ex);
	struct buf *out = &ex->answer.body;
	bool posted = str_eq(ex->request.method, STR("POST"));
	char name[NAME_BYTES + 8], url[2048];
	unsigned index;

	if (!record || !refuse_bad_body(ex, FAMILY_V3))
		return;
	if (posted && json_kind_of(request_body(&ex->request)) != JSON_OBJECT) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST", ""); /* it wants {} and no less */
		return;
	}
	if (!is_of_service(ex, record)) {
		refuse(ex, FAMILY_V3, 404, "CALL_NOT_FOUND", "");
		return;
	}
	if (!read_index(ex, record, &index))
		return;
	snprintf(name, sizeof(name), "%s.xlsx", record->callee.name);
	document_publish(ex, filled_workbook(ex, record, index), name, XLSX_TYPE, url, sizeof(url));
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(out, "{'status':null,'response_data':{'download_url':%q},'response_meta':", url);
	put_response_meta(out, &record->callee, 0, record->call_id, str_of("{}"), record->time);
	buf_put_str(out, STR(",\"error\":null}"));
}

/* -- finding -------------------------------------------------------------- */

/* What calls are asked for; empty means any. */
struct log_wish {
	char start[STAMP_BYTES];
	char end[STAMP_BYTES];
	char version[NAME_BYTES];
	char purpose[NAME_BYTES];
	char user[NAME_BYTES];
	char text[NAME_BYTES];
	struct str ids; /* JSON: call ids, a source system or a correlation id */
	bool errors;
	bool warnings;
};

static bool
is_among(struct str ids, const struct record *record)
{
	char text[NAME_BYTES];
	struct json_walk walk;
	struct str value;

	if (json_count(ids) == 0)
		return true;
	json_walk_init(&walk, ids);
	while (json_walk_next(&walk, NULL, &value))
		if (value_text(value, text, sizeof(text)) &&
			(!strcmp(text, record->call_id) || !strcmp(text, record->source) ||
				!strcmp(text, record->correlation)))
			return true;
	return false;
}

/* Whether any record of the call has something in the list. */
static bool
has_findings(const struct record *record, const struct buf *list)
{
	unsigned i;

	for (i = 0; i < record->count; i++)
		if (!json_is_null(record_at(list, i)))
			return true;
	return false;
}

static bool
is_wished(const struct log_wish *wish, const struct record *record)
{
	const char *text = wish->text;

	return (!wish->start[0] || strncmp(record->time, wish->start, 19) >= 0) &&
		(!wish->end[0] || strncmp(record->time, wish->end, 19) <= 0) &&
		(!wish->version[0] || !strcmp(wish->version, record->callee.version_id)) &&
		(!wish->purpose[0] || !strcmp(wish->purpose, record->purpose)) &&
		(!wish->user[0] || !strcmp(wish->user, USER)) &&
		(!text[0] || !strcmp(text, record->call_id) || !strcmp(text, record->source) ||
			!strcmp(text, record->correlation)) &&
		is_among(wish->ids, record) && (!wish->errors || has_findings(record, &record->errors)) &&
		(!wish->warnings || has_findings(record, &record->warnings));
}

static bool
read_search(struct str search, struct log_wish *ret)
{
	const struct {
		const char *field;
		const char *member;
		char *value;
		size_t max;
	} fields[] = {
		{ "startdate", "value", ret->start, sizeof(ret->start) },
		{ "enddate", "value", ret->end, sizeof(ret->end) },
		{ "version", "id", ret->version, sizeof(ret->version) },
		{ "callpurpose", "value", ret->purpose, sizeof(ret->purpose) },
		{ "username", "value", ret->user, sizeof(ret->user) },
		{ "search", "value", ret->text, sizeof(ret->text) },
	};
	struct json_walk walk;
	struct str filter;
	char name[80];
	size_t i;

	*ret = (struct log_wish){ .errors = false };
	json_walk_init(&walk, search);
	while (json_walk_next(&walk, NULL, &filter)) {
		if (!member_text(filter, "field", name, sizeof(name)))
			return false;
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (str_eq_nocase(str_of(name), str_of(fields[i].field)) &&
				!member_text(filter, fields[i].member, fields[i].value, fields[i].max))
				return false;
	}
	return true;
}

static void
put_found(struct buf *out, const struct record *record)
{
	const struct callee *callee = &record->callee;

	compose(out,
		"%s{'id':'%s','transactionDate':'%s','timeStamp':'%s','callGUID':'%s','engineGUID':'%s',"
		"'engineHASH':null,'serviceName':%q,'serviceVersion':'%s','calcTime':'%l','callPurpose':%q,"
		"'sourceSystem':%q,'log':null,'totalTime':'%l','username':'%s','isBatchCall':%b,"
		"'correlationId':%q}",
		out->len > 1 ? "," : "", record->call_id, record->time, record->time, record->call_id,
		callee->service_id, callee->name, callee->version, record->ms, record->purpose,
		record->source[0] ? record->source : NULL, record->ms + 1, USER, record->v4,
		record->correlation[0] ? record->correlation : NULL);
}

void
serve_log_find(struct exchange *ex)
{
	const struct list *head = &ex->world->history.records, *at;
	struct log_wish wish;
	struct list_wish page;
	struct buf out;

	if (!refuse_bad_body(ex, FAMILY_V1) ||
		!list_wish_read(ex, request_body(&ex->request), "pageSize", &page))
		return;
	if (!read_search(page.search, &wish)) {
		refuse(ex, FAMILY_V1, 400, "INVALID_REQUEST", "a filter makes no sense");
		return;
	}
	buf_init(&out, LOG_MAX_BYTES);
	buf_put_char(&out, '[');
	for (at = head->prev; at != head; at = at->prev) {
		const struct record *record = LIST_ITEM(at, struct record, node);

		if (is_of_service(ex, record) && is_wished(&wish, record) && list_wish_takes(&page))
			put_found(&out, record);
	}
	buf_put_char(&out, ']');
	reply_v1_list(ex, buf_text(&out), page.found);
	buf_fini(&out);
}

/* -- downloading ---------------------------------------------------------- */

static bool
read_download(struct str body, struct log_wish *ret)
{
	struct str data = json_member(body, STR("request_data")),
		   meta = json_member(body, STR("request_meta"));

	*ret = (struct log_wish){ .ids = json_member(data, STR("call_ids")),
		.errors = member_is_true(data, "has_errors"),
		.warnings = member_is_true(data, "has_warnings") };
	if (!member_text(data, "version_id", ret->version, sizeof(ret->version)))
		return false;
	if (!ret->version[0] && !member_text(meta, "version_id", ret->version, sizeof(ret->version)))
		return false;
	return (json_is_null(ret->ids) || json_kind_of(ret->ids) == JSON_ARRAY) &&
		member_text(data, "start_date", ret->start, sizeof(ret->start)) &&
		member_text(data, "end_date", ret->end, sizeof(ret->end)) &&
		member_text(data, "callpurpose", ret->purpose, sizeof(ret->purpose)) &&
		member_text(data, "userName", ret->user, sizeof(ret->user));
}

/* Given: the calls that are wished for, oldest first. */
static struct record **
choose(struct exchange *ex, const struct log_wish *wish, unsigned *ret_count)
{
	const struct history *history = &ex->world->history;
	struct record **chosen = calloc(history->count + 1, sizeof(struct record *));
	struct list *at;

	if (!chosen)
		abort();
	*ret_count = 0;
	for (at = history->records.next; at != &history->records; at = at->next) {
		struct record *record = LIST_ITEM(at, struct record, node);

		if (is_of_service(ex, record) && is_wished(wish, record))
			chosen[(*ret_count)++] = record;
	}
	return chosen;
}

static void
put_json(struct buf *out, struct exchange *ex, struct record *const *records, unsigned count)
{
	unsigned i, n;

	buf_put_char(out, '[');
	for (i = 0; i < count; i++) {
		for (n = 0; n < records[i]->count; n++) {
			if (out->len > 1)
				buf_put_char(out, ',');
			log_put_json(out, ex, records[i], n);
		}
	}
	buf_put_char(out, ']');
}

static struct blob *
make_archive(struct exchange *ex, const struct log_wish *wish, bool csv)
{
	struct blob *archive = blob_new();
	struct zip_writer zip;
	struct record **records;
	struct buf text;
	unsigned count;

	records = choose(ex, wish, &count);
	buf_init(&text, LOG_MAX_BYTES);
	if (csv)
		log_put_csv(&text, records, count);
	else
		put_json(&text, ex, records, count);
	zip_begin(&zip, archive);
	zip_add(&zip, csv ? "log.csv" : "log.json", buf_text(&text));
	zip_end(&zip);
	buf_fini(&text);
	free(records);
	return archive;
}

void
serve_log_download(struct exchange *ex)
{
	bool csv = str_ends(ex->request.path, STR("csv")) || str_ends(ex->request.path, STR("CSV"));
	struct log_wish wish;
	struct job *job;

	if (!refuse_bad_body(ex, FAMILY_V3))
		return;
	if (!read_download(request_body(&ex->request), &wish)) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
		return;
	}
	job = job_start(&ex->world->jobs, JOB_LOGS);
	job->file = make_archive(ex, &wish, csv);
	snprintf(job->file_name, sizeof(job->file_name), csv ? "csv_logs.zip" : "json_logs.zip");
	reply_v3(ex, "{'job_id':'%s'}", job->id);
}

/* There is no word for a failure: a job that fails stays where it is. */
void
serve_log_download_status(struct exchange *ex)
{
	struct job *job = job_find(&ex->world->jobs, JOB_LOGS, match_arg(&ex->match, "job"));
	int progress;

	if (!job) {
		refuse(ex, FAMILY_V3, 400, "INVALID_JOB_ID", "");
		return;
	}
	progress = job_ask(job);
	if (job->finished && job->plan.outcome == JOB_FAILS)
		progress = 99;
	if (progress == 100 && !job->url[0])
		document_publish(
			ex, blob_ref(job->file), job->file_name, ZIP_TYPE, job->url, sizeof(job->url));
	reply_v3_mute(ex, "{'progress':%d,'download_url':%q}", progress, progress == 100 ? job->url : NULL);
}
