/*
 * The front as its own files see it: front.c has the connections and the runs of libmicrohttpd,
 * front_exchange.c one request and its answer, front_secure.c the TLS of a connection.
 */
#pragma once

#include <microhttpd.h>

#include "base/list.h"
#include "daemon/crowd.h"
#include "daemon/door.h"
#include "daemon/front.h"
#include "daemon/front_secure.h"
#include "daemon/guard.h"
#include "daemon/linger.h"
#include "daemon/loop.h"
#include "daemon/pace.h"
#include "daemon/patience.h"
#include "daemon/peer.h"
#include "daemon/request.h"

/* A daemon of libmicrohttpd: one for connections in clear, one for TLS. */
struct engine {
	struct MHD_Daemon *mhd; /* NULL: not needed so far */
	bool busy; /* it has something to do in this iteration */
	struct pace pace;
};

enum { ENGINE_CLEAR, ENGINE_SECURE, ENGINES };

struct front {
	struct loop *loop;
	struct engine engines[ENGINES];
	const struct front_ops *ops;
	void *arg;
	struct guard_rules rules;
	unsigned max_connections;

	struct doors doors;
	struct crowd crowd;
	struct peers peers;
	struct patience patience;
	struct lingers lingers;

	bool draining;
	bool stopping;
	unsigned connections;
	uint64_t accepted;
	uint64_t turned_away;
	struct list all;                /* struct front_request, one a connection */
	struct list shaking;            /* struct secure, to be suspended the same way */
	struct list parking;            /* to be parked when libmicrohttpd has run */
	struct front_request *arriving; /* handed to libmicrohttpd, not yet named by it */
};

/* What libmicrohttpd calls for an exchange. */
void *exchange_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
size_t exchange_on_unescape(void *cls, struct MHD_Connection *mhd, char *text);
enum MHD_Result exchange_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context);
void exchange_on_completed(
	void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code);

/* What libmicrohttpd needs for TLS. */
extern const struct MHD_OptionItem secure_options[];

/* Lets libmicrohttpd go on with a request that is parked or will be. */
void exchange_wake(struct front_request *request);
