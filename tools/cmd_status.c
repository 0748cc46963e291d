/* csparkctl status: the daemon's /status, indented for people or as it is. */
#include "base/buf.h"
#include "base/json_text.h"
#include "base/str.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"

#include <getopt.h>
#include <stdio.h>

#define TIMEOUT_MS 5000
#define DEPTH_MAX  16

static const struct option OPTIONS[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* A string without quotes, "-" for null, everything else as it is. */
static void
print_scalar(struct str value)
{
	struct buf text;

	buf_init(&text, 64 * 1024);
	if (json_is_null(value))
		buf_put_char(&text, '-');
	else if (!json_unquote(value, &text))
		buf_put_str(&text, value);
	for (size_t i = 0; i < text.len; i++)
		putchar((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f ? ' ' : text.data[i]);
	buf_fini(&text);
}

static bool
is_container(struct str value)
{
	enum json_kind kind = json_kind_of(value);

	return kind == JSON_OBJECT || kind == JSON_ARRAY;
}

/* One member a line, two blanks for a level; the elements of an array are marked with a dash. */
static void
print_tree(struct str text, int depth)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, text);
	while (json_walk_next(&walk, &key, &value)) {
		printf("%*s", 2 * depth, "");
		if (key.len)
			print_scalar(key);
		putchar(key.len ? ':' : '-');
		if (is_container(value) && depth < DEPTH_MAX) {
			putchar('\n');
			print_tree(value, depth + 1);
		} else {
			putchar(' ');
			print_scalar(value);
			putchar('\n');
		}
	}
}

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
		print_tree(response->body, 0);
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
