/* cspark-sim: a local stand-in for Coherent Spark and its token endpoint. */
#include "sim/exchange.h"
#include "sim/options.h"
#include "sim/seed.h"
#include "sim/server.h"
#include "sim/tls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
world_init(struct world *world, const struct options *options)
{
	*world = (struct world){ .options = options, .limits = options->limits };
	stats_init(&world->stats);
	ledger_init(&world->ledger, options->no_ledger);
	store_init(&world->store);
	history_init(&world->history, options->no_ledger);
	jobs_init(&world->jobs, options->job_polls);
	documents_init(&world->documents, options->url_lifetime_s);
	batches_init(&world->batches, &world->limits, &world->flaws);
	tokens_init(&world->tokens, options->token_lifetime_s);
	moods_init(&world->moods);
	moods_init(&world->token_moods);
	gate_init(&world->gate, &world->limits);
	flaws_init(&world->flaws);
}

static bool
write_port(const char *path, unsigned port)
{
	char scratch[4096];
	FILE *file;
	bool good;

	/* In one step: whoever sees the file sees the number in it. */
	snprintf(scratch, sizeof(scratch), "%s.new", path);
	file = fopen(scratch, "w");
	if (!file)
		return false;
	good = fprintf(file, "%u\n", port) > 0;
	return fclose(file) == 0 && good && rename(scratch, path) == 0;
}

static void
announce(const struct options *opt, unsigned port)
{
	const char *open = strchr(opt->address, ':') ? "[" : "", *close = *open ? "]" : "";

	if (opt->port_file && !write_port(opt->port_file, port)) {
		fprintf(stderr, "cspark-sim: %s: %s\n", opt->port_file, strerror(errno));
		exit(1);
	}
	printf("listening on %s://%s%s%s:%u\n", opt->tls_cert ? "https" : "http", open, opt->address, close,
		port);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static struct options options;
	static struct world world;
	struct tls *tls = NULL;
	unsigned port;
	sigset_t ends;
	int listener, signo;

	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return 2;
	case OPTIONS_RUN:
		break;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL); /* before any thread: they inherit it */
	if (options.tls_cert && !(tls = tls_new(options.tls_cert, options.tls_key)))
		return 1;
	listener = server_listen(options.address, options.port, &port);
	if (listener < 0)
		return 1;
	world_init(&world, &options);
	if (!seed_world(&world))
		return 1;
	server_start(listener, &world, tls);
	announce(&options, port);
	sigwait(&ends, &signo);
	exit(0);
}
