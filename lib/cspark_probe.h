/*
 * How far a server can be reached, for programs that look for what is wrong: names, route, proxy, TLS, clock.
 * A probe is one HEAD request without credentials; it blocks its caller and shares nothing with transports.
 */
#ifndef CSPARK_PROBE_H
#define CSPARK_PROBE_H

#include "cspark.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where it ended. */
enum cspark_probe_end {
	CSPARK_PROBE_ANSWERED, /* with whatever status */
	CSPARK_PROBE_DNS,
	CSPARK_PROBE_CONNECT,
	CSPARK_PROBE_PROXY, /* it is not there, or does not let us through */
	CSPARK_PROBE_TLS,
	CSPARK_PROBE_CERTIFICATE,
	CSPARK_PROBE_MUTE, /* connected, but no HTTP came back */
};

/* Why a certificate is not accepted. */
enum cspark_distrust {
	CSPARK_TRUSTED,
	CSPARK_DISTRUST_CA_FILE, /* the file with the authorities cannot be used */
	CSPARK_DISTRUST_EXPIRED,
	CSPARK_DISTRUST_EARLY, /* not valid yet */
	CSPARK_DISTRUST_HOST,  /* it is for another host */
	CSPARK_DISTRUST_AUTHORITY,
};

/* The server's own, not those of its authorities. */
struct cspark_certificate {
	char subject[256]; /* "": not seen; so the rest */
	char issuer[256];
	int64_t begins_s; /* since 1970; -1: unknown */
	int64_t ends_s;
};

struct cspark_probe {
	enum cspark_probe_end end;
	char reason[160]; /* in words, for everything but ANSWERED */
	/* what each phase took; -1: it was not finished */
	int64_t dns_ms;
	int64_t connect_ms;
	int64_t tls_ms;
	int64_t answer_ms;
	char address[64];      /* that we are connected to, perhaps the proxy's */
	unsigned port;
	int proxy_status; /* what it answered when asked for a tunnel; 0: nothing */
	int status;
	bool tells_time;
	int64_t ahead_s; /* its clock before ours */
	enum cspark_distrust distrust;
	struct cspark_certificate certificate;
};

/* Asks <url>. True: there was an answer. */
CSPARK_API bool cspark_probe_run(const char *url, const struct cspark_route *route, long timeout_ms,
	struct cspark_probe *ret);

#ifdef __cplusplus
}
#endif
#endif
