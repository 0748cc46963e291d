/*
 * csparkd: arguments, configuration, log; then the gateway runs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/version.h"
#include "daemon/config.h"
#include "daemon/environment.h"
#include "daemon/gateway.h"
#include "daemon/hygiene.h"
#include "daemon/log.h"
#include "daemon/log_journal.h"
#include "daemon/openapi.h"
#include "daemon/sandbox.h"
#include "daemon/sockets.h"

enum action { RUN, CHECK, PRINT_CONFIG };

static const char usage[] =
	"usage: csparkd [-c FILE] [--check] [--print-config] [--help-config] [--openapi]\n"
	"               [--listen ADDR] [--log-level L] [--version] [--help]\n"
	"\n"
	"  -c, --config FILE   read the configuration from FILE (without: environment and defaults)\n"
	"      --check         say what would be done and exit: 0 good, 78 bad\n"
	"      --print-config  print the effective configuration, without secrets, and exit\n"
	"      --help-config   print every configuration key and exit\n"
	"      --openapi       print the OpenAPI document of what is served and exit\n"
	"      --listen ADDR   listen on HOST:PORT or unix:PATH instead of what is configured\n"
	"      --log-level L   error, warn, info or debug\n"
	"      --version       print the version and exit\n"
	"      --help          print this and exit\n"
	"\n"
	"Without a file, CSPARK_BASE_URL and one of CSPARK_API_KEY, CSPARK_BEARER_TOKEN,\n"
	"CSPARK_CLIENT_ID + CSPARK_CLIENT_SECRET, CSPARK_OAUTH_PATH start it on 127.0.0.1:8080.\n"
	"See csparkd(8) and csparkd.conf(5).\n";

static void
print_buf(struct buf *text, FILE *to)
{
	struct str s = buf_text(text);

	if (s.len > 0)
		fwrite(s.at, 1, s.len, to);
	buf_fini(text);
}

static int
print(void (*put)(struct buf *out))
{
	struct buf text;

	buf_init(&text, OPENAPI_MAX);
	put(&text);
	print_buf(&text, stdout);
	return EX_OK;
}

enum {
	OPT_CHECK = 256,
	OPT_PRINT,
	OPT_HELP_CONFIG,
	OPT_OPENAPI,
	OPT_LISTEN,
	OPT_LOG_LEVEL,
	OPT_VERSION,
	OPT_HELP
};
static const struct option OPTIONS[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "print-config", no_argument, NULL, OPT_PRINT },
	{ "help-config", no_argument, NULL, OPT_HELP_CONFIG },
	{ "openapi", no_argument, NULL, OPT_OPENAPI },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* An exit code, or -1: go on. */
static int
read_arguments(int argc, char **argv, struct config_flags *flags, enum action *ret_action)
{
	int option;

	*ret_action = RUN;
	while ((option = getopt_long(argc, argv, "c:", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'c':
			flags->file = optarg;
			break;
		case OPT_CHECK:
			*ret_action = CHECK;
			break;
		case OPT_PRINT:
			*ret_action = PRINT_CONFIG;
			break;
		case OPT_HELP_CONFIG:
			return print(config_help);
		case OPT_OPENAPI:
			return print(openapi_put);
		case OPT_LISTEN:
			flags->listen = optarg;
			break;
		case OPT_LOG_LEVEL:
			flags->log_level = optarg;
			break;
		case OPT_VERSION:
			puts("csparkd " CSPARKD_VERSION);
			return EX_OK;
		case OPT_HELP:
			fputs(usage, stdout);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "csparkd: unexpected argument '%s'\n%s", argv[optind], usage);
		return EX_USAGE;
	}
	return -1;
}

static struct config *
load(const struct config_flags *flags)
{
	struct config_report report;
	struct config *config;

	config_report_init(&report);
	config = config_load(flags, environment_get, &report);
	print_buf(&report.warnings, stderr);
	print_buf(&report.errors, stderr);
	config_report_fini(&report);
	return config;
}

static int
show(const struct config *config, enum action action)
{
	struct buf text;

	buf_init(&text, 1024 * 1024);
	config_print(config, &text);
	if (action == CHECK) {
		sockets_explain(config, &text);
		buf_put_str(&text, STR("configuration is good\n"));
	}
	print_buf(&text, stdout);
	return EX_OK;
}

static enum log_format
log_format_of(const struct config *config)
{
	const char *format = config->log.format, *target = config->log.target;
	bool has_file = config->log.file != NULL;

	if (!has_file &&
		(strcmp(target, "journal") == 0 || (strcmp(target, "auto") == 0 && log_journal_has_stderr())))
		return LOG_JOURNAL;
	if (strcmp(format, "auto") == 0)
		return !has_file && isatty(STDERR_FILENO) ? LOG_TEXT : LOG_JSON;
	return strcmp(format, "text") == 0 ? LOG_TEXT : LOG_JSON;
}

static bool
start_log(const struct config *config)
{
	struct log_options options = { .file = config->log.file, .format = log_format_of(config) };

	return log_level_parse(config->log.level, &options.level) && log_open(&options);
}

/* As a user that is not root the configuration is read once more: what a reload could not read is to be told
 * now. <config> is taken. NULL: standard error says why. */
static struct config *
become_user(struct config *config, const struct config_flags *flags)
{
	const char *wrong;

	if (geteuid() != 0 || !config->user)
		return config;
	if (hygiene_become(config->user, &wrong)) {
		config_unref(config);
		return load(flags);
	}
	fprintf(stderr, "csparkd: cannot become the user \"%s\": %s\n", config->user, wrong);
	config_unref(config);
	return NULL;
}

/* <config> is taken. */
static int
run(struct config *config, const struct config_flags *flags)
{
	struct sandbox sandbox;
	int code;

	if (config->core_dumps)
		hygiene_allow_dumps();
	sandbox_enter(config, flags->file, &sandbox);
	if (!start_log(config)) {
		fprintf(stderr, "csparkd: cannot open the log file %s: %s\n", config->log.file,
			strerror(errno));
		config_unref(config);
		return EX_CONFIG;
	}
	log_say(sandbox.whole ? LOG_INFO_LEVEL : LOG_WARN_LEVEL, "sandbox", "%s", sandbox.words);
	hygiene_check(config);
	code = gateway_run(config, flags);
	log_close();
	return code;
}

int
main(int argc, char **argv)
{
	struct config_flags flags = { NULL, NULL, NULL };
	enum action action;
	struct config *config;
	int code = read_arguments(argc, argv, &flags, &action);

	if (code >= 0)
		return code;
	hygiene_begin();
	environment_hide();
	if (action == RUN)
		gateway_block_reload();
	if (!cspark_global_init())
		return EX_SOFTWARE;
	config = load(&flags);
	if (config && action == RUN)
		config = become_user(config, &flags);
	if (!config)
		return EX_CONFIG;
	if (action == RUN)
		return run(config, &flags);
	code = show(config, action);
	config_unref(config);
	return code;
}
