#include "lib/transport.h"

#include <assert.h>

void
cspark_exchange_line(struct cspark_exchange *exchange, const char *line)
{
	if (line == NULL || line[0] == '\0')
		return;
	assert(exchange->line_count < CSPARK_EXCHANGE_LINES);
	exchange->lines[exchange->line_count++] = line;
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
