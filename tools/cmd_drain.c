/* csparkctl drain, csparkctl shutdown: what an operator asks of the daemon itself. */
#include "base/json_text.h"
#include "base/str.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_MS     5000 /* for one answer */
#define LOOK_EVERY_MS  200
#define TIMEOUT_MAX_MS (24 * 3600 * 1000)

struct order {
	const char *url;
	const char *target;
	bool waits;
	int64_t timeout_ms; /* of the wait; 0: for ever */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* EXIT_OK: <ret> has the answer, with <status>. Needs http_response_fini() in any case. */
static int
ask(const struct order *order, const char *method, const char *target, int status, struct http_response *ret)
{
	struct http_request request = { .method = method, .target = target, .timeout_ms = TIMEOUT_MS };
	char why[300];

	if (!http_exchange(order->url, &request, ret, why, sizeof(why))) {
		problem_show_unreachable(order->url, why);
		return EXIT_UNREACHABLE;
	}
	if (ret->status == status)
		return EXIT_OK;
	problem_show(ret->status, ret->body);
	return EXIT_ANSWERED;
}

static int
look(const struct order *order, bool *ret_drained)
{
	struct http_response response;
	int code = ask(order, "GET", "/status", 200, &response);

	*ret_drained = code == EXIT_OK &&
		json_string_is(json_member(response.body, STR("state")), STR("drained"));
	http_response_fini(&response);
	return code;
}

static int
wait_drained(const struct order *order)
{
	const struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };
	int64_t began_ms = now_ms();
	bool drained;
	int code = look(order, &drained);

	while (code == EXIT_OK && !drained) {
		if (order->timeout_ms && now_ms() - began_ms >= order->timeout_ms) {
			fputs("csparkctl: work is still open; it goes on draining.\n", stderr);
			return EXIT_ANSWERED;
		}
		nanosleep(&pause, NULL);
		code = look(order, &drained);
	}
	return code;
}

static int
give(const struct order *order)
{
	struct http_response response;
	int code = ask(order, "POST", order->target, 202, &response);

	http_response_fini(&response);
	return code == EXIT_OK && order->waits ? wait_drained(order) : code;
}

static bool
read_timeout(struct order *order, const char *text)
{
	uint64_t timeout_ms;

	if (!str_to_u64(str_of(text), TIMEOUT_MAX_MS, &timeout_ms) || timeout_ms == 0)
		return !usage_error("--timeout takes milliseconds.");
	order->timeout_ms = (int64_t)timeout_ms;
	return true;
}

/* An exit code, or -1: go on. */
static int
read_arguments(int argc, char **argv, const struct option *options, const char *usage, struct order *order)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			order->waits = true;
			break;
		case 't':
			if (!read_timeout(order, optarg))
				return EXIT_USAGE;
			break;
		case 'u':
			order->url = optarg;
			break;
		case 'h':
			puts(usage);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (argv[optind])
		return usage_error("%s takes no \"%s\".", argv[0], argv[optind]);
	return -1;
}

int
cmd_drain(int argc, char **argv, const char *url)
{
	static const struct option options[] = {
		{ "wait", no_argument, NULL, 'w' },
		{ "timeout", required_argument, NULL, 't' },
		{ "url", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct order order = { .url = url, .target = "/-/drain" };
	int code = read_arguments(argc, argv, options,
		"usage: csparkctl drain [--wait [--timeout MS]] [--url URL]\n\n"
		"Lets the daemon refuse new work and finish what is open. It stays until it is stopped.\n"
		"  --wait         until nothing is open any more\n"
		"  --timeout MS   but no longer; then it exits 1, and the daemon goes on",
		&order);

	return code >= 0 ? code : give(&order);
}

int
cmd_shutdown(int argc, char **argv, const char *url)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct order order = { .url = url, .target = "/-/shutdown" };
	int code = read_arguments(argc, argv, options,
		"usage: csparkctl shutdown [--url URL]\n\n"
		"Lets the daemon finish what is open and exit, as SIGTERM does.",
		&order);

	return code >= 0 ? code : give(&order);
}
