#include "daemon/plan.h"

#include "daemon/bytes.h"
#include "daemon/refuse.h"

static enum cspark_api
api_of(const struct ask *ask)
{
	return ask->kind == ASK_MANY ? CSPARK_V4 : CSPARK_V3;
}

struct cspark_request *
plan_request(const char *tenant, const struct cspark_locator *locator, const struct control *control,
	const struct ask *ask, struct cspark_error *ret_error)
{
	struct cspark_locator place = *locator;
	struct cspark_meta meta = control->meta;
	struct cspark_execute execute = {
		.api = api_of(ask),
		.locator = &place,
		.meta = &meta,
		.inputs = bytes_of_str(ask->inputs),
		.request_data = bytes_of_str(ask->request_data),
		.checked = true,
		.validates = control->validates,
		.is_hybrid = control->is_hybrid,
	};

	place.is_public = locator->is_public || control->is_public;
	meta.own = bytes_of_str(ask->request_meta);
	return cspark_execute_request(tenant, &execute, ret_error);
}

bool
plan_make(const char *tenant, const struct cspark_locator *locator, const struct control *control,
	const struct ask *ask, struct plan *ret, struct cspark_error *ret_error)
{
	*ret = (struct plan){ .api = api_of(ask), .records = ask->records };
	if (ask->kind != ASK_MANY && control->engine == CONTROL_BATCH)
		return refuse(ret_error, CSPARK_E_BAD_REQUEST,
			"_engine=batch takes a list of records, not a single one.");
	if (ask->kind == ASK_MANY && control->validates)
		return refuse(ret_error, CSPARK_E_BAD_REQUEST, "A validation takes one record, not a list.");
	if (ask->kind == ASK_MANY && locator->kind == CSPARK_PROXY)
		return refuse(ret_error, CSPARK_E_BAD_LOCATOR,
			"A proxy endpoint takes one record, not a list; name the service by folder and "
			"service.");
	ret->request = plan_request(tenant, locator, control, ask, ret_error);
	if (!ret->request)
		return false;
	/* Nothing is to be calculated; that it could have been asked is known now. */
	if (ask->kind == ASK_MANY && ask->records == 0)
		plan_fini(ret);
	return true;
}

void
plan_fini(struct plan *plan)
{
	cspark_request_free(plan->request);
	plan->request = NULL;
}
