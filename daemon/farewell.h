/*
 * A farewell: a request to Spark that outlives the call it belongs to, and whose answer nobody waits for. So
 * a batch is closed or cancelled when its list is over, instead of holding Spark's workers until it times
 * out.
 *
 * On the shard's thread. It has little time, and is given up with the desk.
 */
#pragma once

struct cspark_request;
struct call;
struct desk;

enum { FAREWELL_MS = 2000 };

/* <request> is taken. In the name of <call>, of which nothing is borrowed: its request id is the call's with
 * "-end". Without memory it is not sent. */
void farewell_send(const struct call *call, struct cspark_request *request);
/* Those that are under way are given up. */
void farewells_fini(struct desk *desk);
