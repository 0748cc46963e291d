/*
 * daemon/front.h without HTTP: a test writes a request down, feeds it, and reads the reply.
 */
#pragma once

#include "daemon/front.h"

struct fake_request {
	const char *method, *path, *query;
	const char *headers[16]; /* name, value, name, value ... NULL */
	const char *body;        /* NULL: none */
};

struct front_request {
	struct fake_request say;
	void *exchange;
	bool replied;
	int status;
	bool close;
	bool held;
	char content_type[64];
	char body[65536];
	char headers[16][2][256];
	size_t header_count;
	uint64_t max_body;          /* as front_limit_body() was told; 0: it was not */
	struct front_source source; /* of a file, whose first bytes are <body> */
	bool is_file;
	bool finished, torn; /* the file is */
};

/* begin, body in one piece: there is more to come. */
void fake_front_begin(struct front_request *request, const struct fake_request *say, void *desk);
/* The same, and ready. */
void fake_front_send(struct front_request *request, const struct fake_request *say, void *desk);
void fake_front_left(struct front_request *request);
/* The reply has left, or the connection is gone: done. */
void fake_front_done(struct front_request *request, enum front_end end);
/* The value of a reply's header, or NULL. */
const char *fake_front_header(const struct front_request *request, const char *name);
