#include "tools/suggest.h"

#include <criterion/criterion.h>

static struct str
nearest(const char *wanted)
{
	static const char *const NAMES[] = { "list", "versions", "version_label", "create" };
	struct suggestion suggestion;

	suggest_start(&suggestion, str_of(wanted));
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		suggest_offer(&suggestion, str_of(NAMES[i]));
	return suggestion.best;
}

Test(suggest, finds_the_name_that_was_meant)
{
	cr_assert(str_eq(nearest("lst"), STR("list")));
	cr_assert(str_eq(nearest("verisons"), STR("versions")));
	cr_assert(str_eq(nearest("versions"), STR("versions")));
	cr_assert(str_eq(nearest("crea"), STR("create")));
	cr_assert_null(nearest("delete").at);
	cr_assert_null(nearest("x").at);
	cr_assert_null(nearest("").at);
}

Test(suggest, does_not_look_at_endless_names)
{
	char name[1000];

	memset(name, 'l', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cr_assert_null(nearest(name).at);
}
