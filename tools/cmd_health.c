/* csparkctl health: for probes of containers and supervisors. */
#include "base/str.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"

#include <getopt.h>
#include <stdio.h>

#define TIMEOUT_MS 5000

struct health_options {
	const char *url;
	const char *target;
	bool is_quiet;
};

static const struct option OPTIONS[] = {
	{ "ready", no_argument, NULL, 'r' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
judge(const struct health_options *options, const struct http_response *response)
{
	bool is_well = response->status == 200;
	struct str text = response->body;

	while (text.len && (unsigned char)text.at[text.len - 1] <= ' ')
		text.len--;
	if (!options->is_quiet && is_well)
		printf("%.*s\n", STR_ARG(text));
	else if (!options->is_quiet)
		problem_show(response->status, text);
	return is_well ? EXIT_OK : EXIT_UNHEALTHY;
}

static int
probe(const struct health_options *options)
{
	struct http_request request = {
		.method = "GET", .target = options->target, .timeout_ms = TIMEOUT_MS
	};
	struct http_response response;
	char why[300];
	int code = EXIT_UNREACHABLE;

	if (http_exchange(options->url, &request, &response, why, sizeof(why)))
		code = judge(options, &response);
	else if (!options->is_quiet)
		problem_show_unreachable(options->url, why);
	http_response_fini(&response);
	return code;
}

int
cmd_health(int argc, char **argv, const char *url)
{
	struct health_options options = { .url = url, .target = "/healthz" };
	int option;

	while ((option = getopt_long(argc, argv, "hq", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'r':
			options.target = "/readyz";
			break;
		case 'q':
			options.is_quiet = true;
			break;
		case 'u':
			options.url = optarg;
			break;
		case 'h':
			puts("usage: csparkctl health [--ready] [--quiet] [--url URL]\n\n"
			     "Exits 0 if the daemon is alive (--ready: if it can serve), 4 if it says no, "
			"3 if it says nothing.");
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (argv[optind])
		return usage_error("health takes no \"%s\".", argv[optind]);
	return probe(&options);
}
