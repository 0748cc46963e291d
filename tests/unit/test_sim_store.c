#include "sim/catalog.h"
#include "sim/store.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct store store;
static struct service *service;

static void
begin(void)
{
	store_init(&store);
	service = folder_add_service(store_add_folder(&store, "f"), "s");
}

static void
end(void)
{
	store_clear(&store);
}

TestSuite(store, .init = begin, .fini = end);

static struct version *
publish(const char *difference)
{
	struct version *draft = service_add_draft(service);

	cr_assert(service_next_number(service, str_of(difference), draft->number, sizeof(draft->number)));
	service_publish(draft);
	return draft;
}

static void
expect_next(const char *difference, const char *expected)
{
	char number[32];

	cr_assert(service_next_number(service, str_of(difference), number, sizeof(number)));
	cr_expect_str_eq(number, expected);
}

Test(store, counts_versions_as_they_differ)
{
	expect_next("minor", "0.1.0");
	publish("minor");
	expect_next("patch", "0.1.1");
	publish("patch");
	expect_next("minor", "0.2.0");
	expect_next("MAJOR", "1.0.0");
	cr_expect(!service_next_number(service, STR("huge"), (char[32]){ 0 }, 32));
}

Test(store, shows_no_service_that_has_only_drafts)
{
	service_add_draft(service);
	cr_expect(!store_service(&store, STR("f"), STR("s")));
	cr_expect(!store_service_by_id(&store, str_of(service->id)));
	publish("minor");
	cr_expect(store_service(&store, STR("f"), STR("s")) == service);
	cr_expect(store_service_by_id(&store, str_of(service->id)) == service);
}

Test(store, finds_the_newest_version_that_fits)
{
	struct version *first = publish("minor"), *second = publish("patch"), *third = publish("minor");

	cr_expect(service_latest(service) == third);
	cr_expect(service_version(service, STR("0.1"), str_of("")) == second);
	cr_expect(service_version(service, STR("0"), str_of("")) == third);
	cr_expect(service_version(service, STR("0.1.0"), str_of("")) == first);
	cr_expect(!service_version(service, STR("0.3"), str_of("")));
	cr_expect(!service_version(service, STR("0.1."), str_of("")));
	snprintf(third->start, sizeof(third->start), "2040-01-01T00:00:00.000Z");
	cr_expect(service_version(service, str_of(""), STR("2030-06-01")) == second);
	cr_expect(store_version(&store, str_of(first->id)) == first);
}

Test(store, lets_a_folder_go_with_all_in_it)
{
	char id[UUID_BYTES];

	memcpy(id, publish("minor")->id, sizeof(id));
	store_drop_folder(store_folder(&store, STR("f")));
	cr_expect(!store_folder(&store, STR("f")) && !store_version(&store, str_of(id)));
}

Test(catalog, knows_a_model_for_every_service)
{
	cr_expect_str_eq(catalog_model_for(STR("sum"))->name, "sum");
	cr_expect_str_eq(catalog_model_for(STR("anything"))->name, "echo");
	cr_expect(!catalog_model(STR("anything")));
}
