#include "daemon/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *globs[8];

static bool
allows(const char *glob, const char *subject)
{
	globs[0] = (char *)glob;
	globs[1] = NULL;
	return policy_allows(globs, subject);
}

Test(policy, allows_all_where_nothing_is_said)
{
	globs[0] = NULL;
	cr_assert(policy_allows(globs, "f/s"));
	cr_assert(policy_allows(globs, ""));
}

Test(policy, compares_by_globs)
{
	cr_expect(allows("f/s", "f/s"));
	cr_expect(allows("f/*", "f/s"));
	cr_expect(allows("f/*", "f/"));
	cr_expect(allows("*", "f/s"));
	cr_expect(allows("f/v?", "f/v2"));
	cr_expect(allows("f/[a-c]*", "f/b"));
	cr_expect(allows("service/1-*", "service/1-2"));
	cr_expect_not(allows("f/s", "f/s2"));
	cr_expect_not(allows("f/s", "F/S"), "names are case-sensitive");
	cr_expect_not(allows("f/*", "ff/s"));
	cr_expect_not(allows("f/*", "f"));
	cr_expect_not(allows("f", "f/s"));
	cr_expect_not(allows("", "f/s"));
	cr_expect_not(allows("f/*", "service/f"));
}

Test(policy, allows_what_any_glob_allows)
{
	globs[0] = (char *)"a/*";
	globs[1] = (char *)"b/*";
	globs[2] = NULL;
	cr_assert(policy_allows(globs, "b/s"));
	cr_assert_not(policy_allows(globs, "c/s"));
}

static void
expect(const char *object, const char *refused)
{
	char subject[POLICY_SUBJECT_MAX] = "";

	globs[0] = (char *)"f/*";
	globs[1] = (char *)"service/ok";
	globs[2] = (char *)"version/ok";
	globs[3] = NULL;
	cr_expect_eq(policy_of_object(globs, str_of(object), subject) == POLICY_REFUSED, refused != NULL,
		"%s", object);
	if (refused)
		cr_expect_str_eq(subject, refused, "%s for %s", subject, object);
}

Test(policy, reads_every_form_of_an_address)
{
	expect("{\"service\":\"f/s\"}", NULL);
	expect("{\"service\":\"f/s[1.2.3]\"}", NULL);
	expect("{\"service\":\"folders/f/services/s\"}", NULL);
	expect("{\"service_uri\":\"folders/f/services/s[1]\"}", NULL);
	expect("{\"service\":\"/f//s/\"}", NULL);
	expect("{\"service\":\"ok\"}", NULL);
	expect("{\"service\":\"service/ok\"}", NULL);
	expect("{\"service_id\":\"ok\"}", NULL);
	expect("{\"version_id\":\"ok\",\"service\":null}", NULL);
	expect("{\"inputs\":[],\"more\":{\"service\":\"g/s\"}}", NULL);
	expect("{}", NULL);
	expect("[]", NULL);
	expect("{\"service\":\"g/s\"}", "g/s");
	expect("{\"service\":\"folders/g/services/s\"}", "g/s");
	expect("{\"service_uri\":\"g/s[1]\"}", "g/s");
	expect("{\"service\":\"bad\"}", "service/bad");
	expect("{\"service\":\"version/bad\"}", "version/bad");
	expect("{\"service\":\"proxy/f/s\"}", "proxy/f/s");
	expect("{\"service_id\":\"bad\"}", "service/bad");
	expect("{\"version_id\":\"bad\"}", "version/bad");
	expect("{\"service\":\"f/../g/s\"}", "service/f/../g/s");
	expect("{\"service\":\"\"}", "service/");
	expect("{\"service\":7}", "service/");
}

/* Spark's reader may take the first of two, or not mind capitals; so each must be allowed. */
Test(policy, is_not_got_around_by_spelling)
{
	expect("{\"service\":\"g/s\",\"service\":\"f/s\"}", "g/s");
	expect("{\"service\":\"f/s\",\"service\":\"g/s\"}", "g/s");
	expect("{\"service\":\"f/s\",\"version_id\":\"bad\"}", "version/bad");
	expect("{\"s\\u0065rvice\":\"g/s\"}", "g/s");
	expect("{\"service\":\"\\u0067/s\"}", "g/s");
	expect("{\"Service\":\"g/s\"}", "g/s");
	expect("{\"SERVICE_URI\":\"g/s\"}", "g/s");
	expect("{\"Version_Id\":\"bad\"}", "version/bad");
	expect("{\"request_meta\":{\"service_uri\":\"g/s\"},\"service\":\"f/s\"}", "g/s");
	expect("{\"request_meta\":{\"service_id\":\"bad\"},\"request_meta\":{}}", "service/bad");
	expect("{\"Request_Meta\":{\"service_id\":\"bad\"}}", "service/bad");
}

Test(policy, says_when_nothing_is_named)
{
	char subject[POLICY_SUBJECT_MAX] = "";

	globs[0] = (char *)"*";
	globs[1] = NULL;
	cr_expect_eq(
		policy_of_object(globs, STR("{\"inputs\":{\"service\":\"f/s\"}}"), subject), POLICY_SILENT);
	cr_expect_eq(policy_of_object(globs, STR("{\"service\":null}"), subject), POLICY_SILENT);
	cr_expect_eq(policy_of_object(globs, STR("[]"), subject), POLICY_SILENT);
	cr_expect_eq(policy_of_object(globs, STR("{\"service\":\"f/s\"}"), subject), POLICY_ALLOWED);
	cr_expect_eq(policy_of_object(globs, STR("{\"request_meta\":{\"version_id\":\"v\"}}"), subject),
		POLICY_ALLOWED);
}

Test(policy, has_room_for_long_names)
{
	char object[2000], subject[POLICY_SUBJECT_MAX] = "", name[1500];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	globs[0] = (char *)"f/*";
	globs[1] = NULL;
	snprintf(object, sizeof object, "{\"service\":\"%s/s\"}", name);
	cr_expect_eq(policy_of_object(globs, str_of(object), subject), POLICY_REFUSED);
	snprintf(object, sizeof object, "{\"version_id\":\"%s\"}", name);
	cr_expect_eq(policy_of_object(globs, str_of(object), subject), POLICY_REFUSED);
	cr_expect_lt(strlen(subject), POLICY_SUBJECT_MAX);
}
