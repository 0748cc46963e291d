#include "sim/catalog.h"

static const struct cell no_cells[] = { { NULL, NULL, NULL } };
static const struct cell cylinder_inputs[] = { { "height", "C4", "4" }, { "radius", "C3", "7" },
	{ NULL, NULL, NULL } };
static const struct cell cylinder_outputs[] = { { "volume", "C6", "615.752" }, { NULL, NULL, NULL } };
static const struct cell sum_outputs[] = { { "sum", "C3", "0" }, { NULL, NULL, NULL } };

static const struct model models[] = {
	{ "echo", model_echo, no_cells, no_cells },
	{ "volume-cylinder", model_cylinder, cylinder_inputs, cylinder_outputs },
	{ "sum", model_sum, no_cells, sum_outputs },
	{ "picky", model_picky, no_cells, no_cells },
};

const struct built_in catalog_services[] = {
	{ "volume-cylinder", "b3cfea0c-aca4-471a-8500-26b887d14d69", "91299a5d-9328-4435-911b-4e5f7783f5d4",
		"0.1.0", "volume-cylinder", false, false },
	{ "public-cylinder", "5c7e4f3a-0c3b-4a0e-9a53-0d6c6b1f4e01", "d2f3b8a4-6d0e-4b8e-8f0c-9a1f2b3c4d02",
		"0.1.0", "volume-cylinder", true, false },
	{ "echo", "e0e0e0e0-0000-4000-8000-00000000000e", "e0e0e0e0-0000-4000-8000-0000000000e1", "1.0.0",
		"echo", false, true },
	{ "public-echo", "e0e0e0e0-0000-4000-8000-0000000000f0", "e0e0e0e0-0000-4000-8000-0000000000f1",
		"1.0.0", "echo", true, true },
	{ "sum", "50505050-0000-4000-8000-000000000050", "50505050-0000-4000-8000-000000000051", "2.3.1",
		"sum", false, true },
	{ "picky", "61616161-0000-4000-8000-000000000060", "61616161-0000-4000-8000-000000000061", "1.0.0",
		"picky", false, true },
};
const size_t catalog_service_count = sizeof(catalog_services) / sizeof(catalog_services[0]);

const struct model *
catalog_model(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (str_eq(name, str_of(models[i].name)))
			return &models[i];
	return NULL;
}

const struct model *
catalog_model_for(struct str service)
{
	const struct model *model = catalog_model(service);

	return model ? model : &models[0];
}
