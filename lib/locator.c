/*
 * Two readings of the same grammar.
 *
 * cspark_locator_parse() reads the strings of the official SDKs. It follows them but for one
 * thing: they delete "folders/" and "services/" wherever these letters occur, which breaks
 * "myfolders/svc" and "microservices/svc". Here only whole segments are deleted, the first of
 * each, so that every string which works with an SDK means the same, and more strings work.
 *
 * cspark_locator_from_path() reads a URL's path: it takes the forms of the contract and the
 * long form, but corrects nothing. What looks odd in a path is an attack or a mistake.
 */
#include "lib/locator.h"

#include "base/buf.h"
#include "lib/bytes.h"
#include "lib/error.h"

#define TEXT_MAX     1024
#define PATH_TEXT_MAX 4096 /* two names of full length, percent-encoded, and room to spare */
#define SEGMENTS_MAX 16

static const char FORMS[] = "folder/service, folder/service[1.2.3], service/ID, version/ID or proxy/ENDPOINT";

/* The first segments that make the second an id. */
static const struct {
	struct str word;
	enum cspark_locator_kind kind;
} KEYWORDS[] = {
	{ { "service", 7 }, CSPARK_SERVICE_ID },
	{ { "version", 7 }, CSPARK_VERSION_ID },
	{ { "proxy", 5 }, CSPARK_PROXY },
};

static enum cspark_locator_kind
kind_of(struct str first)
{
	for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(KEYWORDS[0]); i++) {
		if (str_eq(first, KEYWORDS[i].word))
			return KEYWORDS[i].kind;
	}
	return CSPARK_FOLDER_SERVICE;
}

bool
cspark_version_is_sane(struct str text)
{
	return text.len < sizeof(((struct cspark_locator *)0)->version) && str_is_utf8(text) &&
		!str_has_control(text) && str_find(text, '[') < 0 && str_find(text, ']') < 0;
}

/* URL libraries on the way would resolve such segments away. */
static bool
has_odd_segment(struct str text)
{
	while (text.at) {
		struct str segment = str_cut(text, '/', &text);

		if (segment.len == 0 || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	}
	return false;
}

static bool
check_name(struct str name, const char *what, struct cspark_error *ret_error)
{
	const char *wrong = NULL;

	if (name.len == 0)
		wrong = "is empty";
	else if (!str_is_utf8(name))
		wrong = "is not valid UTF-8";
	else if (str_has_control(name))
		wrong = "contains a control character";
	else if (has_odd_segment(name))
		wrong = "has a segment that is empty, \".\" or \"..\"";
	return !wrong || cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The %s %s.", what, wrong);
}

/* Checks a name and copies it to <ret>, which has room for CSPARK_NAME_MAX + 1 bytes. */
static bool
take_name(struct str name, const char *what, char *ret, struct cspark_error *ret_error)
{
	if (!check_name(name, what, ret_error))
		return false;
	if (name.len > CSPARK_NAME_MAX)
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The %s is longer than %d bytes.", what,
			CSPARK_NAME_MAX);
	memcpy(ret, name.at, name.len);
	ret[name.len] = '\0';
	return true;
}

/* "service[1.2.3]" -> "service" and "1.2.3"; without brackets the version is absent. */
static bool
split_version(struct str text, struct str *ret_name, struct str *ret_version)
{
	ptrdiff_t open = str_find(text, '[');

	*ret_name = text;
	*ret_version = (struct str){ 0 };
	if (open < 0)
		return true;
	if (text.at[text.len - 1] != ']')
		return false;
	*ret_name = str_range(text.at, (size_t)open);
	*ret_version = str_range(text.at + open + 1, text.len - (size_t)open - 2);
	return cspark_version_is_sane(*ret_version);
}

static bool
assign(struct str first, struct str second, struct cspark_locator *ret, struct cspark_error *ret_error)
{
	static const char *const WHAT[] = {
		[CSPARK_FOLDER_SERVICE] = "service",
		[CSPARK_SERVICE_ID] = "service id",
		[CSPARK_VERSION_ID] = "version id",
		[CSPARK_PROXY] = "proxy endpoint",
	};
	struct str name, version;

	memset(ret, 0, sizeof(*ret));
	ret->kind = kind_of(first);
	if (!split_version(second, &name, &version))
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR,
			"A version stands in brackets at the end, as in folder/service[1.2.3].");
	if (!take_name(name, WHAT[ret->kind], ret->service, ret_error))
		return false;
	if (ret->kind != CSPARK_FOLDER_SERVICE)
		return true;
	if (version.len)
		memcpy(ret->version, version.at, version.len);
	return take_name(first, "folder", ret->folder, ret_error);
}

/* ---- the SDKs' strings ------------------------------------------------------------------- */

/* Copies without leading, trailing and doubled slashes. */
static size_t
squeeze(struct str text, char *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '/' || (len > 0 && ret[len - 1] != '/'))
			ret[len++] = text.at[i];
	}
	return len > 0 && ret[len - 1] == '/' ? len - 1 : len;
}

/* Deletes the first segment that is <word> and has one behind it. Returns the new length. */
static size_t
drop_segment(char *text, size_t len, struct str word)
{
	size_t begin = 0;

	while (begin < len) {
		struct str rest, segment = str_cut(str_range(text + begin, len - begin), '/', &rest);

		if (rest.at && str_eq(segment, word)) {
			memmove(text + begin, rest.at, rest.len);
			return begin + rest.len;
		}
		begin += segment.len + 1;
	}
	return len;
}

bool
cspark_locator_parse(struct cspark_bytes text, struct cspark_locator *ret, struct cspark_error *ret_error)
{
	char squeezed[TEXT_MAX];
	struct str first, second;
	size_t len;

	if (text.len > sizeof(squeezed))
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The locator is too long.");
	len = squeeze(str_of_bytes(text), squeezed);
	len = drop_segment(squeezed, len, STR("folders"));
	len = drop_segment(squeezed, len, STR("services"));
	first = str_cut(str_range(squeezed, len), '/', &second);
	if (second.len == 0)
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "A service is named by %s.", FORMS);
	return assign(first, second, ret, ret_error);
}

/* ---- the path of a URL ------------------------------------------------------------------- */

/* The segments of a path, decoded; they lie one behind the other in <text>, with a '/' between. */
struct segments {
	struct buf text;
	size_t begin[SEGMENTS_MAX];
	size_t count;
};

static struct str
segment_at(const struct segments *segments, size_t i)
{
	size_t end = i + 1 < segments->count ? segments->begin[i + 1] - 1 : segments->text.len;

	return str_range(segments->text.data + segments->begin[i], end - segments->begin[i]);
}

static bool
add_segment(struct segments *segments, struct str raw, struct cspark_error *ret_error)
{
	struct str decoded;

	if (segments->count == SEGMENTS_MAX)
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The path has too many segments.");
	if (segments->count > 0)
		buf_put_char(&segments->text, '/');
	segments->begin[segments->count++] = segments->text.len;
	if (!str_percent_decode(raw, false, &segments->text))
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The path has a bad percent-encoding.");
	decoded = segment_at(segments, segments->count - 1);
	if (str_find(decoded, '/') >= 0 || str_find(decoded, '\\') >= 0)
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR,
			"A slash or backslash cannot be part of a name in a path.");
	return check_name(decoded, "path segment", ret_error);
}

static bool
decode_segments(struct segments *segments, struct str path, struct cspark_error *ret_error)
{
	/* Decoding never makes a text longer: with this room nothing below can fail for want of memory. */
	if (!buf_reserve(&segments->text, path.len + 1))
		return cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "The path is too long.");
	while (path.at) {
		if (!add_segment(segments, str_cut(path, '/', &path), ret_error))
			return false;
	}
	return true;
}

/* The two parts of the locator, if the segments are one of its forms. */
static bool
choose_parts(const struct segments *segments, struct str *ret_first, struct str *ret_second)
{
	size_t count = segments->count;

	if (count < 2)
		return false;
	*ret_first = segment_at(segments, 0);
	*ret_second = segment_at(segments, 1);
	if (count == 2)
		return true;
	if (kind_of(*ret_first) == CSPARK_PROXY) {
		const char *end = segments->text.data + segments->text.len;

		*ret_second = str_range(ret_second->at, (size_t)(end - ret_second->at));
		return true;
	}
	if (count != 4 || !str_eq(*ret_first, STR("folders")) ||
		!str_eq(segment_at(segments, 2), STR("services")))
		return false;
	*ret_first = *ret_second;
	*ret_second = segment_at(segments, 3);
	return true;
}

bool
cspark_locator_from_path(struct cspark_bytes path, struct cspark_locator *ret, struct cspark_error *ret_error)
{
	struct segments segments = { .count = 0 };
	struct str first, second;
	bool ok = false;

	buf_init(&segments.text, PATH_TEXT_MAX);
	if (!decode_segments(&segments, str_of_bytes(path), ret_error))
		goto out;
	if (!choose_parts(&segments, &first, &second)) {
		cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR, "A service is named by %s.", FORMS);
		goto out;
	}
	if (kind_of(first) != CSPARK_FOLDER_SERVICE && str_find(second, '[') >= 0) {
		cspark_refuse(ret_error, CSPARK_E_BAD_LOCATOR,
			"Only folder/service takes a version in brackets; for an id there is _version.");
		goto out;
	}
	ok = assign(first, second, ret, ret_error);
out:
	buf_fini(&segments.text);
	return ok;
}

/* ---- the way out ------------------------------------------------------------------------- */

static void
put_encoded(struct buf *out, const char *prefix, const char *name)
{
	buf_put_str(out, str_of(prefix));
	str_percent_encode(str_of(name), out);
}

/* An endpoint may consist of segments; their slashes stay. */
static void
put_proxy(struct buf *out, struct str endpoint)
{
	buf_put_str(out, STR("proxy"));
	while (endpoint.at) {
		buf_put_char(out, '/');
		str_percent_encode(str_cut(endpoint, '/', &endpoint), out);
	}
}

void
cspark_locator_put_v3(const struct cspark_locator *locator, struct buf *out)
{
	switch (locator->kind) {
	case CSPARK_FOLDER_SERVICE:
		put_encoded(out, "folders/", locator->folder);
		put_encoded(out, "/services/", locator->service);
		break;
	case CSPARK_SERVICE_ID:
		put_encoded(out, "service/", locator->service);
		break;
	case CSPARK_VERSION_ID:
		put_encoded(out, "version/", locator->service);
		break;
	case CSPARK_PROXY:
		put_proxy(out, str_of(locator->service));
		break;
	}
}
