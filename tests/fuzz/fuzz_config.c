/*
 * Configuration files: whatever the bytes, a configuration is given or a reason is, never both; and what is
 * given is printed as a file that is taken again.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "tests/fuzz/fuzz.h"

/* libconfig forgets the text of a string that is never closed. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static char *
no_variable(const char *name)
{
	return NULL;
}

static struct config *
load_text(const char *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64];
	struct config_flags flags = { .file = path };
	struct config_report report;
	struct config *config;

	FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
	fchmod(fd, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_report_init(&report);
	config = config_load(&flags, no_variable, &report);
	FUZZ_REQUIRE((config == NULL) == (report.errors.len > 0), "%.*s", STR_ARG(buf_text(&report.errors)));
	config_report_fini(&report);
	close(fd);
	return config;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = load_text((const char *)data, size);
	struct config *again;
	struct buf text;

	if (!config)
		return 0;
	buf_init(&text, 1 << 20);
	config_print(config, &text);
	again = load_text(text.data, text.len);
	FUZZ_REQUIRE(again, "not taken again: %.*s", STR_ARG(buf_text(&text)));
	config_unref(again);
	buf_fini(&text);
	config_unref(config);
	return 0;
}
