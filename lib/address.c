/*
 * Where Spark is: what a user configured becomes an origin and a tenant. Messages never show the
 * URL itself, because people put passwords into URLs.
 */
#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark.h"
#include "lib/error.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_MAX      1024
#define HOST_MAX     253
#define SPARK_DOMAIN ".coherent.global"

/* A URL in parts, lower case where case does not matter. */
struct address {
	bool is_tls;
	char host[HOST_MAX + 3]; /* IPv6 in brackets */
	unsigned port;           /* 0: the scheme's own */
	char tenant[CSPARK_NAME_MAX + 1];
};

static bool
refuse(struct cspark_error *ret_error, const char *sentence)
{
	return cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER, "%s", sentence);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void
copy_lower(struct str text, char *ret)
{
	for (size_t i = 0; i < text.len; i++)
		ret[i] = lower(text.at[i]);
	ret[text.len] = '\0';
}

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		c == '_';
}

/* Letters, digits, '-', '_' and, if <dots>, '.' between them. */
static bool
is_word(struct str text, bool dots)
{
	char before = '.';

	for (size_t i = 0; i < text.len; i++) {
		if (!is_word_char(text.at[i]) && !(dots && text.at[i] == '.' && before != '.'))
			return false;
		before = text.at[i];
	}
	return before != '.';
}

/* ---- hosts ------------------------------------------------------------------------------- */

/* 127.0.0.0/8, ::1 and localhost; names that only look like them do not count. */
static bool
is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		(inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* The environment part of excel.ENV.coherent.global, one label or two; absent for other hosts. */
static struct str
spark_env(const char *host)
{
	struct str env, text = str_of(host);
	ptrdiff_t dot;

	if (!str_ends(text, STR(SPARK_DOMAIN)))
		return (struct str){ 0 };
	str_cut(str_range(text.at, text.len - strlen(SPARK_DOMAIN)), '.', &env);
	dot = str_find(env, '.');
	if (dot >= 0 && str_find(str_range(env.at + dot + 1, env.len - (size_t)dot - 1), '.') >= 0)
		return (struct str){ 0 };
	return env.len ? env : (struct str){ 0 };
}

static bool
read_ipv6(struct str text, struct address *ret)
{
	struct in6_addr address;
	char digits[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(digits))
		return false;
	copy_lower(text, digits);
	if (inet_pton(AF_INET6, digits, &address) != 1)
		return false;
	inet_ntop(AF_INET6, &address, digits, sizeof(digits));
	ret->host[0] = '[';
	memcpy(ret->host + 1, digits, strlen(digits));
	memcpy(ret->host + 1 + strlen(digits), "]", 2);
	return true;
}

/* "host", "host:port", "[::1]:port" */
static bool
read_authority(struct str text, struct address *ret, struct cspark_error *ret_error)
{
	struct str host, port = { 0 };
	uint64_t number;
	bool ok;

	if (text.len > 0 && text.at[0] == '[') {
		host = str_cut(str_range(text.at + 1, text.len - 1), ']', &port);
		ok = port.at && read_ipv6(host, ret) && (port.len == 0 || port.at[0] == ':');
		if (ok)
			port = port.len ? str_range(port.at + 1, port.len - 1) : (struct str){ 0 };
	} else {
		host = str_cut(text, ':', &port);
		ok = host.len > 0 && host.len <= HOST_MAX && is_word(host, true);
		if (ok)
			copy_lower(host, ret->host);
	}
	if (!ok)
		return refuse(ret_error, "The base URL has no valid host name.");
	if (!port.at)
		return true;
	if (!str_to_u64(port, 65535, &number) || number == 0)
		return refuse(ret_error, "The base URL has no valid port.");
	ret->port = number == (ret->is_tls ? 443 : 80) ? 0 : (unsigned)number;
	return true;
}

/* ---- the URL ----------------------------------------------------------------------------- */

static bool
read_scheme(struct str *url, struct address *ret, struct cspark_error *ret_error)
{
	ptrdiff_t colon = str_find(*url, ':');
	struct str scheme = str_range(url->at, colon < 0 ? 0 : (size_t)colon);
	struct str rest = str_range(url->at + scheme.len, url->len - scheme.len);

	ret->is_tls = str_eq_nocase(scheme, STR("https"));
	if ((!ret->is_tls && !str_eq_nocase(scheme, STR("http"))) || !str_starts(rest, STR("://")))
		return refuse(ret_error,
			"The base URL must begin with https://, "
			"as in https://excel.ENVIRONMENT.coherent.global/TENANT.");
	*url = str_range(rest.at + 3, rest.len - 3);
	return true;
}

static bool
read_tenant(struct str text, struct address *ret, struct cspark_error *ret_error)
{
	if (text.len > CSPARK_NAME_MAX || !is_word(text, true))
		return refuse(ret_error, "A tenant consists of letters, digits, '-', '_' and single dots.");
	memcpy(ret->tenant, text.at, text.len);
	ret->tenant[text.len] = '\0';
	return true;
}

static bool
check_characters(struct str url, struct cspark_error *ret_error)
{
	if (url.len == 0)
		return refuse(ret_error, "The base URL is empty.");
	if (url.len > URL_MAX)
		return refuse(ret_error, "The base URL is too long.");
	for (size_t i = 0; i < url.len; i++) {
		if (url.at[i] <= ' ' || url.at[i] >= 0x7f || url.at[i] == '\\')
			return refuse(ret_error,
				"The base URL contains a blank, a control or a character that is not ASCII.");
	}
	if (str_find(url, '@') >= 0)
		return refuse(ret_error,
			"The base URL must not contain a user or password; "
			"credentials have settings of their own.");
	if (str_find(url, '?') >= 0 || str_find(url, '#') >= 0)
		return refuse(ret_error, "The base URL must not have a query or a fragment.");
	return true;
}

static bool
read_url(struct str url, struct address *ret, struct cspark_error *ret_error)
{
	struct str authority, path;

	memset(ret, 0, sizeof(*ret));
	if (!check_characters(url, ret_error) || !read_scheme(&url, ret, ret_error))
		return false;
	authority = str_cut(url, '/', &path);
	if (!read_authority(authority, ret, ret_error))
		return false;
	while (str_ends(path, STR("/")))
		path.len--;
	if (path.len == 0)
		return true;
	if (str_find(path, '/') >= 0)
		return refuse(ret_error,
			"The base URL has more in its path than a tenant; write scheme://host/TENANT.");
	return read_tenant(path, ret, ret_error);
}

/* Any host of a Spark environment, the web interface's for instance, means the one of the API. */
static void
prefer_host(struct address *address, const char *prefix)
{
	struct str env = spark_env(address->host);
	char host[sizeof(address->host)];
	int len;

	if (!env.at)
		return;
	len = snprintf(host, sizeof(host), "%s.%.*s%s", prefix, STR_ARG(env), SPARK_DOMAIN);
	if (len <= HOST_MAX)
		memcpy(address->host, host, (size_t)len + 1);
}

static void
put_origin(struct buf *out, const struct address *address)
{
	buf_put_str(out, address->is_tls ? STR("https://") : STR("http://"));
	buf_put_str(out, str_of(address->host));
	if (address->port)
		buf_printf(out, ":%u", address->port);
}

/* env + tenant, as the SDKs do: trimmed and in lower case. */
static bool
read_env(struct str env, struct str tenant, struct address *ret, struct cspark_error *ret_error)
{
	struct str second;

	memset(ret, 0, sizeof(*ret));
	ret->is_tls = true;
	str_cut(env, '.', &second);
	if (!is_word(env, true) || str_find(second, '.') >= 0 || env.len > 128)
		return refuse(
			ret_error, "An environment is one or two words, as in \"my-env\" or \"uat.us\".");
	snprintf(ret->host, sizeof(ret->host), "excel.%.*s" SPARK_DOMAIN, STR_ARG(env));
	copy_lower(str_of(ret->host), ret->host);
	if (!read_tenant(tenant, ret, ret_error))
		return false;
	copy_lower(str_of(ret->tenant), ret->tenant);
	return true;
}

static bool
read_base(struct str url, struct str env, struct str tenant, struct address *ret,
	struct cspark_error *ret_error)
{
	if (url.len == 0 && env.len == 0)
		return refuse(
			ret_error, "Spark's address is missing: give a base URL, or environment and tenant.");
	if (url.len > 0 && !read_url(url, ret, ret_error))
		return false;
	if (url.len > 0 && ret->tenant[0])
		return true;
	if (tenant.len == 0)
		return refuse(ret_error,
			"The tenant is missing: it is the first segment of the base URL's path, "
			"or a setting of its own.");
	return url.len > 0 ? read_tenant(tenant, ret, ret_error) : read_env(env, tenant, ret, ret_error);
}

bool
cspark_base_url_parse(const char *base_url, const char *env, const char *tenant, bool plaintext_allowed,
	char **ret_origin, char **ret_tenant, struct cspark_error *ret_error)
{
	struct address address;
	struct buf origin;

	if (!read_base(str_trim(str_of(base_url)), str_trim(str_of(env)), str_trim(str_of(tenant)), &address,
		    ret_error))
		return false;
	if (!address.is_tls && !plaintext_allowed && !is_loopback(address.host))
		return refuse(ret_error,
			"The base URL must be https: only loopback addresses may be reached in the clear, "
			"unless plaintext is allowed.");
	prefer_host(&address, "excel");
	buf_init(&origin, URL_MAX);
	put_origin(&origin, &address);
	*ret_origin = buf_take(&origin, NULL);
	*ret_tenant = strdup(address.tenant);
	if (*ret_origin && *ret_tenant)
		return true;
	free(*ret_origin);
	free(*ret_tenant);
	return cspark_refuse(ret_error, CSPARK_E_INTERNAL, "No memory for the base URL.");
}

char *
cspark_token_url(const char *base_url)
{
	struct address address;
	struct buf out;

	if (!read_url(str_of(base_url), &address, NULL) || !address.tenant[0])
		return NULL;
	prefer_host(&address, "keycloak");
	buf_init(&out, 2 * URL_MAX);
	put_origin(&out, &address);
	buf_printf(&out, "/auth/realms/%s/protocol/openid-connect/token", address.tenant);
	return buf_take(&out, NULL);
}
