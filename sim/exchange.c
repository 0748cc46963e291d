#include "sim/exchange.h"

#include "sim/options.h"

#include <stdio.h>

static void
record(struct exchange *ex, bool client_left)
{
	struct ledger_end end = { .status = ex->answered ? ex->answer.status : 0,
		.mood = ex->played,
		.service = ex->label,
		.records = ex->records,
		.client_left = client_left };

	ledger_end(&ex->world->ledger, ex->seq, &end);
}

void
exchange_answering(struct exchange *ex)
{
	ex->answered = true;
	if (ex->recorded)
		record(ex, false);
}

void
exchange_over(struct exchange *ex)
{
	bool gone = ex->wire->left && !ex->answered;

	if (gone)
		stats_add(&ex->world->stats, STAT_cancelled, 1);
	if (!ex->answered)
		record(ex, gone);
	if (ex->world->options->verbose)
		fprintf(stderr, "%.*s %.*s %d %s%s\n", STR_ARG(ex->request.method), STR_ARG(ex->request.path),
			ex->answered ? ex->answer.status : 0, ex->played ? ex->played : "",
			gone ? " (caller left)" : "");
}
