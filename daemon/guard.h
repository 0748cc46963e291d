/*
 * Judges the head of a request before anybody acts on it: what the HTTP server behind the front lets pass
 * but a careful one would not, who may be addressed (Host), and who may ask (Origin). Pure.
 *
 *     guard_begin --> guard_header* --> guard_end
 *
 * The first fault found is the verdict. Details are static sentences.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "lib/cspark.h"

struct guard_rules {
	size_t max_head;   /* bytes */
	size_t max_target; /* bytes */
	uint64_t max_body; /* bytes, by Content-Length */
};

/* The listener that a request came in by. */
struct guard_place {
	struct str own_host;              /* the name in its own address */
	const char *const *allowed_hosts; /* names besides that and loopback; NULL-terminated; may be NULL */
	const char *const *allowed_origins; /* of web pages that may ask; the same */
	bool any_host;                    /* a unix socket: nobody can be led astray to it */
};

struct guard {
	const struct guard_rules *rules;
	enum cspark_code code;
	const char *detail;   /* NULL while all is well */
	bool http_1_0;
	bool takes_body;      /* the method does */
	unsigned fields, hosts, lengths, codings, origins;
	struct str host;      /* as sent */
	struct str origin;
	bool is_cross_site;   /* a browser says that a page of another site asks */
	bool is_listed;       /* the one origin is among allowed_origins; known at the end */
	uint64_t length;      /* Content-Length; 0 if there is none */
	bool chunked;
};

/* Slices are borrowed until guard_end(). */
void guard_begin(struct guard *guard, const struct guard_rules *rules, struct str method, struct str target,
	struct str version);
void guard_header(struct guard *guard, struct str name, struct str value);
enum cspark_code guard_end(struct guard *guard, size_t head_bytes, const struct guard_place *place);
