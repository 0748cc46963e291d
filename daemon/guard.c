#include "daemon/guard.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { FIELDS_MAX = 100 };

/* Keeps the first verdict. */
static void
refuse(struct guard *guard, enum cspark_code code, const char *detail)
{
	if (guard->detail)
		return;
	guard->code = code;
	guard->detail = detail;
}

/* ---- bytes ---- */

/* RFC 9110 5.6.2 */
static bool
is_token_byte(unsigned char c)
{
	return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_token_byte((unsigned char)text.at[i]))
			return false;
	return text.len > 0;
}

static bool
is_value(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
is_target(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
	}
	return true;
}

static bool
is_digits(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isdigit((unsigned char)text.at[i]))
			return false;
	return text.len > 0;
}

/* ---- the request line ---- */

static const struct {
	struct str name;
	bool takes_body;
} methods[] = {
	{ STR("GET"), false }, { STR("POST"), true }, { STR("PUT"), true },
	{ STR("PATCH"), true }, { STR("DELETE"), true }, { STR("HEAD"), false },
	{ STR("OPTIONS"), false }, /* what browsers ask ahead; the owner knows whether it is that */
};

static void
judge_method(struct guard *guard, struct str method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!str_eq(method, methods[i].name))
			continue;
		guard->takes_body = methods[i].takes_body;
		return;
	}
	if (is_token(method))
		refuse(guard, CSPARK_E_METHOD_NOT_ALLOWED,
			"Methods are GET, HEAD, POST, PUT, PATCH and DELETE, in capitals.");
	else
		refuse(guard, CSPARK_E_BAD_REQUEST, "The method is not a token.");
}

static void
judge_target(struct guard *guard, struct str target)
{
	if (target.len > guard->rules->max_target)
		refuse(guard, CSPARK_E_URI_TOO_LONG, "The request target is longer than the limit.");
	if (target.len == 0 || target.at[0] != '/')
		refuse(guard, CSPARK_E_BAD_REQUEST, "The request target must begin with a slash.");
	if (!is_target(target))
		refuse(guard, CSPARK_E_BAD_REQUEST,
			"The request target holds a byte that must be percent-encoded.");
}

void
guard_begin(struct guard *guard, const struct guard_rules *rules, struct str method, struct str target,
	struct str version)
{
	*guard = (struct guard){ .rules = rules, .code = CSPARK_OK };
	judge_target(guard, target);
	judge_method(guard, method);
	guard->http_1_0 = str_eq(version, STR("HTTP/1.0"));
	if (!guard->http_1_0 && !str_eq(version, STR("HTTP/1.1")))
		refuse(guard, CSPARK_E_BAD_REQUEST, "The version must be HTTP/1.1 or HTTP/1.0.");
}

/* ---- fields ---- */

static void
on_host(struct guard *guard, struct str value)
{
	if (guard->hosts++)
		refuse(guard, CSPARK_E_BAD_REQUEST, "There is more than one Host field.");
	guard->host = value;
}

static void
on_content_length(struct guard *guard, struct str value)
{
	if (guard->lengths++)
		refuse(guard, CSPARK_E_BAD_REQUEST, "There is more than one Content-Length field.");
	if (!is_digits(value))
		refuse(guard, CSPARK_E_BAD_REQUEST, "Content-Length is not a number.");
	else if (!str_to_u64(value, guard->rules->max_body, &guard->length))
		refuse(guard, CSPARK_E_BODY_TOO_LARGE, "Content-Length is larger than the limit for bodies.");
}

static void
on_transfer_encoding(struct guard *guard, struct str value)
{
	if (guard->codings++)
		refuse(guard, CSPARK_E_BAD_REQUEST, "There is more than one Transfer-Encoding field.");
	if (!str_eq_nocase(value, STR("chunked")))
		refuse(guard, CSPARK_E_BAD_REQUEST, "The only transfer coding understood is chunked.");
	guard->chunked = true;
}

static void
on_expect(struct guard *guard, struct str value)
{
	if (!str_eq_nocase(value, STR("100-continue")))
		refuse(guard, CSPARK_E_BAD_REQUEST, "The only expectation understood is 100-continue.");
}

static void
on_origin(struct guard *guard, struct str value)
{
	guard->origins++;
	guard->origin = value;
}

static void
on_sec_fetch_site(struct guard *guard, struct str value)
{
	if (!str_eq_nocase(value, STR("none")) && !str_eq_nocase(value, STR("same-origin")))
		guard->is_cross_site = true;
}

/*
 * <letters>: the name in lower case without anything but letters. A <guarded> name that is written in
 * another way (Transfer_Encoding, Content--Length) is nothing to us but may be something to whoever is next
 * in line.
 */
static const struct field {
	struct str name;
	struct str letters;
	void (*on_field)(struct guard *guard, struct str value);
	bool guarded;
} fields[] = {
	{ STR("host"), STR("host"), on_host, true },
	{ STR("content-length"), STR("contentlength"), on_content_length, true },
	{ STR("transfer-encoding"), STR("transferencoding"), on_transfer_encoding, true },
	{ STR("expect"), STR("expect"), on_expect, true },
	{ STR("origin"), STR("origin"), on_origin, false },
	{ STR("sec-fetch-site"), STR("secfetchsite"), on_sec_fetch_site, false },
};

enum { LETTERS_MAX = 16 }; /* of the longest name in the table */

/* False: longer than any name in the table. */
static bool
squeeze(struct str name, char letters[LETTERS_MAX], struct str *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (!isalpha(c))
			continue;
		if (len == LETTERS_MAX)
			return false;
		letters[len++] = (char)tolower(c);
	}
	*ret = str_range(letters, len);
	return true;
}

static const struct field *
field_of(struct str name)
{
	char letters[LETTERS_MAX];
	struct str squeezed;

	if (!squeeze(name, letters, &squeezed))
		return NULL;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq(squeezed, fields[i].letters))
			return &fields[i];
	return NULL;
}

void
guard_header(struct guard *guard, struct str name, struct str value)
{
	const struct field *field = field_of(name);

	if (++guard->fields > FIELDS_MAX)
		refuse(guard, CSPARK_E_HEADERS_TOO_LARGE, "There are more than 100 header fields.");
	if (!is_token(name))
		refuse(guard, CSPARK_E_BAD_REQUEST, "The name of a header field is not a token.");
	if (!is_value(value))
		refuse(guard, CSPARK_E_BAD_REQUEST, "The value of a header field holds a control character.");
	if (!field)
		return;
	if (str_eq_nocase(name, field->name))
		field->on_field(guard, value);
	else if (field->guarded)
		refuse(guard, CSPARK_E_BAD_REQUEST,
			"The name of a header field resembles one that frames the message.");
}

/* ---- Host and Origin ---- */

/* Cuts "name:port" or "[address]:port"; <ret> is without brackets. */
static bool
host_name(struct str host, struct str *ret)
{
	struct str port;

	if (host.len && host.at[0] == '[') {
		ptrdiff_t end = str_find(host, ']');

		if (end < 0)
			return false;
		*ret = str_range(host.at + 1, (size_t)end - 1);
		port = str_range(host.at + end + 1, host.len - (size_t)end - 1);
		if (port.len && port.at[0] != ':')
			return false;
		port = str_range(port.at + (port.len > 0), port.len - (port.len > 0));
	} else {
		*ret = str_cut(host, ':', &port);
		if (!is_token(*ret))
			return false;
	}
	return ret->len > 0 && (port.len == 0 || (port.len <= 5 && is_digits(port)));
}

static bool
is_loopback(struct str name)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (str_eq_nocase(name, STR("localhost")))
		return true;
	if (name.len >= sizeof(text))
		return false;
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool
is_among(const char *const *names, struct str name)
{
	for (; names && *names; names++)
		if (str_eq_nocase(name, str_of(*names)))
			return true;
	return false;
}

static bool
is_served(const struct guard_place *place, struct str name)
{
	return is_loopback(name) || (place->own_host.len && str_eq_nocase(name, place->own_host)) ||
		is_among(place->allowed_hosts, name);
}

static void
judge_host(struct guard *guard, const struct guard_place *place)
{
	struct str name;

	if (guard->hosts == 0 && !guard->http_1_0)
		refuse(guard, CSPARK_E_BAD_REQUEST, "There is no Host field.");
	if (guard->hosts == 0 || place->any_host)
		return;
	if (!host_name(guard->host, &name))
		refuse(guard, CSPARK_E_BAD_REQUEST,
			"The Host field is not a name or address with an optional port.");
	else if (!is_served(place, name))
		refuse(guard, CSPARK_E_HOST_REFUSED,
			"The Host field names neither this machine nor one of allowed_hosts.");
}

/*
 * Programs send neither field, browsers one of them with whatever a page asks for. There are no pages of our
 * own, so even "the same origin" is some other program's page on this port or a name that was led here.
 */
static void
judge_origin(struct guard *guard, const struct guard_place *place)
{
	guard->is_listed = guard->origins == 1 && is_among(place->allowed_origins, guard->origin);
	if (guard->is_listed)
		return;
	if (guard->origins > 0)
		refuse(guard, CSPARK_E_ORIGIN_REFUSED,
			"The Origin field says that a web page asks, of an origin that is not one of "
			"allowed_origins.");
	if (guard->is_cross_site)
		refuse(guard, CSPARK_E_ORIGIN_REFUSED, "The request comes from a page of another site.");
}

static void
judge_framing(struct guard *guard)
{
	if (guard->codings && guard->lengths)
		refuse(guard, CSPARK_E_BAD_REQUEST, "There are both Content-Length and Transfer-Encoding.");
	if (guard->codings && guard->http_1_0)
		refuse(guard, CSPARK_E_BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding.");
	if (!guard->takes_body && (guard->codings || guard->length > 0))
		refuse(guard, CSPARK_E_BAD_REQUEST, "This method takes no body.");
}

enum cspark_code
guard_end(struct guard *guard, size_t head_bytes, const struct guard_place *place)
{
	if (head_bytes > guard->rules->max_head)
		refuse(guard, CSPARK_E_HEADERS_TOO_LARGE, "The header section is larger than the limit.");
	judge_framing(guard);
	judge_host(guard, place);
	judge_origin(guard, place);
	return guard->code;
}
