#include "daemon/request_id.h"

#include <criterion/criterion.h>

Test(request_id, makes_distinct_version_4_uuids)
{
	struct request_ids ids = { .left = 0 };
	char one[37], other[37];

	for (int i = 0; i < 1000; i++) {
		request_id_fresh(&ids, one);
		request_id_fresh(&ids, other);
		cr_assert_eq(strlen(one), 36);
		cr_assert_eq(one[14], '4');
		cr_assert(strchr("89ab", one[19]));
		cr_assert_str_neq(one, other);
		cr_assert(request_id_is_sane(str_of(one)));
	}
}

Test(request_id, takes_only_sane_ones)
{
	char longest[REQUEST_ID_MAX + 2];

	memset(longest, 'a', sizeof longest);
	cr_assert(request_id_is_sane(STR("order-4711/step:3")));
	cr_assert(request_id_is_sane(str_range(longest, REQUEST_ID_MAX)));
	cr_assert_not(request_id_is_sane(str_range(longest, REQUEST_ID_MAX + 1)));
	cr_assert_not(request_id_is_sane(STR("")));
	cr_assert_not(request_id_is_sane(STR("a b")));
	cr_assert_not(request_id_is_sane(STR("a\r\nX: y")));
	cr_assert_not(request_id_is_sane(STR("\"")));
	cr_assert_not(request_id_is_sane(STR("caf\xc3\xa9")));
}
