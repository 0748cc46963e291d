/*
 * The body of an answer as it arrives, decoded: collected, and stopped where it grows beyond reason; or, if
 * it is a success and the exchange has a sink, handed on. For transports.
 */
#pragma once

#include "base/buf.h"
#include "lib/transport.h"

struct cspark_body {
	struct buf memory;
	bool begun; /* the sink knows of the answer */
};

void cspark_body_init(struct cspark_body *body, const struct cspark_exchange *exchange);
void cspark_body_fini(struct cspark_body *body);
/* Adds <len> bytes. ANSWERED: go on. TOO_LARGE: it is, will be by its own word, or unpacks to far more
 * than was sent. SINK: refused. FAULT: no memory. */
enum cspark_exchange_end cspark_body_put(
	struct cspark_body *body, const struct cspark_exchange *exchange, const char *data, size_t len);
/* It is whole: fills in the exchange's answer, unless the sink has it. ANSWERED, SINK or FAULT. */
enum cspark_exchange_end cspark_body_end(struct cspark_body *body, struct cspark_exchange *exchange);
