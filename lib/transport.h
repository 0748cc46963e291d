/*
 * One HTTP request and its answer, once: what stands between the client of Spark and the network.
 *
 * A transport sends exchanges. It repeats nothing, follows nothing and judges nothing; it says what
 * happened. The real one is transport_curl.c; tests put another behind the same table of functions.
 *
 * An exchange is embedded in its owner, who fills the question, sends it, and is called back once, from
 * cspark_transport_ready() or _due() and never from inside send; or cancels it, and is not called back.
 */
#pragma once

#include "base/list.h"
#include "lib/cspark.h"
#include "lib/header.h"

enum cspark_exchange_end {
	CSPARK_END_ANSWERED, /* a whole answer of whatever status */
	/* nothing of the request was processed */
	CSPARK_END_DNS,
	CSPARK_END_CONNECT,
	CSPARK_END_TLS,
	CSPARK_END_CERTIFICATE,
	CSPARK_END_REFUSED, /* an HTTP/2 stream that the server declined */
	CSPARK_END_ADDRESS, /* all its addresses are local ones, and the exchange does not go there */
	/* the request, or a part of it, has left */
	CSPARK_END_RESET,     /* closed before a status arrived */
	CSPARK_END_TRUNCATED, /* closed, or undecodable, after a status arrived */
	CSPARK_END_PROTOCOL,  /* the answer is no HTTP that can be trusted */
	CSPARK_END_TOO_LARGE,
	CSPARK_END_SOURCE,  /* the file with the body is shorter than it was, or cannot be read */
	CSPARK_END_SINK,    /* the sink did not take the answer */
	CSPARK_END_TIMEOUT, /* the deadline; <sent> says whether anything has left */
	CSPARK_END_FAULT,   /* out of memory and the like */
	CSPARK_ENDS
};

enum cspark_exchange_state {
	CSPARK_EXCHANGE_IDLE,
	CSPARK_EXCHANGE_PENDING, /* to be started */
	CSPARK_EXCHANGE_RUNNING,
	CSPARK_EXCHANGE_DONE, /* the done function is to be called */
};

#define CSPARK_EXCHANGE_LINES (8 + CSPARK_MORE_LINES)

struct cspark_exchange;
typedef void cspark_exchange_fn(void *arg, struct cspark_exchange *exchange);

struct cspark_exchange {
	/* the question: borrowed until the end */
	const struct cspark_route *route;
	const char *method;
	const char *url;
	const char *lines[CSPARK_EXCHANGE_LINES]; /* "name: value" */
	unsigned line_count;
	/* one of these, or none */
	const char *body;
	size_t body_len;
	const struct cspark_source *source;
	const struct cspark_part *parts;
	size_t part_count;
	const struct cspark_sink *sink; /* for the body of a 2xx answer; NULL: <answer> */
	bool public_only;               /* not to local addresses; a proxy goes where it likes */
	int64_t deadline_ms;
	size_t max_answer; /* in memory */
	cspark_exchange_fn *done;
	void *arg;
	/* the answer; what applies of it is valid from done() until the exchange is sent again */
	enum cspark_exchange_end end;
	bool sent; /* bytes of the request may have left */
	/* given (free()): NUL-terminated, decoded; with ANSWERED only NULL if the sink has the body */
	char *answer;
	size_t answer_len;
	/* the transport's own */
	struct list link;
	enum cspark_exchange_state state;
	void *slot;
	/* the rest of the answer; large, and set by cspark_exchange_send() */
	struct cspark_head head;
	char reason[96]; /* the transport's words about a failure; "" if none */
};

struct cspark_transport_ops {
	void (*send)(struct cspark_transport *transport, struct cspark_exchange *exchange);
	void (*cancel)(struct cspark_transport *transport, struct cspark_exchange *exchange);
	void (*ready)(struct cspark_transport *transport, int fd, int events);
	void (*due)(struct cspark_transport *transport);
	void (*stats)(const struct cspark_transport *transport, struct cspark_transport_stats *ret);
	void (*free)(struct cspark_transport *transport);
};

struct cspark_transport {
	const struct cspark_transport_ops *ops;
};

/* Whether the answer, as far as its head is there, is for the sink. */
static inline bool
cspark_exchange_sinks(const struct cspark_exchange *exchange)
{
	return exchange->sink && exchange->head.status >= 200 && exchange->head.status <= 299;
}

/* Starts in the next cspark_transport_due(), which the transport asks the host for. */
void cspark_exchange_send(struct cspark_transport *transport, struct cspark_exchange *exchange);
/* Harmless for an exchange that is not under way. exchange->sent is filled. */
void cspark_exchange_cancel(struct cspark_transport *transport, struct cspark_exchange *exchange);
void cspark_exchange_line(struct cspark_exchange *exchange, const char *line); /* NULL or "": none */
/* For transports: it has ended, and waits in <done> for its function to be called. */
void cspark_exchange_over(struct cspark_exchange *exchange, struct list *done, enum cspark_exchange_end end);
/* For transports: calls the done functions. They may send, and cancel what is still in <done>. */
void cspark_exchange_run_done(struct list *done);
/* For transports: keeps the words about a failure, cut to fit, without controls. */
void cspark_exchange_explain(struct cspark_exchange *exchange, const char *words);
