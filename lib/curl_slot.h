/*
 * A slot: an easy handle of libcurl that is kept with its constant options set, and the exchange it carries.
 *
 * libcurl calls back into it during a transfer; it only notes what it is told, and hands on what arrives.
 */
#pragma once

#include <curl/curl.h>

#include "base/list.h"
#include "lib/body.h"
#include "lib/curl_upload.h"
#include "lib/transport.h"
#include "lib/watches.h"

struct cspark_slot {
	struct list link;          /* the transport's, while unused */
	struct cspark_exchange *exchange; /* NULL: unused */
	CURL *easy;                /* its CURLOPT_PRIVATE is the slot */
	struct cspark_route route; /* what the constant options were set for */
	unsigned starts;           /* times that libcurl began to send in this attempt */
	/* the slot's own */
	struct cspark_watches *watches;
	const bool *guarded;
	CURLU *address; /* where the handle sends to, parsed */
	char *origin;   /* what <address> was parsed from */
	char *agent_line;
	struct curl_slist lines[CSPARK_EXCHANGE_LINES + 4];
	unsigned line_count;
	struct cspark_upload upload;
	struct cspark_body body;
	enum cspark_exchange_end broke; /* why a callback stopped the transfer; ANSWERED: none did */
	bool opened, shunned;           /* an address was tried; one was not, as it is no public one */
	char error[CURL_ERROR_SIZE];
};

/* Given; NULL: no memory. <watches> and <guarded> (whether libcurl is kept from repeating requests) are
 * borrowed, also by connections that outlive the slot. */
struct cspark_slot *cspark_slot_new(
	const struct cspark_route *route, struct cspark_watches *watches, const bool *guarded);
void cspark_slot_free(struct cspark_slot *slot); /* accepts NULL; not under way */
/* Sets the handle up for an exchange, which it keeps until it is cleared. False: it cannot be. */
bool cspark_slot_begin(struct cspark_slot *slot, struct cspark_exchange *exchange, int64_t now_ms);
/* The transfer is over: how; fills in the exchange, but for its state and end. */
enum cspark_exchange_end cspark_slot_end(
	struct cspark_slot *slot, CURLcode code, int64_t now_ms, long *ret_connects);
/* Parts from its exchange, however far that has come. The handle must not be under way. */
void cspark_slot_clear(struct cspark_slot *slot);
