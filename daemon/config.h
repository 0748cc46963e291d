/*
 * The configuration: flags, environment, file and defaults become one immutable, counted snapshot. Pure but
 * for reading the files it is told to read. Every key has one row in config.def (name, type, default, range,
 * unit, reloadable, help): the parser, --check, --print-config, --help-config, the manual page and
 * conf/csparkd.conf come from it.
 *
 * The work is split by noun: config_key (the table), config_value (values of its types), config_draft (a
 * configuration under construction), config_file (libconfig, known nowhere else), config_secret
 * (credentials), config_listener (who may come in), config_tls (what callers are shown), config_check (what
 * must hold between keys), config_text (everything for people), config_report (complaints).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lib/cspark.h"

enum { CONFIG_MAX_LISTENERS = 16, CONFIG_MAX_TENANTS = 64 };

struct identity;

struct config_ids {
	unsigned *at;
	size_t count;
};

struct config_listener {
	unsigned id;          /* of the process, as long as some listener has this address: config_follow() */
	char *address;        /* "127.0.0.1:8080", "[::1]:8080" (addresses, never names), "unix:/path" */
	bool unsafe_listen;   /* an address other than loopback is wanted */
	unsigned allow;       /* enum cspark_group */
	bool takes_orders;    /* ops was named, and is not just the default: drain and shutdown are served */
	char **services;      /* globs of what may be used; none: all; NULL-terminated, never NULL */
	char **allowed_hosts; /* NULL-terminated, never NULL */
	char **allowed_origins; /* the same */
	char *caller_token_file;
	char *caller_token;   /* from it; NULL: callers need none */
	unsigned mode;        /* unix sockets */
	char *owner, *group;  /* unix sockets; NULL: unchanged */
	char **allow_uids, **allow_gids; /* as configured: names or numbers; NULL-terminated, never NULL */
	unsigned max_connections;        /* 0: no limit of its own */
	struct config_ids uids, gids;    /* of these; a caller must be of either, unless both are empty */
	struct {
		char *cert, *key, *client_ca;
		char *min_version;         /* "1.2", "1.3"; NULL: 1.2 */
		struct identity *identity; /* of these files; NULL: callers speak in clear */
	} tls;
};

/* Credentials as they were configured; what is used is config_tenant.credentials. */
struct config_auth {
	char *client_id, *client_secret, *client_secret_file, *oauth_file;
	char *api_key, *api_key_file, *token, *token_file;
	bool open;
};

enum config_kind { CONFIG_SAAS, CONFIG_HYBRID };

struct config_tenant {
	/* Of the process: config_follow(). <slot> goes with the name, <account> with what the tenant is for
	 * Spark: whoever has the same may use the same token. */
	unsigned slot, account;
	char *name;
	char *origin;    /* scheme://host[:port] */
	char *tenant;    /* as in the path */
	char *base_url;  /* origin/tenant */
	char *env;       /* as configured, instead of base_url; NULL: not */
	char *token_url; /* never NULL for OAuth */
	struct config_auth auth;
	struct cspark_credentials credentials; /* borrowed from <secret> */
	struct config_secret {
		char *client_id; /* NULL but for OAuth */
		char *text;      /* NULL only if open */
	} secret;
	char *secret_file; /* the file the secret came from, to be watched and read again; NULL: none */
	char *ca_file;
	char *proxy;     /* as configured; "" = none; NULL: by the environment */
	char *api_proxy; /* what is to be used for the API, for tokens; NULL: none */
	char *token_proxy;
	bool plaintext;
	int http_version; /* 0: automatic, 1: HTTP/1.1 */
	unsigned timeout_ms;
	unsigned job_timeout_ms;
	int kind;           /* enum config_kind */
	bool rewrite_urls;
	char **file_hosts;  /* NULL-terminated, never NULL */
	bool private_files;
	unsigned connect_timeout_ms;
	bool breaker;
	unsigned retry_max;
	unsigned retry_interval_ms;
};

struct config {
	unsigned refs; /* atomic */
	unsigned workers;
	char *state_dir;
	char *user;
	bool sandbox;
	bool core_dumps;
	unsigned drain_delay_ms, drain_ms;
	struct config_listener *listeners;
	size_t listener_count;
	struct config_tenant *tenants;
	size_t tenant_count;
	struct {
		uint64_t max_body, max_answer, max_head, max_target, max_records;
		uint64_t max_upload, max_download, max_spool;
		unsigned max_in_flight, max_queue, queue_ms, max_connections;
		unsigned max_connections_per_caller; /* 0: no limit */
		unsigned head_ms, body_ms, idle_ms, write_ms;
	} limits;
	struct {
		uint64_t max_body, max_record, chunk_bytes;
		unsigned single_records, chunk_records, target_ms, max_concurrency, timeout_ms, stall_ms;
		unsigned batch_above; /* records; 0: no batches but those that callers want */
		unsigned batch_records;
		bool batch_fallback;
	} bulk;
	struct {
		char *level;
		char *format; /* "json", "text", or "auto": text on a terminal */
		char *file;
		char *target; /* without a file: "auto", "journal", "stderr" */
		unsigned sample;
	} log;
};

/* What the command line said; NULL where it said nothing. Borrowed. */
struct config_flags {
	const char *file;
	const char *listen; /* replaces all listeners by one at this address */
	const char *log_level;
};

/* Problems of a configuration, one sentence a line (further lines of one are indented), each with file, line,
 * range and the nearest known name where it helps. */
struct config_report {
	struct buf errors;
	struct buf warnings;
};
void config_report_init(struct config_report *report);
void config_report_fini(struct config_report *report);

/* Given (config_unref), or NULL if anything at all is wrong: then <report> has all errors, not only the
 * first. <getenv_fn>: getenv. */
struct config *config_load(
	const struct config_flags *flags, char *(*getenv_fn)(const char *), struct config_report *report);
struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* any thread; wipes secrets; accepts NULL */
/* Whether anybody but the caller still has a reference. */
bool config_is_shared(const struct config *config);

/* The listener or tenant of that identity; NULL: there is none. */
const struct config_listener *config_find_listener(const struct config *config, unsigned id);
const struct config_tenant *config_find_tenant(const struct config *config, const char *name);

/* Reads the tenant's secret_file again; <ret> given (config_secret_fini). False, with an error: it is gone,
 * unsafe or not what it should be; the old secret stays in use. */
bool config_read_secret(
	const struct config_tenant *tenant, struct config_secret *ret, struct cspark_error *ret_error);
/* Reads the caller_token_file of a listener; given (secret_free). NULL, with an error: as above. */
char *config_read_caller_token(const struct config_listener *listener, struct cspark_error *ret_error);
/* Reads the certificate and key of a listener; given (identity_unref). NULL, with an error: as above. */
struct identity *config_read_identity(
	const struct config_listener *listener, struct cspark_error *ret_error);
void config_secret_fini(struct config_secret *secret); /* wipes */

/* Every file that is named to be read; the path is borrowed. */
void config_each_file(const struct config *config, void (*take)(void *arg, const char *path), void *arg);

/* --print-config: the effective configuration in the file's syntax, secrets as "***". */
void config_print(const struct config *config, struct buf *out);
/* --help-config: every key with type, default, range and help. */
void config_help(struct buf *out);
/* conf/csparkd.conf and docs/csparkd.conf.5, from the same table. */
void config_sample(struct buf *out);
void config_manual(struct buf *out);
