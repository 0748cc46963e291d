#include "daemon/environment.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(environment, hides_secrets_and_still_knows_them)
{
	setenv("CSPARK_API_KEY", "hidden", 1);
	environment_hide();
	cr_assert_str_eq(getenv("CSPARK_API_KEY"), "");
	cr_assert_str_eq(environment_get("CSPARK_API_KEY"), "hidden");
}

Test(environment, hides_the_passwords_of_proxies)
{
	setenv("https_proxy", "http://user:hidden@proxy.example:3128", 1);
	environment_hide();
	cr_assert_str_eq(getenv("https_proxy"), "");
	cr_assert_str_eq(environment_get("https_proxy"), "http://user:hidden@proxy.example:3128");
}

Test(environment, leaves_everything_else)
{
	setenv("CSPARK_BASE_URL", "https://spark.example/t", 1);
	unsetenv("CSPARK_API_KEY");
	environment_hide();
	cr_assert_str_eq(getenv("CSPARK_BASE_URL"), "https://spark.example/t");
	cr_assert_str_eq(environment_get("CSPARK_BASE_URL"), "https://spark.example/t");
	cr_assert_null(environment_get("CSPARK_API_KEY"));
}

Test(environment, hides_what_is_hidden_only_once)
{
	setenv("CSPARK_API_KEY", "hidden", 1);
	environment_hide();
	environment_hide();
	cr_assert_str_eq(environment_get("CSPARK_API_KEY"), "hidden");
}
