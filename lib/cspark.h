/*
 * libcspark: a client for Coherent Spark that owns neither threads nor a loop.
 *
 * A program that has an event loop lends it through struct cspark_host; a program that has none
 * uses cspark_blocking (at the end). The library never logs, never blocks, reads no file and no
 * environment variable behind the host's back, and keeps nothing global but curl's own
 * initialisation (cspark_global_init).
 *
 * A call's story: a request is made (cspark_execute_request), sent through a client
 * (cspark_client_send), which obtains a token, sends, judges the outcome, retries by the rules of
 * its class, and hands a result to a callback. The answer in it can be read field by field
 * (cspark_answer_read) as slices of the bytes that Spark sent.
 *
 * Threads: an object belongs to one thread. Only cspark_token is shared (immutable, counted).
 * Ownership words: borrowed, copied, taken (the callee frees), given (the caller frees).
 * Times are milliseconds of a monotonic clock that the host provides.
 */
#ifndef CSPARK_H
#define CSPARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CSPARK_API __attribute__((visibility("default")))
#define CSPARK_MUST_CHECK __attribute__((warn_unused_result))

/* ---- bytes ------------------------------------------------------------------------------- */

/* A borrowed run of bytes, not NUL-terminated; at == NULL means absent. */
struct cspark_bytes {
	const char *at;
	size_t len;
};

/* ---- errors ------------------------------------------------------------------------------ */

enum cspark_code {
	CSPARK_OK = 0,
#define X(NAME, name, status, retryable, title) CSPARK_E_##NAME,
#include "error.def"
#undef X
	CSPARK_CODES
};

CSPARK_API const char *cspark_code_name(enum cspark_code code);  /* "upstream_timeout"; "ok" */
CSPARK_API const char *cspark_code_title(enum cspark_code code);
CSPARK_API int cspark_code_status(enum cspark_code code);        /* 0: pass Spark's on */
CSPARK_API bool cspark_code_retryable(enum cspark_code code);

/* Whether Spark may have run the request. */
enum cspark_outcome { CSPARK_NOT_SENT, CSPARK_MAYBE_EXECUTED, CSPARK_EXECUTED };
CSPARK_API const char *cspark_outcome_name(enum cspark_outcome outcome);

/* What a failing function tells its caller: always a whole sentence, NUL-terminated, no secret in it. */
struct cspark_error {
	enum cspark_code code;
	char detail[256];
};

/* ---- operations -------------------------------------------------------------------------- */

/* What Spark can do; <cspark_operations.h> tells more of it. */
enum cspark_operation {
#define X(NAME, name, group, class, base, method, path, body, answer, verb, local, parameters, sdk, summary) \
	CSPARK_OP_##NAME,
#include "operations.def"
#undef X
	CSPARK_OPERATIONS
};
/* The retry class (contract, "Retries and outcomes"). */
enum cspark_class { CSPARK_CLASS_READ, CSPARK_CLASS_EXECUTE, CSPARK_CLASS_CHANGE, CSPARK_CLASS_TAKE };

CSPARK_API const char *cspark_operation_name(enum cspark_operation operation);
CSPARK_API enum cspark_class cspark_operation_class(enum cspark_operation operation);

/* ---- locators ---------------------------------------------------------------------------- */

#define CSPARK_NAME_MAX 200 /* bytes of a folder, a service or an id */

enum cspark_locator_kind { CSPARK_FOLDER_SERVICE, CSPARK_SERVICE_ID, CSPARK_VERSION_ID, CSPARK_PROXY };

/* Which service: a value, copied freely. Names are decoded UTF-8 without controls, NUL-terminated. */
struct cspark_locator {
	enum cspark_locator_kind kind;
	bool is_public;
	char folder[CSPARK_NAME_MAX + 1];
	char service[CSPARK_NAME_MAX + 1]; /* or the id, or the proxy endpoint */
	char version[65];                  /* semantic version; "" = latest */
};

/* The string forms of the official SDKs ("folder/service[1.2.3]", "service/ID", ...), not percent-encoded. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_locator_parse(struct cspark_bytes text,
	struct cspark_locator *ret, struct cspark_error *ret_error);
/* The same from the raw, percent-encoded path of a URL, without a leading slash; stricter: each segment is
 * decoded once; empty segments, ".", "..", encoded slashes and backslashes, controls, bad UTF-8 are
 * refused. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_locator_from_path(struct cspark_bytes path,
	struct cspark_locator *ret, struct cspark_error *ret_error);

/* ---- metadata ---------------------------------------------------------------------------- */

enum cspark_api { CSPARK_V3, CSPARK_V4 };

enum cspark_meta_field {
#define X(NAME, param, kind, v3, v4, default3, default4, help) CSPARK_META_##NAME,
#include "metadata.def"
#undef X
	CSPARK_META_FIELDS
};

/* All borrowed; start from zero. */
struct cspark_meta {
	struct cspark_bytes value[CSPARK_META_FIELDS]; /* plain text, checked by cspark_meta_set */
	struct cspark_bytes more; /* a JSON object of further fields, which win over the values */
	struct cspark_bytes own;  /* the caller's own request_meta (v3): a JSON object that wins over all */
};

/* The field of a control parameter ("_purpose"), or CSPARK_META_FIELDS if there is none of that name. */
CSPARK_API enum cspark_meta_field cspark_meta_find(struct cspark_bytes parameter);
/* Checks <text> by the field's kind (flags, compiler names, controls, UTF-8, 1 KiB) and keeps it,
 * borrowed. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_meta_set(struct cspark_meta *meta, enum cspark_meta_field field,
	struct cspark_bytes text, struct cspark_error *ret_error);

/* ---- requests ---------------------------------------------------------------------------- */

/* A body in a file. It is read with pread() from its beginning, as often as needed; the descriptor's own
 * position does not matter and does not move. */
struct cspark_source {
	int fd;
	uint64_t len;
};

/* A part of multipart/form-data. */
struct cspark_part {
	const char *name;
	const char *file_name;    /* NULL: a field, not a file */
	const char *content_type; /* NULL: none; of a file application/octet-stream */
	struct cspark_bytes text;
	const struct cspark_source *source; /* NULL: text */
};

/* One HTTP request to Spark, ready to be sent any number of times. Given by the makers below, or made by hand
 * of borrowed pieces; from zero. */
enum { CSPARK_MORE_LINES = 16 }; /* at most, in <lines> */

struct cspark_request {
	enum cspark_operation operation;
	bool is_public;           /* no credentials */
	/* Only to hosts of the internet: none of the addresses that are local, private or multicast. A proxy
	 * is not asked. */
	bool public_addresses_only;
	bool expects_json;        /* a 2xx answer that is not one whole JSON text is no success */
	const char *method;       /* "POST" */
	/* percent-encoded, from the host's root, with the tenant if it has one: "/t/api/v3/..." */
	const char *path;
	/* Of another host than the client's: "scheme://host[:port]". Without credentials if is_public; its
	 * failures say nothing of Spark to the breaker, and it holds nobody back. NULL: the client's. */
	const char *origin;
	/* one of these, or none */
	const char *body;
	size_t body_len;
	const struct cspark_source *source;
	const struct cspark_part *parts; /* multipart/form-data, whose content type says itself */
	size_t part_count;
	const char *content_type; /* "application/json"; NULL: none */
	const char *content_encoding; /* of the body, static; NULL: none. Makers leave it so */
	const char *accept;           /* NULL: whatever there is */
	const char *const *lines;     /* more header fields, "name: value"; ends with NULL; NULL: none */
};
CSPARK_API void cspark_request_free(struct cspark_request *request); /* accepts NULL */

struct cspark_execute {
	enum cspark_api api;
	const struct cspark_locator *locator;
	const struct cspark_meta *meta;     /* NULL: defaults */
	struct cspark_bytes inputs;         /* v3: a JSON object; v4: a JSON array; absent: no inputs */
	struct cspark_bytes request_data;   /* v3, instead of inputs: the caller's own request_data object */
	/* the JSON texts are known to be valid; else they are scanned here */
	bool checked;
	bool validates;                     /* v3: say what the inputs may be, instead of calculating */
	bool is_hybrid;                     /* to a Hybrid Runner, which validates at another path */
	/* v4: only opens a batch for the service, in which any number of records may fail; no inputs */
	bool opens_batch;
};
/* Given, or NULL with an error. The texts are spliced byte for byte. <tenant> is put into the path. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *cspark_execute_request(const char *tenant,
	const struct cspark_execute *execute, struct cspark_error *ret_error);
/* A request whose path and body are Spark's own, unchanged: for drop-in paths. All copied. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *cspark_raw_request(enum cspark_operation operation,
	bool is_public, const char *method, struct cspark_bytes path, struct cspark_bytes body,
	const char *content_type);
/* The same with a body in a file, whose descriptor is borrowed until the request is freed. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *cspark_raw_file_request(enum cspark_operation operation,
	bool is_public, const char *method, struct cspark_bytes path, const struct cspark_source *source,
	const char *content_type);

/* ---- answers ----------------------------------------------------------------------------- */

/* A v3 or v4 execute answer, taken apart: raw JSON text of each member, borrowed from the body; at == NULL
 * where absent. */
struct cspark_answer {
	enum cspark_api api;
	bool failed; /* HTTP 200, but status "Error" (v3) */
	struct cspark_bytes outputs;  /* v3: an object; v4: an array */
	struct cspark_bytes warnings;
	struct cspark_bytes errors;
	struct cspark_bytes service_chain;
	struct cspark_bytes process_time;
	struct cspark_bytes call_id;
	struct cspark_bytes service_id;
	struct cspark_bytes version_id;
	struct cspark_bytes version;
	struct cspark_bytes compiler_version;
	struct cspark_bytes correlation_id;
	struct cspark_bytes request_timestamp;
	struct cspark_bytes error; /* v3's error object */
	struct cspark_bytes inputs; /* echoed, if asked for */
};
/* False if the body has not the shape of an execute answer. <body> must be valid JSON. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_answer_read(enum cspark_api api, struct cspark_bytes body,
	struct cspark_answer *ret);

enum cspark_shape { CSPARK_SIMPLE, CSPARK_ALIKE, CSPARK_ORIGINAL };
/* Given (free()): the answer in that shape, as contract.md section 2 says; absent members are null. NULL: no
 * memory. */
CSPARK_API CSPARK_MUST_CHECK char *cspark_answer_text(const struct cspark_answer *answer,
	struct cspark_bytes body, enum cspark_shape shape, size_t *ret_len);
/* Spark's own words about a failure in any of its error bodies (v1, v3, v4, OAuth, text), for people; at most
 * <size>. */
CSPARK_API void cspark_answer_complaint(struct cspark_bytes body, char *ret_text, size_t size);

/* ---- the host's loop --------------------------------------------------------------------- */

enum { CSPARK_READ = 1, CSPARK_WRITE = 2 };

/* What the library borrows. Every function is called on the client's thread, and none may call back into the
 * library. */
struct cspark_host {
	void *arg;
	/* Watch <fd> for <events> (level-triggered), 0 = stop. The same fd is told again whenever its events
	 * change. The host then calls cspark_transport_ready(). */
	void (*watch)(void *arg, int fd, int events);
	/* A descriptor is about to be closed: forget all about it. Called after a watch of 0. */
	void (*forget)(void *arg, int fd);
	/* Call cspark_transport_due() at <at_ms>, replacing the earlier wish; -1 = no wish. */
	void (*timer)(void *arg, int64_t at_ms);
	int64_t (*now_ms)(void *arg);  /* monotonic, runs during suspend */
	int64_t (*wall_s)(void *arg);  /* seconds since 1970 */
	uint32_t (*random)(void *arg); /* for jitter */
};

/* ---- transport --------------------------------------------------------------------------- */

/* Sends HTTP requests; one for each thread, shared by its clients and its token authority. */
struct cspark_transport;

CSPARK_API CSPARK_MUST_CHECK bool cspark_global_init(void); /* once, before any thread */

struct cspark_transport_options {
	size_t max_connections; /* 0: no limit */
	size_t max_idle;        /* connections kept for reuse; 0: 64 */
};
/* Given. <host> is copied, its arg borrowed until the end. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_transport *cspark_transport_new_curl(
	const struct cspark_host *host, const struct cspark_transport_options *options);
CSPARK_API void cspark_transport_free(struct cspark_transport *transport); /* all its users are gone */
/* To be called by the host: <fd> is ready for <events> (an error counts as both). Callbacks run from here. */
CSPARK_API void cspark_transport_ready(struct cspark_transport *transport, int fd, int events);
/* To be called by the host when the timer is due. Callbacks run from here. */
CSPARK_API void cspark_transport_due(struct cspark_transport *transport);

struct cspark_transport_stats {
	uint64_t connects;  /* connections opened */
	uint64_t reuses;    /* requests on a kept connection */
	uint64_t open;      /* requests under way */
};
CSPARK_API void cspark_transport_stats(
	const struct cspark_transport *transport, struct cspark_transport_stats *ret);

/* ---- tokens ------------------------------------------------------------------------------ */

/* An immutable credential, as a header line ready to be sent; counted, may be shared by threads. */
struct cspark_token;

CSPARK_API struct cspark_token *cspark_token_ref(struct cspark_token *token);
CSPARK_API void cspark_token_unref(struct cspark_token *token); /* accepts NULL; wipes the last one */
CSPARK_API uint64_t cspark_token_generation(const struct cspark_token *token);
CSPARK_API int64_t cspark_token_expires_ms(const struct cspark_token *token); /* host's clock; -1 = never */

enum cspark_auth_kind { CSPARK_AUTH_OPEN, CSPARK_AUTH_API_KEY, CSPARK_AUTH_BEARER, CSPARK_AUTH_OAUTH };

struct cspark_credentials {
	enum cspark_auth_kind kind;
	const char *secret;    /* API key, bearer token (with or without "Bearer") or client secret */
	const char *client_id; /* OAuth */
};

/* How a server is reached; for the API and for the token endpoint alike. Strings copied. */
struct cspark_route {
	const char *ca_file;        /* NULL: the system's */
	/* NULL: none. The host decides about HTTPS_PROXY and NO_PROXY: cspark_proxy_for() */
	const char *proxy;
	long connect_timeout_ms;    /* 0: 2000 */
	int http_version;           /* 0: HTTP/2 when TLS offers it; 1: HTTP/1.1 */
	const char *user_agent;     /* NULL: libcspark/VERSION */
};
/* The proxy that the usual variables (https_proxy, HTTPS_PROXY, http_proxy, ALL_PROXY, NO_PROXY with hosts,
 * suffixes, ports, "*") name for <url>; NULL: none. <getenv_fn> is how variables are read. Borrowed from the
 * environment. */
CSPARK_API const char *cspark_proxy_for(const char *url, char *(*getenv_fn)(const char *));

enum cspark_token_state {
	CSPARK_TOKEN_NONE,    /* nothing yet, or expired */
	CSPARK_TOKEN_VALID,
	CSPARK_TOKEN_LATCHED, /* the credentials were refused for good: until they change */
};

/* What an authority tells: its token, or why there is none. All borrowed during the call. */
struct cspark_token_news {
	enum cspark_token_state state;
	struct cspark_token *token;       /* VALID: ref it to keep it */
	bool fetched;                     /* a fetch ended with this (false: the old token expired) */
	bool failed;                      /* that fetch failed; <error> says why */
	struct cspark_error error;        /* of the last failure, to be logged once by the host */
	/* short word for metrics: "status", "timeout", "connect", "body", "refused", ... */
	const char *reason;
	int64_t retry_at_ms;              /* when the next fetch is planned; -1 = none */
	int64_t fetch_ms;                 /* how long the fetch took */
	bool shortened, assumed, clamped; /* expires_in was tiny, missing, huge: worth one log line */
};
typedef void cspark_token_news_fn(void *arg, const struct cspark_token_news *news);

/* Keeps one credential fresh: single flight, renewal at a random point in 70-85 % of the life, back-off,
 * latch. */
struct cspark_authority;

struct cspark_authority_options {
	struct cspark_credentials credentials;
	const char *token_url; /* OAuth; copied */
	struct cspark_route route;
	long timeout_ms;       /* of one fetch; 0: 10000 */
};
/* Given. <host>: as for the transport; its timer is not used, see cspark_authority_due. News come from the
 * transport's or the host's calls, never from inside this function. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_authority *cspark_authority_new(struct cspark_transport *transport,
	const struct cspark_host *host, const struct cspark_authority_options *options,
	cspark_token_news_fn *news, void *arg);
CSPARK_API void cspark_authority_free(struct cspark_authority *authority);
/* Start: the first token is fetched (a fixed credential is announced) from the next
 * cspark_authority_due(). */
/* When the authority wants to be called, -1 = not at all; to be asked after every call into it or its
 * transport. */
CSPARK_API int64_t cspark_authority_next_ms(const struct cspark_authority *authority);
CSPARK_API void cspark_authority_due(struct cspark_authority *authority);
/* A call was answered 401 with the token of <generation> (0: it had none). A newer one, if there is, is
 * announced again; else one fetch starts, unless the last successful one is less than a second old and
 * back-off says no. */
CSPARK_API void cspark_authority_refused(struct cspark_authority *authority, uint64_t generation);
/* New credentials (a rotated secret): opens the latch and fetches; the old token serves until the new one is
 * there. Copied. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_authority_rotate(struct cspark_authority *authority,
	const struct cspark_credentials *credentials);

/* The token endpoint of a base URL: https://excel.E.coherent.global/T ->
 * https://keycloak.E.coherent.global/auth/realms/T/protocol/...; for other hosts (loopback, simulator) the
 * same origin with /auth/realms/T/protocol/openid-connect/token. Given (free()). */
CSPARK_API CSPARK_MUST_CHECK char *cspark_token_url(const char *base_url);

/* ---- client ------------------------------------------------------------------------------ */

/* Sends requests of one tenant, from one thread, with retries. */
struct cspark_client;

struct cspark_retry_options {
	unsigned max;            /* retries after the first attempt */
	long interval_ms;        /* first back-off ceiling; doubles */
	long cap_ms;             /* 0: 30000 */
	double budget;           /* token bucket: capacity; 0: 20 */
	double budget_floor_s;   /* retries a second that are always granted; 0: 1 */
};

struct cspark_client_options {
	const char *base_url; /* scheme://host[:port]/tenant, normalised by cspark_base_url_parse; copied */
	const char *tenant;   /* copied */
	struct cspark_route route;
	struct cspark_retry_options retry;
	size_t max_answer;    /* bytes of one answer after decoding; 0: 64 MiB */
	bool breaker_off;     /* send however much fails; else CSPARK_E_CIRCUIT_OPEN for a while */
	/* Up-calls, on the client's thread; all may be NULL. */
	void *arg;
	/* A call needs a token and there is none, or the one of <generation> was refused: ask the
	 * authority. */
	void (*want_token)(void *arg, uint64_t generation);
	/* Spark asked (Retry-After) that nothing be sent before <until_ms>: tell the tenant's other clients
	 * (cspark_client_hold). */
	void (*held)(void *arg, int64_t until_ms);
	/* Too much has failed: nothing is sent for <open_ms>; then one attempt at a time is tried, and if
	 * that fails this is told again. 0: all is sent again. */
	void (*breaker)(void *arg, int64_t open_ms);
};

CSPARK_API CSPARK_MUST_CHECK struct cspark_client *cspark_client_new(struct cspark_transport *transport,
	const struct cspark_host *host, const struct cspark_client_options *options);
CSPARK_API void cspark_client_free(struct cspark_client *client); /* no job is left */
/* The client's own timers (back-off, deadlines, holds): as for the authority. */
CSPARK_API int64_t cspark_client_next_ms(const struct cspark_client *client);
CSPARK_API void cspark_client_due(struct cspark_client *client);

/* News for waiting and future calls: a token (counted by the client), or none and why. */
CSPARK_API void cspark_client_token(struct cspark_client *client, const struct cspark_token_news *news);
/* Nothing is sent before then; but after five minutes Spark is asked again, whatever it said. */
CSPARK_API void cspark_client_hold(struct cspark_client *client, int64_t until_ms);

/* What is known of an answer before its body is. Borrowed during the call. */
struct cspark_answer_head {
	int status;
	int64_t length;          /* of the body, decoded; -1: unknown, or it is sent compressed */
	const char *content_type; /* "": none */
	const char *disposition;  /* Content-Disposition; "": none */
};

/* Where the body of a 2xx answer goes instead of into memory, whatever its size and unchecked; other answers
 * go to memory all the same. */
struct cspark_sink {
	void *arg;
	/* An answer begins: at its first byte, or at its end if it is empty. Once for each attempt that is
	 * answered: when an answer is torn and asked for again, all that was put before is void. */
	bool (*begin)(void *arg, const struct cspark_answer_head *head);
	bool (*put)(void *arg, const char *data, size_t len); /* decoded */
	/* Both: false ends the call with CSPARK_E_INTERNAL. Neither may call back into the library. */
};

struct cspark_call {
	int64_t deadline_ms;      /* absolute, retries included */
	const char *request_id;   /* sent as x-request-id on every attempt; borrowed until done */
	const char *traceparent;  /* NULL: none; borrowed until done */
	const char *tracestate;   /* goes with it; NULL: none; borrowed until done */
	const struct cspark_sink *sink; /* NULL: memory; borrowed until done */
};

struct cspark_timing {
	int64_t token_ms;  /* waited for a token */
	int64_t spark_ms;  /* all attempts, from sending to the last byte */
	int64_t wait_ms;   /* back-off and holds */
};

/* How a call ended. */
struct cspark_result {
	enum cspark_code code; /* CSPARK_OK: Spark answered 2xx, and whole */
	enum cspark_outcome outcome;
	bool retryable;
	int status;            /* Spark's last HTTP status; 0: none */
	unsigned attempts;     /* sent or tried; 0: none */
	long retry_after_s;    /* to pass on; -1: unknown */
	/* Spark's last body, decoded; NULL: none, or the sink has it. The receiver may take it by setting
	 * NULL. */
	char *body;
	size_t body_len;
	struct cspark_timing timing;
	unsigned retries_by_cause[8]; /* enum cspark_cause */
	char detail[256];
	/* of Spark's last answer; "": none */
	char content_type[128];
	char disposition[256]; /* Content-Disposition */
	char location[2048];    /* of a redirect, which nobody has followed */
};

/* Why an attempt was repeated, for metrics and logs. */
enum cspark_cause {
	CSPARK_CAUSE_CONNECT, CSPARK_CAUSE_UNAUTHORIZED, CSPARK_CAUSE_THROTTLED, CSPARK_CAUSE_STATUS,
	/* wanted, but the budget was empty */
	CSPARK_CAUSE_RESET, CSPARK_CAUSE_GARBLED, CSPARK_CAUSE_TIMEOUT, CSPARK_CAUSE_DENIED,
	CSPARK_CAUSES
};
CSPARK_API const char *cspark_cause_name(enum cspark_cause cause);

/* A call under way. */
struct cspark_job;
typedef void cspark_done_fn(void *arg, struct cspark_result *result);

/* Starts from the next cspark_client_due() or transport call, never from inside this function; <done> runs
 * exactly once, unless cancelled. <request> borrowed until then. NULL: no memory. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_job *cspark_client_send(struct cspark_client *client,
	const struct cspark_request *request, const struct cspark_call *call, cspark_done_fn *done,
	void *arg);
/* Stops a call; <done> will not run. <ret_outcome>, <ret_attempts> may be NULL. */
CSPARK_API void cspark_job_cancel(
	struct cspark_job *job, enum cspark_outcome *ret_outcome, unsigned *ret_attempts);

/* ---- base URL ---------------------------------------------------------------------------- */

/* Checks and normalises what a user configured: base_url, or env and tenant. Given (free()):
 * "scheme://host[:port]" and the tenant. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_base_url_parse(const char *base_url, const char *env,
	const char *tenant, bool plaintext_allowed, char **ret_origin, char **ret_tenant,
	struct cspark_error *ret_error);

/* ---- blocking ---------------------------------------------------------------------------- */

/* A host for programs without a loop: poll() in one thread. */
struct cspark_blocking;

struct cspark_blocking_options {
	const char *base_url; /* scheme://host[:port]/tenant */
	struct cspark_credentials credentials;
	const char *token_url; /* NULL: derived */
	struct cspark_route route;
	struct cspark_retry_options retry;
	bool plaintext;        /* http:// to other hosts than loopback is wanted */
};
CSPARK_API CSPARK_MUST_CHECK struct cspark_blocking *cspark_blocking_new(
	const struct cspark_blocking_options *options, struct cspark_error *ret_error);
CSPARK_API void cspark_blocking_free(struct cspark_blocking *blocking);
CSPARK_API const char *cspark_blocking_tenant(const struct cspark_blocking *blocking); /* borrowed */
/* Runs one call to its end. False if it failed; <ret> is filled in both cases and its body given
 * (cspark_result_fini). */
CSPARK_API CSPARK_MUST_CHECK bool cspark_blocking_run(struct cspark_blocking *blocking,
	const struct cspark_request *request, long timeout_ms, struct cspark_result *ret);
/* The same with a sink for the body of a 2xx answer. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_blocking_fetch(struct cspark_blocking *blocking,
	const struct cspark_request *request, long timeout_ms, const struct cspark_sink *sink,
	struct cspark_result *ret);
CSPARK_API void cspark_result_fini(struct cspark_result *result);

/* What came of the first attempt to get a token. */
struct cspark_token_report {
	int64_t left_ms;    /* of its life; -1: no end is known */
	int64_t fetch_ms;   /* what fetching took; 0: nothing had to be fetched */
	const char *reason; /* a short word, of a failure */
	struct cspark_error error;
};
/* Waits for that, where it is not known yet. False: there is no token. */
CSPARK_API CSPARK_MUST_CHECK bool cspark_blocking_token(
	struct cspark_blocking *blocking, struct cspark_token_report *ret);

#ifdef __cplusplus
}
#endif
#endif
