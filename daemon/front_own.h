/*
 * The front as its own two files see it: front.c has the connections and the run of libmicrohttpd,
 * front_exchange.c one request and its answer.
 */
#pragma once

#include <microhttpd.h>

#include "base/list.h"
#include "daemon/crowd.h"
#include "daemon/door.h"
#include "daemon/front.h"
#include "daemon/guard.h"
#include "daemon/linger.h"
#include "daemon/loop.h"
#include "daemon/pace.h"
#include "daemon/patience.h"
#include "daemon/peer.h"
#include "daemon/request.h"

struct front {
	struct loop *loop;
	struct MHD_Daemon *mhd;
	const struct front_ops *ops;
	void *arg;
	struct guard_rules rules;
	unsigned max_connections;

	struct doors doors;
	struct crowd crowd;
	struct peers peers;
	struct patience patience;
	struct lingers lingers;

	bool busy; /* libmicrohttpd has something to do in this iteration */
	struct pace pace;
	bool draining;
	bool stopping;
	unsigned connections;
	uint64_t accepted;
	uint64_t turned_away;
	struct list all;                /* struct front_request, one a connection */
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

/* Lets libmicrohttpd go on with a request that is parked or will be. */
void exchange_wake(struct front_request *request);
