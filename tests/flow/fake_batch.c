#include "tests/flow/fake_batch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/fake_upstream.h"

struct fake_batch fake_batch;

void
fake_batch_reset(void)
{
	for (unsigned i = 0; i < fake_batch.chunk_count; i++)
		free(fake_batch.chunks[i].text);
	fake_batch = (struct fake_batch){ .state = "in_progress", .input_left = 1000000 };
	fake_upstream_reset();
}

void
fake_batch_hide(void)
{
	for (unsigned i = 0; i < fake_batch.chunk_count; i++)
		fake_batch.chunks[i].is_there = false;
}

static unsigned
available(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < fake_batch.chunk_count; i++)
		count += fake_batch.chunks[i].is_there;
	return count;
}

static void
put_status(struct buf *out)
{
	buf_printf(out,
		"{\"batch_status\":\"%s\",\"record_submitted\":%u,\"records_completed\":%u,"
		"\"chunks_available\":%u,\"input_buffer_remaining_bytes\":%lu,"
		"\"input_buffer_used_bytes\":%d,\"output_buffer_used_bytes\":100}",
		fake_batch.state, fake_batch.records_in, fake_batch.records_out, available(),
		fake_batch.input_left, fake_batch.records_in > fake_batch.records_out);
}

/* It takes what the job pushes, and has it computed. */
void
fake_batch_take_push(size_t job)
{
	const struct cspark_request *request = fake_jobs[job].request;
	struct json_walk walk;
	struct str chunk;

	json_walk_init(&walk, json_member(str_range(request->body, request->body_len), STR("chunks")));
	while (json_walk_next(&walk, NULL, &chunk)) {
		uint64_t size;

		cr_assert_lt(fake_batch.chunk_count, FAKE_CHUNKS_MAX);
		cr_assert(str_to_u64(json_member(chunk, STR("size")), 1000, &size));
		fake_batch.chunks[fake_batch.chunk_count].text = strndup(chunk.at, chunk.len);
		fake_batch.chunks[fake_batch.chunk_count++].is_there = true;
		fake_batch.records_in += (unsigned)size;
		fake_batch.records_out += (unsigned)size;
	}
}

/* Every record's outputs are {"n": its first cell}. */
static void
put_result(const struct fake_chunk *chunk, struct buf *out)
{
	struct str text = str_of(chunk->text), row;
	struct json_walk walk;
	bool first = true;

	buf_printf(out, "{\"id\":%.*s,\"outputs\":[", STR_ARG(json_member(text, STR("id"))));
	json_walk_init(&walk, json_path(text, "data.inputs"));
	json_walk_next(&walk, NULL, &row);
	cr_assert(str_eq(row, STR("[\"n\"]")), "%.*s", STR_ARG(row));
	while (json_walk_next(&walk, NULL, &row)) {
		buf_printf(out, "%s{\"n\":%.*s}", first ? "" : ",", (int)row.len - 2, row.at + 1);
		first = false;
	}
	buf_put_str(out, STR("],\"process_time\":null}"));
}

static void
put_results(struct buf *out)
{
	bool first = true;

	buf_put_str(out, STR("{\"data\":["));
	for (unsigned i = 0; i < fake_batch.chunk_count; i++) {
		struct fake_chunk *chunk =
			&fake_batch.chunks[fake_batch.reversed ? fake_batch.chunk_count - 1 - i : i];

		if (!chunk->is_there)
			continue;
		chunk->is_there = false;
		buf_put_str(out, first ? STR("") : STR(","));
		put_result(chunk, out);
		first = false;
	}
	buf_put_str(out, STR("],\"status\":"));
	put_status(out);
	buf_put_char(out, '}');
}

bool
fake_batch_asks(size_t job, const char *method, const char *path)
{
	const char *asked = fake_jobs[job].path, *end = strchr(asked, '?');
	size_t len = end ? (size_t)(end - asked) : strlen(asked);

	return strcmp(fake_jobs[job].method, method) == 0 && len >= strlen(path) &&
		memcmp(asked + len - strlen(path), path, strlen(path)) == 0;
}

/* A call: every record's outputs are its inputs. */
static void
put_call(size_t job, struct buf *out)
{
	const struct cspark_request *request = fake_jobs[job].request;
	struct json_walk walk;
	struct str row;
	bool first = true;

	cr_assert(fake_batch_asks(job, "POST", "/api/v4/execute"), "%s", fake_jobs[job].path);
	buf_put_str(out, STR("{\"outputs\":["));
	json_walk_init(&walk, json_member(str_range(request->body, request->body_len), STR("inputs")));
	while (json_walk_next(&walk, NULL, &row)) {
		bool is_row = json_kind_of(row) == JSON_ARRAY;

		if (is_row && str_find(row, '"') >= 0)
			continue; /* of names */
		buf_put_str(out, first ? STR("") : STR(","));
		if (is_row)
			buf_printf(out, "{\"n\":%.*s}", (int)row.len - 2, row.at + 1);
		else
			buf_put_str(out, row);
		first = false;
	}
	buf_put_str(out, STR("]}"));
}

void
fake_batch_answer(size_t job)
{
	struct buf out;

	buf_init(&out, 65536);
	if (fake_batch_asks(job, "POST", "/api/v4/batch")) {
		buf_put_str(
			&out, STR("{\"object\":\"batch\",\"id\":\"b-1\",\"data\":{\"version_id\":\"v-1\"}}"));
	} else if (fake_batch_asks(job, "POST", "/b-1/chunks")) {
		fake_batch_take_push(job);
		put_status(&out);
	} else if (fake_batch_asks(job, "GET", "/b-1/chunkresults")) {
		put_results(&out);
	} else if (fake_batch_asks(job, "GET", "/b-1/status")) {
		put_status(&out);
	} else if (fake_batch_asks(job, "PATCH", "/b-1")) {
		buf_put_str(&out, STR("{}"));
	} else {
		put_call(job, &out);
	}
	if (buf_put_char(&out, '\0'))
		fake_upstream_answer(job, out.data);
	else /* memory runs out here, too */
		fake_upstream_fail(job, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0, NULL);
	buf_fini(&out);
}

/* The job that is open; there is to be one. */
size_t
fake_batch_question(void)
{
	for (size_t i = 0; i < fake_job_count; i++) {
		if (fake_jobs[i].open)
			return i;
	}
	cr_assert_fail("nothing is asked");
	return 0;
}

bool
fake_batch_is_asked(void)
{
	for (size_t i = 0; i < fake_job_count; i++) {
		if (fake_jobs[i].open)
			return true;
	}
	return false;
}

/* Until the list is answered, for <seconds> at most. */
void
fake_batch_serve(struct front_request *request, int seconds)
{
	for (int i = 0; i < seconds * 10 && !request->replied; i++) {
		while (fake_batch_is_asked())
			fake_batch_answer(fake_batch_question());
		fake_loop_advance(100);
	}
}

/* Whoever still wants something of Spark gets it. */
void
fake_batch_serve_rest(void)
{
	while (fake_batch_is_asked())
		fake_batch_answer(fake_batch_question());
	fake_loop_advance(1);
}

size_t
fake_batch_count(const char *method, const char *path)
{
	size_t found = 0;

	for (size_t i = 0; i < fake_job_count; i++)
		found += fake_batch_asks(i, method, path);
	return found;
}

/* Asked and answered up to the first question of this kind, which is returned unanswered. */
size_t
fake_batch_until(const char *method, const char *path)
{
	for (int i = 0; i < 200; i++) {
		while (fake_batch_is_asked()) {
			size_t job = fake_batch_question();

			if (fake_batch_asks(job, method, path))
				return job;
			fake_batch_answer(job);
		}
		fake_loop_advance(100);
	}
	cr_assert_fail("%s %s is never asked", method, path);
	return 0;
}
