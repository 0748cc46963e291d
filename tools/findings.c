#include "tools/findings.h"

#include "base/json_text.h"
#include "tools/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JSON_MAX_BYTES (4u * 1024 * 1024)
#define DETAIL_MAX     1024

enum { CHECK_COLUMNS = 14, VERDICT_COLUMNS = 8 };

static const struct {
	const char *name;
	const char *color;
} LOOKS[VERDICTS] = {
	[VERDICT_OK] = { "ok", "\033[32m" },
	[VERDICT_SKIPPED] = { "skipped", "\033[2m" },
	[VERDICT_WARNING] = { "warning", "\033[33m" },
	[VERDICT_FAULT] = { "fault", "\033[31m" },
};

void
findings_init(struct findings *findings, bool as_json)
{
	*findings = (struct findings){ .as_json = as_json, .is_colored = isatty(STDOUT_FILENO) };
	buf_init(&findings->json, JSON_MAX_BYTES);
}

void
findings_fini(struct findings *findings)
{
	buf_fini(&findings->json);
}

/* One remedy for several faults stands below the last of them. <next>: what helps against the next. */
static void
print_remedy(struct findings *findings, const char *next)
{
	const char *remedy = findings->remedy;

	if (remedy && (!next || strcmp(remedy, next) != 0))
		printf("%*s -> %s\n", VERDICT_COLUMNS + 1 + CHECK_COLUMNS - 3, "", remedy);
	findings->remedy = next;
}

static void
print(struct findings *findings, enum verdict verdict, const char *check, const char *tenant,
	const char *remedy, const char *detail)
{
	bool is_colored = findings->is_colored;

	print_remedy(findings, remedy);
	printf("%s%-*s%s %-*s ", is_colored ? LOOKS[verdict].color : "", VERDICT_COLUMNS, LOOKS[verdict].name,
		is_colored ? "\033[0m" : "", CHECK_COLUMNS, check);
	if (tenant)
		printf("%s: ", tenant);
	puts(detail);
	fflush(stdout);
}

static void
put_member(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s\"%s\":", out->len && out->data[out->len - 1] != '{' ? "," : "", name);
	if (value)
		json_quote(str_of(value), out);
	else
		buf_put_str(out, STR("null"));
}

static void
keep(struct findings *findings, enum verdict verdict, const char *check, const char *tenant,
	const char *remedy, const char *detail)
{
	struct buf *json = &findings->json;

	buf_put_str(json, json->len ? STR(",{") : STR("{"));
	put_member(json, "check", check);
	put_member(json, "tenant", tenant);
	put_member(json, "verdict", LOOKS[verdict].name);
	put_member(json, "detail", detail);
	put_member(json, "remedy", remedy);
	buf_put_char(json, '}');
}

void
findings_add(struct findings *findings, enum verdict verdict, const char *check, const char *tenant,
	const char *remedy, const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	for (char *c = detail; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	}
	findings->count[verdict]++;
	if (findings->as_json)
		keep(findings, verdict, check, tenant, remedy, detail);
	else
		print(findings, verdict, check, tenant, remedy, detail);
}

static enum verdict
worst(const struct findings *findings)
{
	return findings->count[VERDICT_FAULT]    ? VERDICT_FAULT :
		findings->count[VERDICT_WARNING] ? VERDICT_WARNING :
						   VERDICT_OK;
}

int
findings_finish(struct findings *findings)
{
	static const int CODES[VERDICTS] = {
		[VERDICT_WARNING] = EXIT_ANSWERED, [VERDICT_FAULT] = EXIT_UNHEALTHY
	};
	enum verdict verdict = worst(findings);

	print_remedy(findings, NULL);
	if (findings->as_json)
		printf("{\"verdict\":\"%s\",\"checks\":[%.*s]}\n", LOOKS[verdict].name,
			STR_ARG(buf_text(&findings->json)));
	else if (verdict == VERDICT_OK)
		puts("\nNothing is wrong.");
	else
		printf("\nFaults: %zu, warnings: %zu.\n", findings->count[VERDICT_FAULT],
			findings->count[VERDICT_WARNING]);
	return CODES[verdict];
}
