/*
 * Reading a request strictly and writing an answer. One request at a time; all slices of a request
 * point into it and live until the next http_read_head().
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct blob;
struct wire;

#define HTTP_MAX_HEADERS 100
#define HTTP_MAX_BODY    ((size_t)256 << 20)
#define HTTP_MAX_ANSWER  ((size_t)512 << 20)

struct http_header {
	struct str name;
	struct str value;
};

struct request {
	struct buf head;  /* as received */
	struct buf body;  /* decoded; empty if it is in <big> */
	struct blob *big; /* a body of more than BLOB_MEMORY_BYTES; else NULL */
	struct str method;
	struct str path;  /* raw, without the query */
	struct str query; /* raw, empty if there is none */
	struct http_header headers[HTTP_MAX_HEADERS];
	unsigned header_count;
	uint64_t content_length;
	bool chunked;
	bool keep_alive;
	bool wants_continue;
	bool body_read;
};

void request_init(struct request *request);
void request_fini(struct request *request);

/* What is wrong with a request: the status to answer, after which the connection must be closed. */
enum { HTTP_GOOD = 0, HTTP_GONE = -1 };

int http_read_head(struct wire *wire, struct request *ret);
/* Sends 100 Continue if asked for, takes the body off the wire and decodes it. */
int http_read_body(struct wire *wire, struct request *request);

/* The body, decoded. */
struct str request_body(const struct request *request);
/* at == NULL if there is no such header. */
struct str request_header(const struct request *request, struct str name);
/* The value of a query parameter, raw; at == NULL if it is absent. */
struct str request_query(const struct request *request, struct str name);

struct answer {
	int status;
	const char *type;   /* static; NULL: no Content-Type */
	struct buf headers; /* further lines, each ended with CR LF */
	struct buf body;
	struct blob *file; /* the body instead of <body>, a reference; else NULL */
	bool close;
	bool packed; /* the body is already gzip */
};

void answer_init(struct answer *answer);
void answer_fini(struct answer *answer);
/* Forgets what was there: an empty answer with this status. */
void answer_reset(struct answer *answer, int status, const char *type);
/* A file as the body: <file> taken. */
void answer_set_file(struct answer *answer, int status, const char *type, struct blob *file);
/* What the body is, borrowed until the answer changes. */
struct str answer_body(const struct answer *answer);
void answer_set(struct answer *answer, int status, const char *type, struct str body);

/* Compresses the body if the request accepts that and it is worth it, or if <force>. */
void answer_pack(struct answer *answer, const struct request *request, bool force);
/* Appends the status line and the common headers, and not the blank line that ends the head. */
void answer_put_head(const struct answer *answer, struct buf *out);
/* The whole answer, with Content-Length. False if the peer has left. */
bool answer_write(struct answer *answer, struct wire *wire);

const char *http_reason(int status);
/* An HTTP-date, <offset_s> from now. */
void http_put_date(struct buf *out, long offset_s);
