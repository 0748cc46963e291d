#include "tools/settings.h"

#include <criterion/criterion.h>

Test(settings, reads_what_csparkd_prints)
{
	static const char TEXT[] =
		"workers = 2;\n"
		"state_dir = \"/var/lib/a \\\"b\\\"\";\n"
		"listeners = (\n  {\n    address = \"unix:/run/s\";\n    allow = [ \"ops\" ];\n    tls = {\n"
		"      cert = \"c\";\n    };\n  },\n  {\n    address = \"127.0.0.1:1\";\n  }\n);\n"
		"tenants = (\n  {\n    name = \"one\";\n    plaintext = false;\n    auth = {\n"
		"      client_id = \"id\";\n      client_secret = \"***\";\n    };\n"
		"    retry = {\n      max = 2;\n    };\n  },\n"
		"  {\n    name = \"two\";\n    proxy = \"\";\n  }\n);\n"
		"limits = {\n  max_connections = 77;\n};\n";
	struct settings settings = { 0 };

	settings_read_check(&settings, str_of(TEXT));
	cr_assert_str_eq(settings.state_dir, "/var/lib/a \"b\"");
	cr_assert_eq(settings.listener_count, 2);
	cr_assert_str_eq(settings.listeners[0].address, "unix:/run/s");
	cr_assert_str_eq(settings.listeners[0].tls_cert, "c");
	cr_assert_str_eq(settings.listeners[1].address, "127.0.0.1:1");
	cr_assert_null(settings.listeners[1].tls_cert);
	cr_assert_str_eq(settings.max_connections, "77");
	cr_assert_eq(settings.tenant_count, 2);
	cr_assert_str_eq(settings.tenants[0].name, "one");
	cr_assert_str_eq(settings.tenants[0].plaintext, "false");
	cr_assert_str_eq(settings.tenants[0].client_id, "id");
	cr_assert_str_eq(settings.tenants[0].client_secret, SETTINGS_HIDDEN);
	cr_assert_null(settings.tenants[0].proxy);
	cr_assert_str_eq(settings.tenants[1].name, "two");
	cr_assert_str_eq(settings.tenants[1].proxy, "");
	cr_assert_null(settings.tenants[1].client_id);
	settings_fini(&settings);
	cr_assert_null(settings.tenants[0].name);
}

Test(settings, survives_what_csparkd_does_not_print)
{
	static const char *const TEXTS[] = { "", "}\n)\n}};\n", "tenants = (\n{\n{\n{\n{\n",
		"name = ", "= \"\n\"", "tenants = (\n  {\n    name = \"unfinished" };
	struct settings settings = { 0 };

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		settings_read_check(&settings, str_of(TEXTS[i]));
		settings_fini(&settings);
	}
	for (int i = 0; i < 3 * SETTINGS_TENANTS; i++)
		settings_read_check(&settings, STR("tenants = (\n {\n name = \"x\";\n }\n);\n"));
	cr_assert_eq(settings.tenant_count, SETTINGS_TENANTS);
	settings_fini(&settings);
}

Test(settings, reads_names_from_a_status)
{
	struct settings settings = { 0 };

	settings_read_status(
		&settings, STR("{\"tenants\":[{\"name\":\"a\",\"base_url\":\"http://h/t\"},{\"name\":3}]}"));
	cr_assert_eq(settings.tenant_count, 2);
	cr_assert_str_eq(settings.tenants[0].base_url, "http://h/t");
	cr_assert_null(settings.tenants[1].name);
	settings_fini(&settings);
}
