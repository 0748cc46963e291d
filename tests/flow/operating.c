#include "tests/flow/operating.h"

#include <stdio.h>

#include "daemon/edition.h"
#include "daemon/log.h"

static char *no_names[] = { NULL };
struct config_listener listener = { .address = (char *)"127.0.0.1:1" };
struct config_tenant tenants[] = {
	{ .name = (char *)"default", .tenant = (char *)"acme" },
	{ .name = (char *)"second", .tenant = (char *)"beta" },
};
static const char *const tenant_names[] = { "default", "second" };
struct admin_tenant tokens[2];
struct config config;
static struct metrics *metrics;
struct lifecycle life;
struct board board;
struct admin admin;
struct desk desk;
struct front_request requests[4];

static void
on_idle(void *arg)
{
}

static void
fill_tenant(struct config_tenant *tenant, const char *base_url)
{
	tenant->origin = (char *)"https://excel.my-env.coherent.global";
	tenant->base_url = (char *)base_url;
	tenant->file_hosts = no_names;
	tenant->timeout_ms = 58000;
	tenant->job_timeout_ms = 600000;
	tenant->slot = tenant->account = (unsigned)(tenant - tenants);
}

void
operating_set_up(void)
{
	listener.allow = MANAGER;
	listener.services = no_names;
	fill_tenant(&tenants[0], "https://excel.my-env.coherent.global/acme");
	fill_tenant(&tenants[1], "https://excel.my-env.coherent.global/beta");
	cr_assert(route_init());
	log_open(&(struct log_options){ .level = LOG_ERROR_LEVEL, .file = "/dev/null" });
	config = (struct config){ .refs = 1, /* never the last */
		.workers = 1,
		.listeners = &listener,
		.listener_count = 1,
		.tenants = tenants,
		.tenant_count = 2,
		.state_dir = (char *)"/tmp" };
	config.limits.max_body = config.limits.max_answer = 65536;
	config.limits.max_upload = config.limits.max_download = 1 << 20;
	config.limits.max_spool = 4 << 20;
	config.limits.max_records = 1000;
	config.bulk.single_records = config.bulk.chunk_records = 1000;
	config.bulk.max_body = config.bulk.max_record = config.bulk.chunk_bytes = 65536;
	config.limits.max_in_flight = config.limits.max_queue = 2;
	config.limits.queue_ms = 1000;
	metrics = metrics_new(
		&(struct metrics_names){ route_operation_names, ROUTE_OPERATIONS, tenant_names, 2 });
	board = (struct board){ 0 };
	admin = (struct admin){ .metrics = &metrics,
		.metrics_count = 1,
		.tenants = tokens,
		.boards = &board,
		.workers = 1,
		.life = &life };
	desk = (struct desk){
		.loop = loop_new(), .admin = &admin, .metrics = metrics, .on_idle = on_idle
	};
	cr_assert(desk_init(&desk, &config, 0, 1));
	fake_upstream_reset();
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
}

void
operating_tear_down(void)
{
	size_t jobs = fake_job_count;

	cr_assert_eq(desk.open, 0, "a call was left open");
	cr_assert_eq(desk.admit.in_flight, 0, "a place was not given back");
	cr_assert_eq(desk.spools.left, desk.spools.max, "room on disk was not given back");
	fake_loop_advance(3600000);
	cr_assert_eq(fake_job_count, jobs, "a timer was left behind");
	desk_fini(&desk);
	metrics_free(metrics);
}

struct front_request *
ask(const char *method, const char *path, const char *query, const char *body)
{
	struct fake_request say = { .method = method, .path = path, .query = query, .body = body };

	fake_front_send(&requests[0], &say, &desk);
	return &requests[0];
}

struct front_request *
ask_async(const char *method, const char *path, const char *query, const char *body)
{
	struct fake_request say = { .method = method,
		.path = path,
		.query = query,
		.headers = { "Prefer", "wait=5, Respond-Async" },
		.body = body };

	fake_front_send(&requests[0], &say, &desk);
	return &requests[0];
}

void
expect_problem(struct front_request *request, int status, const char *code, const char *detail)
{
	char member[80];

	cr_assert(request->replied);
	cr_assert_eq(request->status, status, "%d: %s", request->status, request->body);
	cr_assert_str_eq(request->content_type, "application/problem+json");
	snprintf(member, sizeof member, "\"code\":\"%s\"", code);
	ASSERT_HAS(request->body, member);
	ASSERT_HAS(request->body, detail);
	fake_front_done(request, FRONT_OK);
}

void
expect_answer(struct front_request *request, int status, const char *body)
{
	cr_assert(request->replied);
	cr_assert_eq(request->status, status, "%d: %s", request->status, request->body);
	cr_assert_str_eq(request->body, body, "%s", request->body);
	fake_front_done(request, FRONT_OK);
}

void
expect_job(size_t job, const char *method, const char *path)
{
	cr_assert_eq(fake_job_count, job + 1, "%zu calls", fake_job_count);
	cr_assert_str_eq(fake_jobs[job].request->method, method);
	cr_assert_str_eq(fake_jobs[job].request->path, path, "%s", fake_jobs[job].request->path);
}
