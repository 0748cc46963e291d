/*
 * What the command line asked for. Filled once, before any thread starts; read-only afterwards.
 */
#pragma once

#include "sim/limits.h"

#include <stdbool.h>

struct options {
	char address[64]; /* numeric */
	unsigned port;
	const char *port_file;
	const char *tenant;
	const char *client_id;
	const char *client_secret;
	const char *api_key;
	const char *bearer; /* NULL: only issued tokens */
	double token_lifetime_s;
	struct limits limits;
	unsigned max_connections;
	const char *tls_cert;
	const char *tls_key;
	const char *seed; /* a folder of folders; NULL: none */
	long job_polls;
	double url_lifetime_s;
	bool runner; /* be the Hybrid Runner */
	bool any_service;
	bool no_ledger;
	bool verbose;
};

enum options_verdict { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Prints what --help and --version ask for, and what is wrong. The strings live as long as the
 * process. */
enum options_verdict options_parse(struct options *ret, int argc, char **argv);
