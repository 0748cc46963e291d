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

static const char *
kind_word(const struct cspark_locator *locator)
{
	switch (locator->kind) {
	case CSPARK_SERVICE_ID:
		return "service";
	case CSPARK_VERSION_ID:
		return "version";
	case CSPARK_PROXY:
		return "proxy";
	case CSPARK_FOLDER_SERVICE:
		break;
	}
	return locator->folder;
}

void
policy_put_locator(const struct cspark_locator *locator, char ret_subject[POLICY_SUBJECT_MAX])
{
	snprintf(ret_subject, POLICY_SUBJECT_MAX, "%s/%s", kind_word(locator), locator->service);
}

void
policy_put_pair(struct str word, struct str name, char ret_subject[POLICY_SUBJECT_MAX])
{
	int len = snprintf(ret_subject, POLICY_SUBJECT_MAX, "%.*s/%.*s", STR_ARG(word), STR_ARG(name));

	if (len >= POLICY_SUBJECT_MAX) /* what cannot be looked at as a whole is not what a glob means */
		ret_subject[0] = '\0';
}

/* "folders/F/services/S" and "F/S[1.2]" name the same service, as does an id by itself. */
static void
put_uri(struct str uri, char subject[POLICY_SUBJECT_MAX])
{
	struct cspark_locator locator;
	struct cspark_error error;

	if (cspark_locator_parse((struct cspark_bytes){ uri.at, uri.len }, &locator, &error))
		policy_put_locator(&locator, subject);
	else
		policy_put_pair(STR("service"), uri, subject);
}

/* ---- what bodies name ---- */

static const struct {
	const char *member;
	const char *word; /* NULL: a service's address */
} NAMES[] = {
	{ "service", NULL },
	{ "service_uri", NULL },
	{ "service_id", "service" },
	{ "version_id", "version" },
};

enum policy_verdict
policy_of_name(char *const *globs, struct str name, struct str text, char ret_subject[POLICY_SUBJECT_MAX])
{
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		if (!str_eq_nocase(name, str_of(NAMES[i].member)))
			continue;
		if (NAMES[i].word)
			policy_put_pair(str_of(NAMES[i].word), text, ret_subject);
		else
			put_uri(text, ret_subject);
		return policy_allows(globs, ret_subject) ? POLICY_ALLOWED : POLICY_REFUSED;
	}
	return POLICY_SILENT;
}

/* The plain text of a key or value; of what is no string: "". */
static struct str
unquote(struct str literal, struct buf *text)
{
	buf_init(text, literal.len + 1);
	(void)json_unquote(literal, text);
	return text->len ? buf_text(text) : STR("");
}

static enum policy_verdict
of_members(char *const *globs, struct str object, bool is_outer, char ret_subject[POLICY_SUBJECT_MAX])
{
	enum policy_verdict all = POLICY_SILENT;
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, object);
	while (walk.object && all != POLICY_REFUSED && json_walk_next(&walk, &key, &value)) {
		enum policy_verdict one = POLICY_SILENT;
		struct buf name_text, text;
		struct str name = unquote(key, &name_text);

		if (is_outer && str_eq_nocase(name, STR("request_meta"))) {
			one = of_members(globs, value, false, ret_subject);
		} else if (!json_is_null(value)) {
			one = policy_of_name(globs, name, unquote(value, &text), ret_subject);
			buf_fini(&text);
		}
		all = one > all ? one : all;
		buf_fini(&name_text);
	}
	return all;
}

enum policy_verdict
policy_of_object(char *const *globs, struct str object, char ret_subject[POLICY_SUBJECT_MAX])
{
	return of_members(globs, object, true, ret_subject);
}
