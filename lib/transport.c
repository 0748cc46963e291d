#include "lib/transport.h"

#include <assert.h>
#include <stdio.h>

void
cspark_exchange_line(struct cspark_exchange *exchange, const char *line)
{
	if (line == NULL || line[0] == '\0')
		return;
	assert(exchange->line_count < CSPARK_EXCHANGE_LINES);
	exchange->lines[exchange->line_count++] = line;
}

void
cspark_exchange_over(struct cspark_exchange *exchange, struct list *done, enum cspark_exchange_end end)
{
	exchange->end = end;
	exchange->state = CSPARK_EXCHANGE_DONE;
	list_append(done, &exchange->link);
}

void
cspark_exchange_run_done(struct list *done)
{
	struct list *first;

	while ((first = list_pop(done)) != NULL) {
		struct cspark_exchange *exchange = LIST_ITEM(first, struct cspark_exchange, link);

		exchange->state = CSPARK_EXCHANGE_IDLE;
		exchange->done(exchange->arg, exchange);
	}
}

void
cspark_exchange_explain(struct cspark_exchange *exchange, const char *words)
{
	snprintf(exchange->reason, sizeof(exchange->reason), "%.95s", words);
	for (char *at = exchange->reason; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
}

void
cspark_exchange_send(struct cspark_transport *transport, struct cspark_exchange *exchange)
{
	exchange->sent = false;
	exchange->answer = NULL;
	exchange->answer_len = 0;
	exchange->reason[0] = '\0';
	cspark_head_init(&exchange->head);
	transport->ops->send(transport, exchange);
}

void
cspark_exchange_cancel(struct cspark_transport *transport, struct cspark_exchange *exchange)
{
	transport->ops->cancel(transport, exchange);
}

void
cspark_transport_ready(struct cspark_transport *transport, int fd, int events)
{
	transport->ops->ready(transport, fd, events);
}

void
cspark_transport_due(struct cspark_transport *transport)
{
	transport->ops->due(transport);
}

void
cspark_transport_stats(const struct cspark_transport *transport, struct cspark_transport_stats *ret)
{
	transport->ops->stats(transport, ret);
}

void
cspark_transport_free(struct cspark_transport *transport)
{
	if (transport)
		transport->ops->free(transport);
}
