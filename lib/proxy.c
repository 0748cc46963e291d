/* Which proxy the usual environment variables name for a URL. Pure: the environment is a function. */
#include "base/str.h"
#include "lib/cspark.h"

struct target {
	bool https;
	struct str host; /* without brackets */
	struct str port;
};

static bool
read_target(const char *url, struct target *ret)
{
	struct str rest = str_of(url);
	struct str port;

	ret->https = str_starts(rest, STR("https://"));
	if (!ret->https && !str_starts(rest, STR("http://")))
		return false;
	rest = str_range(rest.at + (ret->https ? 8 : 7), rest.len - (ret->https ? 8 : 7));
	rest = str_cut(rest, '/', &(struct str){ 0 });
	if (rest.len && rest.at[0] == '[') {
		ret->host = str_cut(str_range(rest.at + 1, rest.len - 1), ']', &rest);
		str_cut(rest, ':', &port);
	} else {
		ret->host = str_cut(rest, ':', &port);
	}
	ret->port = port.len ? port : ret->https ? STR("443") : STR("80");
	return true;
}

/* The first variable that is there; empty counts, and means none. */
static const char *
first_of(char *(*getenv_fn)(const char *), const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv_fn(*names);

		if (value)
			return value;
	}
	return NULL;
}

/* "host", ".suffix", "*.suffix", "suffix", each perhaps with ":port"; "*". */
static bool
covers(struct str entry, const struct target *target)
{
	struct str name = entry, port = { 0 };
	struct str host = target->host;

	if (str_eq(entry, STR("*")))
		return true;
	if (name.at[0] == '[') {
		name = str_cut(str_range(entry.at + 1, entry.len - 1), ']', &port);
		str_cut(port, ':', &port);
	} else if (str_find(entry, ':') >= 0 && memchr(entry.at + str_find(entry, ':') + 1, ':',
				entry.len - (size_t)str_find(entry, ':') - 1) == NULL) {
		name = str_cut(entry, ':', &port);
	}
	if (port.len && !str_eq(port, target->port))
		return false;
	if (str_starts(name, STR("*")))
		name = str_range(name.at + 1, name.len - 1);
	if (str_starts(name, STR(".")))
		name = str_range(name.at + 1, name.len - 1);
	if (name.len == 0 || host.len < name.len)
		return false;
	if (!str_eq_nocase(str_range(host.at + host.len - name.len, name.len), name))
		return false;
	return host.len == name.len || host.at[host.len - name.len - 1] == '.';
}

static bool
is_exempt(const char *list, const struct target *target)
{
	struct str rest = str_of(list);

	while (rest.len) {
		size_t len = 0;

		while (len < rest.len && rest.at[len] != ',' && rest.at[len] != ' ' && rest.at[len] != '\t')
			len++;
		if (len && covers(str_range(rest.at, len), target))
			return true;
		len += len < rest.len;
		rest = str_range(rest.at + len, rest.len - len);
	}
	return false;
}

const char *
cspark_proxy_for(const char *url, char *(*getenv_fn)(const char *))
{
	/* HTTP_PROXY in capitals is what a web server makes of a visitor's "Proxy:" header: not trusted. */
	static const char *const HTTP[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const HTTPS[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const EXEMPT[] = { "no_proxy", "NO_PROXY", NULL };
	struct target target;
	const char *proxy;

	if (!read_target(url, &target))
		return NULL;
	proxy = first_of(getenv_fn, target.https ? HTTPS : HTTP);
	if (proxy == NULL || proxy[0] == '\0' || is_exempt(first_of(getenv_fn, EXEMPT), &target))
		return NULL;
	return proxy;
}
