/*
 * What is built in: the models that services calculate with, and the services that always exist. Constant.
 */
#pragma once

#include "sim/model.h"

#include <stdbool.h>
#include <stddef.h>

/* A named cell of the workbook. */
struct cell {
	const char *name; /* NULL ends a list */
	const char *address;
	const char *value; /* JSON */
};

struct model {
	const char *name;
	model_fn *evaluate;
	const struct cell *inputs;
	const struct cell *outputs;
};

/* NULL if there is none called so. */
const struct model *catalog_model(struct str name);
/* The model of a service nothing else is known about: that of its name, or echo. */
const struct model *catalog_model_for(struct str service);

struct built_in {
	const char *name;
	const char *service_id;
	const char *version_id;
	const char *number;
	const char *model;
	bool open;
	bool anywhere; /* also in folders that do not exist */
};

#define BUILT_IN_FOLDER    "my-folder"
#define BUILT_IN_FOLDER_ID "f01de500-0000-4000-8000-000000000001"

extern const struct built_in catalog_services[];
extern const size_t catalog_service_count;
