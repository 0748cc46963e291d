#include "sim/route.h"

#include "sim/operations.h"

/* Shorthands of patterns; [public] is a segment that may be there, {x?} one that may be missing or empty,
 * {x...} takes the rest of the path. */
#define V1             "/api/v1"
#define T              "/{tenant}"
#define V3             T "/api/v3"
#define V4             T "/api/v4"
#define FOLDER_SERVICE "/folders/{folder}/services/{service}"

static const struct route table[] = {
#define ROUTE(operation, method, pattern, family, needs, where, free, serve) \
	{ operation, method, pattern, FAMILY_##family, NEEDS_##needs, ON_##where, free, serve },
#include "sim/routes.def"
#undef ROUTE
};
#define ROWS (sizeof(table) / sizeof(table[0]))

void
match_init(struct match *match)
{
	*match = (struct match){ .route = NULL };
	buf_init(&match->text, 65536);
}

void
match_fini(struct match *match)
{
	buf_fini(&match->text);
}

/* Takes the next segment off a path that begins with a slash. */
static struct str
next_segment(struct str *path)
{
	struct str rest = str_range(path->at + 1, path->len - 1), segment = str_cut(rest, '/', &rest);

	*path = rest.at ? str_range(rest.at - 1, rest.len + 1) : str_of("");
	return segment;
}

static bool
take_arg(struct match *match, struct str name, struct str raw)
{
	size_t begin = match->text.len;
	struct str value;

	if (match->count == ROUTE_MAX_ARGS || !str_percent_decode(raw, false, &match->text))
		return false;
	value = str_range(match->text.data + begin, match->text.len - begin);
	if (!str_is_utf8(value))
		return false;
	match->args[match->count].name = name;
	match->args[match->count++].value = value;
	return true;
}

/* One place of a pattern, "{name}" and the like. */
static bool
take_place(struct match *match, struct str place, struct str *path)
{
	struct str name = str_range(place.at + 1, place.len - 2), raw;
	bool optional = str_ends(name, STR("?")), rest = str_ends(name, STR("..."));

	name.len -= optional ? 1 : rest ? 3 : 0;
	if (path->len == 0)
		return optional;
	if (rest) {
		raw = str_range(path->at + 1, path->len - 1);
		*path = str_of("");
	} else {
		raw = next_segment(path);
	}
	if (raw.len == 0)
		return optional;
	return take_arg(match, name, raw);
}

static bool
fits(const char *pattern, struct str path, struct match *match)
{
	struct str rest = str_of(pattern);

	match->count = 0;
	match->open = false;
	buf_clear(&match->text);
	if (!buf_reserve(&match->text, path.len + 1)) /* so that the values stay where they are */
		return false;
	while (rest.len) {
		struct str wanted = next_segment(&rest), before = path;

		if (str_eq(wanted, STR("[public]"))) {
			match->open = path.len && str_eq_nocase(next_segment(&path), STR("public"));
			if (!match->open)
				path = before;
		} else if (wanted.len && wanted.at[0] == '{') {
			if (!take_place(match, wanted, &path))
				return false;
		} else if (path.len == 0 || !str_eq_nocase(next_segment(&path), wanted)) {
			return false;
		}
	}
	return path.len == 0;
}

void
route_find(struct match *ret, struct str method, struct str path, bool runner)
{
	unsigned mask = runner ? ON_RUNNER : ON_SAAS;
	const struct route *other = NULL;
	size_t i;

	ret->route = NULL;
	ret->method = false;
	for (i = 0; i < ROWS; i++) {
		if (!(table[i].where & mask) || !fits(table[i].pattern, path, ret))
			continue;
		if (str_eq(method, str_of(table[i].method))) {
			ret->route = &table[i];
			ret->method = true;
			return;
		}
		other = other ? other : &table[i];
	}
	if (other && fits(other->pattern, path, ret))
		ret->route = other;
}

struct str
match_arg(const struct match *match, const char *name)
{
	unsigned i;

	for (i = 0; i < match->count; i++)
		if (str_eq(match->args[i].name, str_of(name)))
			return match->args[i].value;
	return (struct str){ NULL, 0 };
}

void
route_allowed(struct str path, bool runner, struct buf *out)
{
	unsigned mask = runner ? ON_RUNNER : ON_SAAS;
	struct match match;
	size_t i;

	match_init(&match);
	for (i = 0; i < ROWS; i++) {
		if (!(table[i].where & mask) || !fits(table[i].pattern, path, &match))
			continue;
		if (out->len && memmem(out->data, out->len, table[i].method, strlen(table[i].method)))
			continue;
		buf_put_str(out, out->len ? STR(", ") : STR(""));
		buf_put_str(out, str_of(table[i].method));
	}
	match_fini(&match);
}
