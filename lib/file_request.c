/* Files that Spark hands out by URL: which hosts are Spark's, and requests to them. */
#include "base/buf.h"
#include "base/str.h"
#include "lib/bytes.h"
#include "lib/cspark_operations.h"
#include "lib/error.h"

#include <string.h>

enum { FILE_URL_MAX = 8192 };

struct url {
	struct str scheme, authority, path; /* the path with its query, without a fragment */
};

/* Letters, digits and what stands between them. Not '%', which libraries would decode in a host. */
static bool
is_plain_host(struct str authority)
{
	for (size_t i = 0; i < authority.len; i++) {
		char c = authority.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			!memchr("-._:[]", c, 6))
			return false;
	}
	return authority.len > 0;
}

static bool
is_ascii(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] & 0x80)
			return false;
	}
	return true;
}

static bool
cut_url(struct str text, struct url *ret, struct cspark_error *ret_error)
{
	struct str rest, fragment;
	const char *slash;

	text = str_cut(text, '#', &fragment);
	ret->scheme = str_cut(text, ':', &rest);
	if (text.len > FILE_URL_MAX || !rest.at || !str_starts(rest, STR("//")) || str_has_control(text) ||
		!is_ascii(text) || str_find(text, ' ') >= 0 || str_find(text, '\\') >= 0 ||
		(!str_eq_nocase(ret->scheme, STR("https")) && !str_eq_nocase(ret->scheme, STR("http"))))
		return cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER,
			"url takes an absolute https URL that Spark handed out, percent-encoded.");
	rest = str_range(rest.at + 2, rest.len - 2);
	slash = rest.len ? memchr(rest.at, '/', rest.len) : NULL;
	ret->authority = slash ? str_range(rest.at, (size_t)(slash - rest.at)) : rest;
	ret->path = slash ? str_range(slash, rest.len - ret->authority.len) : STR("/");
	if (!is_plain_host(ret->authority))
		return cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER,
			"url must have a host by its plain name, and no user name in it.");
	return true;
}

/* ".ENV.coherent.global" of a host of Spark's; at == NULL: it is none. */
static struct str
environment(struct str host)
{
	ptrdiff_t dot = str_find(host, '.');

	if (dot < 0 || !str_ends(host, STR(".coherent.global")) ||
		host.len - (size_t)dot <= strlen(".coherent.global"))
		return (struct str){ 0 };
	return str_range(host.at + dot, host.len - (size_t)dot);
}

static bool
is_listed(struct str host, const char *const *hosts)
{
	for (; hosts && *hosts; hosts++) {
		if (str_eq_nocase(host, str_of(*hosts)))
			return true;
	}
	return false;
}

static bool
is_origin(const struct url *url, const char *origin)
{
	struct str rest, scheme = str_cut(str_of(origin), ':', &rest);

	return str_eq_nocase(url->scheme, scheme) && rest.len > 2 &&
		str_eq_nocase(url->authority, str_range(rest.at + 2, rest.len - 2));
}

static bool
is_of_environment(const struct url *url, const char *origin)
{
	struct str rest, env;

	(void)str_cut(str_of(origin), ':', &rest);
	env = rest.len > 2 ? environment(str_range(rest.at + 2, rest.len - 2)) : (struct str){ 0 };
	return env.at && str_eq_nocase(url->scheme, STR("https")) && url->authority.len > env.len &&
		str_eq_nocase(env, str_range(url->authority.at + url->authority.len - env.len, env.len)) &&
		str_find(url->authority, '.') == (ptrdiff_t)(url->authority.len - env.len) &&
		str_find(url->authority, ':') < 0;
}

/* One allocation: the struct, the origin, the path. */
static struct cspark_request *
make(const struct url *url, struct cspark_error *ret_error)
{
	static const struct cspark_request EMPTY;
	struct cspark_request *request;
	size_t path_at;
	struct buf buf;

	buf_init(&buf, sizeof(EMPTY) + FILE_URL_MAX + 16);
	buf_put(&buf, &EMPTY, sizeof(EMPTY));
	buf_printf(&buf, "%.*s://%.*s", STR_ARG(url->scheme), STR_ARG(url->authority));
	buf_put_char(&buf, '\0');
	path_at = buf.len;
	buf_put_str(&buf, url->path);
	buf_put_char(&buf, '\0');
	request = (struct cspark_request *)buf_take(&buf, NULL);
	buf_fini(&buf);
	if (!request) {
		cspark_refuse(ret_error, CSPARK_E_INTERNAL, "No memory for the request.");
		return NULL;
	}
	*request = (struct cspark_request){
		.operation = CSPARK_OP_FILE_GET,
		.method = "GET",
		.origin = (char *)(request + 1),
		.path = (char *)request + path_at,
	};
	return request;
}

struct cspark_request *
cspark_url_request(struct cspark_bytes text, struct cspark_error *ret_error)
{
	struct url url;
	struct cspark_request *request;

	if (!cut_url(str_of_bytes(text), &url, ret_error))
		return NULL;
	request = make(&url, ret_error);
	if (request)
		request->is_public = true;
	return request;
}

struct cspark_request *
cspark_file_request(
	struct cspark_bytes text, const struct cspark_file_policy *policy, struct cspark_error *ret_error)
{
	struct cspark_request *request;
	bool own_host, own_environment;
	struct url url;

	if (!cut_url(str_of_bytes(text), &url, ret_error))
		return NULL;
	own_host = is_origin(&url, policy->origin);
	own_environment = own_host || is_of_environment(&url, policy->origin);
	if (!own_environment && !is_listed(url.authority, policy->hosts)) {
		cspark_refuse(ret_error, CSPARK_E_OPERATION_DISABLED,
			"%.*s is no host of the tenant's environment; its file_hosts would allow it.",
			(int)(url.authority.len < 100 ? url.authority.len : 100), url.authority.at);
		return NULL;
	}
	request = make(&url, ret_error);
	if (!request)
		return NULL;
	if (own_host)
		request->origin = NULL;
	request->is_public = !own_environment;
	request->public_addresses_only = !own_host && !policy->private_addresses;
	return request;
}
