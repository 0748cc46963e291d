#include "daemon/hygiene.h"

#include "base/sanitized.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

Test(hygiene, forbids_dumps_new_privileges_and_files_for_others)
{
	struct rlimit core;

	hygiene_begin();
	cr_assert_eq(umask(077), 077);
	cr_assert_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), SANITIZED ? 1 : 0);
	cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
	cr_assert_eq(core.rlim_cur, 0);
}

Test(hygiene, allows_dumps_when_told)
{
	struct rlimit core;

	hygiene_begin();
	hygiene_allow_dumps();
	cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
	cr_assert_eq(core.rlim_cur, core.rlim_max);
}

Test(hygiene, does_not_become_a_user_that_is_not_there)
{
	const char *wrong = NULL;

	cr_assert_not(hygiene_become("no-such-user", &wrong));
	cr_assert_str_eq(wrong, "there is no such user");
}

/* Somebody else than root is told why not. */
Test(hygiene, becomes_a_user_for_good_with_the_groups_of_that_user_alone)
{
	const struct passwd *nobody = getpwnam("nobody");
	gid_t groups[8], root = 0;
	const char *wrong = NULL;

	if (geteuid() != 0) {
		cr_assert_not(hygiene_become("root", &wrong));
		cr_assert(wrong);
		return;
	}
	cr_assert(nobody);
	cr_assert_eq(setgroups(1, &root), 0);
	hygiene_begin();
	cr_assert(hygiene_become("nobody", &wrong), "%s", wrong);
	cr_assert_eq(getuid(), nobody->pw_uid);
	cr_assert_eq(geteuid(), nobody->pw_uid);
	cr_assert_eq(getegid(), nobody->pw_gid);
	cr_assert_eq(setuid(0), -1);
	for (int i = 0, count = getgroups(8, groups); i < count; i++)
		cr_assert_neq(groups[i], 0);
	cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), SANITIZED ? 1 : 0);
}
