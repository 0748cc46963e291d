#include "daemon/config_follow.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST  "name = \"first\"; base_url = \"https://one.example/t\"; "
#define SECOND "name = \"second\"; base_url = \"https://two.example/t\"; "
#define KEY    "auth = { api_key = \"k\"; }; "

static char path[] = "/tmp/cspark-follow-XXXXXX";
static struct config_lineage lineage;
static struct config *running;
static struct config *fresh;
static struct buf kept;
static struct cspark_error error;

static char *
no_variables(const char *name)
{
	return NULL;
}

static struct config *
load(const char *text)
{
	struct config_flags flags = { .file = path };
	struct config_report report;
	struct config *config;
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
	config_report_init(&report);
	config = config_load(&flags, no_variables, &report);
	cr_assert(config, "%s: %s", text, report.errors.data);
	config_report_fini(&report);
	return config;
}

static void
set_up(void)
{
	close(mkstemp(path));
	buf_init(&kept, 1024);
}

static void
tear_down(void)
{
	config_unref(running);
	config_unref(fresh);
	config_lineage_fini(&lineage);
	buf_fini(&kept);
	unlink(path);
}

TestSuite(config_follow, .init = set_up, .fini = tear_down);

/* <after> follows <before>; afterwards both are there to be compared. */
static void
follow(const char *before, const char *after)
{
	config_unref(running);
	config_unref(fresh);
	running = load(before);
	cr_assert(config_follow(&lineage, running, NULL, &kept, &error));
	fresh = load(after);
	cr_assert(config_follow(&lineage, fresh, running, &kept, &error));
	buf_put_char(&kept, '\0');
}

static void
follow_tenant(const char *before, const char *after)
{
	char texts[2][1024];

	snprintf(texts[0], sizeof(texts[0]), "tenants = ( { %s } );", before);
	snprintf(texts[1], sizeof(texts[1]), "tenants = ( { %s } );", after);
	follow(texts[0], texts[1]);
}

static bool
same_client(void)
{
	return config_same_client(running, &running->tenants[0], fresh, &fresh->tenants[0]);
}

Test(config_follow, keeps_the_slot_of_a_name)
{
	follow("tenants = ( { " FIRST KEY "}, { " SECOND KEY "} );", "tenants = ( { " SECOND KEY "} );");
	cr_expect_eq(running->tenants[0].slot, 0);
	cr_expect_eq(running->tenants[1].slot, 1);
	cr_expect_eq(fresh->tenants[0].slot, 1);
	cr_expect_eq(fresh->tenants[0].account, running->tenants[1].account);
	cr_expect_neq(running->tenants[0].account, running->tenants[1].account);
}

Test(config_follow, gives_a_name_that_comes_back_its_slot_and_a_new_account)
{
	unsigned account;

	follow_tenant(FIRST KEY, SECOND KEY);
	account = running->tenants[0].account;
	config_unref(running);
	running = fresh;
	fresh = load("tenants = ( { " FIRST KEY "} );");
	cr_assert(config_follow(&lineage, fresh, running, &kept, &error));
	cr_expect_eq(fresh->tenants[0].slot, 0);
	cr_expect_neq(fresh->tenants[0].account, account);
}

Test(config_follow, tells_accounts_apart)
{
	static const struct {
		const char *before, *after;
		bool same_account, same_client;
	} rows[] = {
		{ KEY, KEY, true, true },
		{ KEY, "auth = { api_key = \"other\"; };", true, true },
		{ KEY, "auth = { token = \"k\"; };", false, false },
		{ KEY, KEY "timeout_ms = 7;", true, true },
		{ KEY, KEY "file_hosts = [ \"a.example\" ];", true, true },
		{ KEY, KEY "retry = { max = 1; };", true, false },
		{ KEY, KEY "retry = { interval_ms = 1; };", true, false },
		{ KEY, KEY "breaker = false;", true, false },
		{ KEY, KEY "connect_timeout_ms = 7;", false, false },
		{ KEY, KEY "http_version = \"1.1\";", false, false },
		{ KEY, KEY "ca_file = \"/dev/null\";", false, false },
		{ KEY, KEY "proxy = \"http://p.example:1\";", true, false },
		{ "auth = { client_id = \"a\"; client_secret = \"b\"; };",
			"auth = { client_id = \"a\"; client_secret = \"c\"; };", true, true },
		{ "auth = { client_id = \"a\"; client_secret = \"b\"; };",
			"auth = { client_id = \"a\"; client_secret = \"b\"; };"
			"token_url = \"https://t.example\";",
			false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char before[256], after[256];

		snprintf(before, sizeof(before), FIRST "%s", rows[i].before);
		snprintf(after, sizeof(after), FIRST "%s", rows[i].after);
		follow_tenant(before, after);
		cr_expect_eq(running->tenants[0].account == fresh->tenants[0].account, rows[i].same_account,
			"%s", rows[i].after);
		cr_expect_eq(same_client(), rows[i].same_client, "%s", rows[i].after);
	}
}

Test(config_follow, takes_another_address_for_another_account)
{
	follow_tenant("name = \"x\"; base_url = \"https://one.example/t\"; " KEY,
		"name = \"x\"; base_url = \"https://two.example/t\"; " KEY);
	cr_expect_eq(fresh->tenants[0].slot, running->tenants[0].slot);
	cr_expect_neq(fresh->tenants[0].account, running->tenants[0].account);
}

Test(config_follow, keeps_the_number_of_an_address)
{
	follow("listeners = ( { address = \"127.0.0.1:1\"; }, { address = \"unix:/s\"; } );"
	       "tenants = ( { " FIRST KEY "} );",
		"listeners = ( { address = \"127.0.0.1:2\"; }, { address = \"127.0.0.1:1\"; } );"
		"tenants = ( { " FIRST KEY "} );");
	cr_expect_eq(fresh->listeners[1].id, running->listeners[0].id);
	cr_expect_null(config_find_listener(running, fresh->listeners[0].id));
	cr_expect_null(config_find_listener(fresh, running->listeners[1].id));
	cr_expect_eq(config_find_listener(fresh, running->listeners[0].id), &fresh->listeners[1]);
}

Test(config_follow, keeps_what_needs_a_restart_and_names_it)
{
	follow("listeners = ( { address = \"unix:/s\"; mode = \"0600\"; } ); workers = 2;"
	       "state_dir = \"/a\"; tenants = ( { " FIRST KEY "} );",
		"listeners = ( { address = \"unix:/s\"; group = \"apps\"; } ); workers = 3;"
		"limits = { max_head = 9000; queue_ms = 3; }; log = { file = \"/tmp/x\"; };"
		"tenants = ( { " FIRST KEY "} );");
	cr_expect_str_eq(kept.data,
		"workers, state_dir, limits.max_head, log.file, listeners.mode, listeners.group");
	cr_expect_eq(fresh->workers, 2);
	cr_expect_str_eq(fresh->state_dir, "/a");
	cr_expect_eq(fresh->limits.max_head, running->limits.max_head);
	cr_expect_eq(fresh->limits.queue_ms, 3);
	cr_expect_null(fresh->log.file);
	cr_expect_eq(fresh->listeners[0].mode, 0600);
	cr_expect_null(fresh->listeners[0].group);
}

Test(config_follow, refuses_more_names_than_there_are_slots)
{
	char text[256];

	running = load("tenants = ( { " FIRST KEY "} );");
	cr_assert(config_follow(&lineage, running, NULL, &kept, &error));
	for (int i = 1; i <= CONFIG_SLOTS; i++) {
		snprintf(text, sizeof(text),
			"tenants = ( { name = \"n%d\"; base_url = \"https://x.example/t\"; " KEY "} );", i);
		config_unref(fresh);
		fresh = load(text);
		cr_assert_eq(config_follow(&lineage, fresh, running, &kept, &error), i < CONFIG_SLOTS);
	}
	cr_assert(strstr(error.detail, "restart"), "%s", error.detail);
}
