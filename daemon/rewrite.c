#include "daemon/rewrite.h"

#include "base/json_text.h"
#include "daemon/route.h"

/* The closing quote of the string that begins at <at>; NULL: there is none. */
static const char *
string_end(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '\\')
			at++;
		else if (*at == '"')
			return at;
	}
	return NULL;
}

/* A drop-in path. "raw" is none: what is handed out may not need a right that is seldom given. */
static bool
is_served(struct str target)
{
	struct str query, path = str_cut(target, '?', &query);
	struct cspark_error error;
	struct route route;
	const char *allow;

	return route_find(STR("GET"), path, &route, &allow, &error) && route.kind == ROUTE_DROP_IN &&
		route.operation != CSPARK_OP_RAW_READ;
}

static bool
is_of_origin(const struct rewrite *rewrite, struct str url)
{
	struct str origin = str_of(rewrite->policy.origin);

	return str_starts(url, origin) && url.len > origin.len && url.at[origin.len] == '/' &&
		is_served(str_range(url.at + origin.len, url.len - origin.len));
}

static bool
is_sparks(const struct rewrite *rewrite, struct str url)
{
	struct cspark_error error;
	struct cspark_request *request = cspark_file_request(
		(struct cspark_bytes){ url.at, url.len }, &rewrite->policy, &error);

	cspark_request_free(request);
	return request != NULL;
}

/* What may be a URL, with its escapes. */
static bool
looks_like_url(struct str literal)
{
	return literal.len > 2 && (literal.at[1] == 'h' || literal.at[1] == 'H' || literal.at[1] == '\\');
}

/* Whether the string that ends before <at> names a member. */
static bool
is_name(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at < end && *at == ':';
}

/* The string literal may be a URL: it, or what it becomes. */
static void
put_url(const struct rewrite *rewrite, struct str literal, struct buf *out)
{
	struct buf text, url;
	struct str said;

	buf_init(&text, literal.len + 1);
	buf_init(&url, literal.len * 3 + rewrite->base.len + rewrite->tenant.len * 3 + 64);
	(void)json_unquote(literal, &text);
	said = text.len ? buf_text(&text) : STR("");
	buf_put_str(&url, rewrite->base);
	if (is_of_origin(rewrite, said)) {
		size_t len = strlen(rewrite->policy.origin);

		buf_put(&url, said.at + len, said.len - len);
		json_quote(buf_text(&url), out);
	} else if (is_sparks(rewrite, said)) {
		buf_put_str(&url, STR("/files?url="));
		str_percent_encode(said, &url);
		if (rewrite->tenant.at) {
			buf_put_str(&url, STR("&_tenant="));
			str_percent_encode(rewrite->tenant, &url);
		}
		json_quote(buf_text(&url), out);
	} else {
		buf_put_str(out, literal);
	}
	buf_fini(&url);
	buf_fini(&text);
}

bool
rewrite_urls(const struct rewrite *rewrite, struct str json, struct buf *out)
{
	const char *at = json.at, *end = json.at + json.len;

	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *close = quote ? string_end(quote, end) : NULL;
		struct str literal;

		if (!close)
			break;
		literal = str_range(quote, (size_t)(close + 1 - quote));
		buf_put(out, at, (size_t)(quote - at));
		if (looks_like_url(literal) && !is_name(close + 1, end))
			put_url(rewrite, literal, out);
		else
			buf_put_str(out, literal);
		at = close + 1;
	}
	buf_put(out, at, (size_t)(end - at));
	return !buf_failed(out);
}
