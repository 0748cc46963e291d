/* csparkctl status: the daemon's /status, indented for people or as it is. */
#include "base/json.h"
#include "base/str.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"
#include "tools/view.h"

#include <getopt.h>
#include <stdio.h>

#define TIMEOUT_MS 5000

static const struct option OPTIONS[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
show(const struct http_response *response, bool as_json)
{
	if (response->status != 200) {
		problem_show(response->status, response->body);
		return EXIT_ANSWERED;
	}
	if (as_json || !json_valid(response->body.at, response->body.len, NULL))
		print_answer(response->body.at, response->body.len);
	else
		view_tree(response->body, 0, 0);
	return EXIT_OK;
}

static int
ask(const char *url, bool as_json)
{
	struct http_request request = { .method = "GET", .target = "/status", .timeout_ms = TIMEOUT_MS };
	struct http_response response;
	char why[300];
	int code = EXIT_UNREACHABLE;

	if (http_exchange(url, &request, &response, why, sizeof(why)))
		code = show(&response, as_json);
	else
		problem_show_unreachable(url, why);
	http_response_fini(&response);
	return code;
}

int
cmd_status(int argc, char **argv, const char *url)
{
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'j':
			as_json = true;
			break;
		case 'u':
			url = optarg;
			break;
		case 'h':
			puts("usage: csparkctl status [--json] [--url URL]");
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (argv[optind])
		return usage_error("status takes no \"%s\".", argv[optind]);
	return ask(url, as_json);
}
