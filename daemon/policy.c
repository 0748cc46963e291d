#include "daemon/policy.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json_text.h"

bool
policy_allows(char *const *globs, const char *subject)
{
	if (!globs[0])
		return true;
	for (; *globs; globs++) {
		if (fnmatch(*globs, subject, 0) == 0)
			return true;
	}
	return false;
}

/* "folders/F/services/S" and "F/S[1.2]" name the same service, as does an id by itself. */
static void
put_uri(struct str uri, char subject[POLICY_SUBJECT_MAX])
{
	struct cspark_locator locator;
	struct cspark_error error;

	if (cspark_locator_parse((struct cspark_bytes){ uri.at, uri.len }, &locator, &error))
		snprintf(subject, POLICY_SUBJECT_MAX, "%s/%s",
			locator.kind == CSPARK_SERVICE_ID         ? "service" :
				locator.kind == CSPARK_VERSION_ID ? "version" :
				locator.kind == CSPARK_PROXY      ? "proxy" :
								    locator.folder,
			locator.service);
	else
		snprintf(subject, POLICY_SUBJECT_MAX, "service/%.*s", STR_ARG(uri));
}

static const struct {
	const char *member;
	const char *prefix; /* NULL: a service's address */
} NAMES[] = {
	{ "service", NULL },
	{ "service_uri", NULL },
	{ "service_id", "service/" },
	{ "version_id", "version/" },
};

bool
policy_allows_named(char *const *globs, struct str object, char ret_subject[POLICY_SUBJECT_MAX])
{
	for (size_t i = 0; globs[0] && i < sizeof NAMES / sizeof *NAMES; i++) {
		struct str value = json_member(object, str_of(NAMES[i].member));
		struct buf text;

		if (json_is_null(value))
			continue;
		buf_init(&text, value.len + 1);
		(void)json_unquote(value, &text);
		if (NAMES[i].prefix)
			snprintf(ret_subject, POLICY_SUBJECT_MAX, "%s%.*s", NAMES[i].prefix, (int)text.len,
				text.len ? text.data : "");
		else
			put_uri(text.len ? buf_text(&text) : STR(""), ret_subject);
		buf_fini(&text);
		if (!policy_allows(globs, ret_subject))
			return false;
	}
	return true;
}
