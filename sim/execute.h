/*
 * v3 and v4 execute: which service, which version, what it calculates. Each answers into ex->answer, with
 * Spark's statuses and error bodies, and sets ex->good when the call was carried out. For calls that end in a
 * calculation by another way, too.
 */
#pragma once

#include "base/str.h"
#include "sim/services.h"

#include <stdbool.h>

struct buf;
struct exchange;

/* By what stands in the path: an id, a custom endpoint, folder and service. */
void locate_by_route(struct exchange *ex, struct located *ret);
/* By version_id, service_id or service_uri of a request_meta. */
void locate_by_meta(struct exchange *ex, struct str meta, struct located *ret);
/* By service, version_id and version_by_timestamp of a v4 body. False if there is no such version. */
bool locate_v4(struct exchange *ex, struct str body, struct located *ret);
/* Moods and ledger hear what service it is about. */
void execute_settle(struct exchange *ex, const struct located *located);

/* One record: <body> has request_data; <meta> is what v3 calls request_meta. */
void execute_one(struct exchange *ex, struct located *located, struct str meta, struct str body);
/* Many: <meta> is a v4 body, apart from its inputs. */
void execute_many(struct exchange *ex, const struct located *located, struct str meta, struct str inputs);

/* The object response_meta of v3; <call_id> may be NULL. */
void put_response_meta(struct buf *out, const struct callee *callee, long ms, const char *call_id,
	struct str meta, const char *time);
