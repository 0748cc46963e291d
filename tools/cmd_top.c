/* csparkctl top: what the daemon is doing, as it does it. */
#include "tools/top.h"

#include "base/json.h"
#include "base/json_text.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"
#include "tools/screen.h"
#include "tools/wire.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS      3000
#define INTERVAL_MS     1000
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_S  3600
#define TEXT_MAX        (4 * 1024 * 1024)

struct top {
	const char *url;
	long interval_ms;
	bool is_once;
	bool as_json;
	/* two readings, whose turn it is */
	struct top_reading readings[2];
	unsigned turn;
	struct http_response response; /* the last, when something failed */
	char why[300];                 /* "": the daemon answered, but not well */
};

static const struct option OPTIONS[] = {
	{ "interval", required_argument, NULL, 'i' },
	{ "once", no_argument, NULL, '1' },
	{ "json", no_argument, NULL, 'j' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* ---- reading ----------------------------------------------------------------------------- */

static void
forget(struct top_reading *reading)
{
	metrics_fini(&reading->metrics);
	buf_fini(&reading->status);
	reading->at_ms = 0;
}

static bool
ask(struct top *top, const char *target)
{
	struct http_request request = { .method = "GET", .target = target, .timeout_ms = TIMEOUT_MS };

	http_response_fini(&top->response);
	return http_exchange(top->url, &request, &top->response, top->why, sizeof(top->why));
}

/* Not every listener gives it out. */
static void
read_status(struct top *top, struct top_reading *reading)
{
	struct str body;

	buf_init(&reading->status, TEXT_MAX);
	if (!ask(top, "/status") || top->response.status != 200)
		return;
	body = top->response.body;
	if (json_valid(body.at, body.len, NULL) && json_kind_of(body) == JSON_OBJECT)
		buf_put_str(&reading->status, body);
}

/* The older reading makes place for a new one. */
static bool
take_reading(struct top *top)
{
	struct top_reading *reading = &top->readings[top->turn];

	forget(reading);
	if (!ask(top, "/metrics") || top->response.status != 200)
		return false;
	reading->at_ms = wire_now_ms();
	if (!metrics_read(&reading->metrics, top->response.body))
		return false;
	read_status(top, reading);
	return true;
}

static double
started_s(const struct top_reading *reading)
{
	return metrics_sum(&reading->metrics, "cspark_start_time_seconds", NULL, STR(""));
}

/* A daemon that was started anew has counted nothing before. */
static struct top_view
make_view(struct top *top)
{
	struct top_reading *now = &top->readings[top->turn], *before = &top->readings[!top->turn];
	struct top_view view = { .url = top->url, .now = now, .before = before };

	if (before->at_ms && started_s(before) != started_s(now))
		forget(before);
	if (before->at_ms)
		view.seconds = (double)(now->at_ms - before->at_ms) / 1000;
	else
		view.seconds = difftime(time(NULL), (time_t)started_s(now));
	return view;
}

/* A terminal obeys control characters, and JSON has none. */
static void
clean(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			text->data[i] = ' ';
	}
}

static void
put_view(struct top *top, struct buf *out)
{
	struct top_view view = make_view(top);

	buf_init(out, TEXT_MAX);
	(top->as_json ? top_put_json : top_put_text)(&view, out);
	clean(out);
	top->turn = !top->turn;
}

/* ---- line by line ------------------------------------------------------------------------ */

static int
complain(const struct top *top)
{
	if (top->why[0]) {
		problem_show_unreachable(top->url, top->why);
		return EXIT_UNREACHABLE;
	}
	problem_show(top->response.status, top->response.body);
	return EXIT_ANSWERED;
}

static bool
print_view(struct top *top)
{
	struct buf out;

	put_view(top, &out);
	print_answer(out.data, out.len);
	if (!top->is_once && !top->as_json)
		putchar('\n');
	buf_fini(&out);
	return fflush(stdout) == 0;
}

static void
sleep_until(int64_t at_ms)
{
	int64_t left_ms;

	while ((left_ms = at_ms - wire_now_ms()) > 0)
		(void)poll(NULL, 0, (int)left_ms);
}

static int
run_lines(struct top *top)
{
	bool goes_on = true;

	if (!take_reading(top))
		return complain(top);
	top->turn = !top->turn;
	while (goes_on) {
		sleep_until(top->readings[!top->turn].at_ms + top->interval_ms);
		if (!take_reading(top))
			return complain(top);
		goes_on = print_view(top) && !top->is_once;
	}
	return EXIT_OK;
}

/* ---- in place ---------------------------------------------------------------------------- */

/* What is there to be seen when nobody answers; the daemon may come back. */
static void
put_failure(struct top *top, struct buf *out)
{
	buf_init(out, TEXT_MAX);
	if (top->why[0])
		buf_printf(out, "no answer from csparkd at %s\n%s\n", top->url, top->why);
	else
		buf_printf(out, "csparkd at %s does not give out its metrics: HTTP %d\n", top->url,
			top->response.status);
	forget(&top->readings[0]);
	forget(&top->readings[1]);
}

static int
run_screen(struct top *top)
{
	enum screen_event event = SCREEN_TIME;
	struct screen screen;
	struct buf text;

	if (!screen_open(&screen)) {
		perror("csparkctl: cannot use the terminal");
		return EXIT_ANSWERED;
	}
	buf_init(&text, TEXT_MAX);
	while (event != SCREEN_QUIT) {
		if (event == SCREEN_TIME) {
			buf_fini(&text);
			if (take_reading(top))
				put_view(top, &text);
			else
				put_failure(top, &text);
		}
		if (!screen_draw(&screen, buf_text(&text)))
			break;
		event = screen_wait(&screen, top->interval_ms);
	}
	buf_fini(&text);
	screen_close(&screen);
	return EXIT_OK;
}

/* ---- the command ------------------------------------------------------------------------- */

static bool
read_interval(struct top *top, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds * 1000 >= INTERVAL_MIN_MS && seconds <= INTERVAL_MAX_S))
		return !usage_error("--interval takes seconds, from 0.1 to 3600.");
	top->interval_ms = (long)(seconds * 1000);
	return true;
}

static int
run(struct top *top)
{
	bool has_screen = !top->is_once && !top->as_json && isatty(STDOUT_FILENO);
	int code = has_screen ? run_screen(top) : run_lines(top);

	forget(&top->readings[0]);
	forget(&top->readings[1]);
	http_response_fini(&top->response);
	return code;
}

int
cmd_top(int argc, char **argv, const char *url)
{
	struct top top = { .url = url, .interval_ms = INTERVAL_MS };
	int option;

	while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'i':
			if (!read_interval(&top, optarg))
				return EXIT_USAGE;
			break;
		case '1':
			top.is_once = true;
			break;
		case 'j':
			top.as_json = true;
			break;
		case 'u':
			top.url = optarg;
			break;
		case 'h':
			puts("usage: csparkctl top [--interval SECONDS] [--once] [--json] [--url URL]\n\n"
			     "Shows what the daemon is doing until \"q\" or Ctrl-C. --once: in one\n"
			     "interval. Without a terminal the views follow each other.");
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (argv[optind])
		return usage_error("top takes no \"%s\".", argv[optind]);
	return run(&top);
}
