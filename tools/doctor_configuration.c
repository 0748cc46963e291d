/* The configuration is judged by csparkd itself. */
#include "tools/doctor.h"

#include "base/json.h"
#include "tools/program.h"
#include "tools/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (1024 * 1024)
#define LINES_MAX  20
#define CONFIG     "configuration"

/* Every line that csparkd wrote on stderr. */
static void
add_lines(struct doctor *doctor, enum verdict verdict, const char *remedy, struct str text)
{
	for (int i = 0; text.len && i < LINES_MAX; i++) {
		struct str line = str_trim(str_cut(text, '\n', &text));

		if (line.len)
			DOCTOR_ADD(doctor, verdict, CONFIG, NULL, remedy, "%.*s", STR_ARG(line));
	}
}

static void
judge(struct doctor *doctor, const char *source, int code, const struct buf *out, const struct buf *err)
{
	if (code != 0) {
		add_lines(doctor, VERDICT_FAULT, "Correct it; csparkd.conf(5) tells about every key.",
			buf_text(err));
		if (err->len == 0)
			DOCTOR_ADD(doctor, VERDICT_FAULT, CONFIG, NULL, "Run \"csparkd --check\" by hand.",
				"csparkd --check ended with code %d", code);
		return;
	}
	settings_read_check(&doctor->settings, buf_text(out));
	DOCTOR_ADD(doctor, VERDICT_OK, CONFIG, NULL, NULL, "%s is good, says csparkd --check; tenants: %zu",
		source, doctor->settings.tenant_count);
	add_lines(
		doctor, VERDICT_WARNING, "It works so; csparkd.conf(5) tells the better way.", buf_text(err));
}

static void
ask_csparkd(struct doctor *doctor, const char *file)
{
	char *with_file[] = { (char *)"csparkd", (char *)"--check", (char *)"-c", (char *)file, NULL };
	char *without[] = { (char *)"csparkd", (char *)"--check", NULL };
	const char *source = file ? file : "the environment";
	struct unit_credentials credentials = { .folder = "" };
	struct buf out, err;
	bool ok;
	int code;

	buf_init(&out, OUTPUT_MAX);
	buf_init(&err, OUTPUT_MAX);
	if (file)
		unit_credentials_lend(&credentials, file);
	ok = program_run(file ? with_file : without, &out, &err, &code);
	if (ok)
		judge(doctor, source, code, &out, &err);
	else
		DOCTOR_ADD(doctor, file ? VERDICT_WARNING : VERDICT_SKIPPED, CONFIG, NULL,
			file ? "Put csparkd, which reads it, into PATH." : NULL,
			"nobody can judge %s: csparkd is neither beside csparkctl nor in PATH (%s)", source,
			strerror(errno));
	unit_credentials_end(&credentials);
	buf_fini(&out);
	buf_fini(&err);
}

void
doctor_check_configuration(struct doctor *doctor)
{
	static const char INSTALLED[] = SYSCONFDIR "/csparkd/csparkd.conf";
	const char *base_url = getenv("CSPARK_BASE_URL");
	const char *file = doctor->config_file;
	bool has_variables = base_url && *base_url;

	if (!file && !has_variables && access(INSTALLED, F_OK) == 0)
		file = INSTALLED;
	if (!file && !has_variables)
		DOCTOR_ADD(doctor, VERDICT_SKIPPED, CONFIG, NULL, NULL,
			"neither -c FILE nor CSPARK_BASE_URL nor %s; what the daemon says is used",
			INSTALLED);
	else
		ask_csparkd(doctor, file);
	if (doctor->settings.tenant_count == 0 && !file)
		settings_read_environment(&doctor->settings);
}
