#include "base/fault.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(fault, is_strerror_outside_a_sandbox)
{
	cr_assert_str_eq(fault_text(EACCES), "Permission denied");
	cr_assert_str_eq(fault_text(ENOENT), "No such file or directory");
}

Test(fault, names_the_sandbox_where_it_may_be_the_reason)
{
	fault_confine();
	cr_assert(strstr(fault_text(EACCES), "outside the sandbox of this process: restart csparkd"));
	cr_assert_str_eq(fault_text(ENOENT), "No such file or directory");
}
