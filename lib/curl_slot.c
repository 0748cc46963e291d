#include "lib/curl_slot.h"

#include "lib/ip.h"
#include "lib/route.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum {
	CONNECT_TIMEOUT_MS = 2000,
	CONNECTION_IDLE_S = 55, /* below what servers and balancers allow */
	CONNECTION_LIFE_S = 3600, /* certificates and addresses are looked at again */
	CA_CACHE_S = 1, /* so old may the certificates to trust be when a connection is opened */
	EXPECT_ABOVE = 1024 * 1024, /* where libcurl would ask "100-continue" */
};

/* ---- one transfer, from the inside ---- */

/* A proxy knows other addresses than we do. */
static bool
wants_public(const struct cspark_slot *slot)
{
	return slot->exchange && slot->exchange->public_only
		&& (slot->route.proxy == NULL || slot->route.proxy[0] == '\0');
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct cspark_slot *slot = arg;
	int fd;

	if (wants_public(slot) && !cspark_ip_is_public(&address->addr)) {
		slot->shunned = true;
		return CURL_SOCKET_BAD;
	}
	slot->opened = true;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0 || cspark_watches_open(slot->watches, fd))
		return fd;
	close(fd);
	return CURL_SOCKET_BAD;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct cspark_watches *watches = arg;

	cspark_watches_close(watches, fd);
	return close(fd);
}

/* Called when a connection is ready and the request is about to leave. A second time means that libcurl
 * repeats the request because a kept connection died under it. Whether to repeat is not its decision. The
 * connection may be one that a less particular exchange has opened. */
static int
on_start(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct cspark_slot *slot = arg;

	if (wants_public(slot) && !cspark_ip_text_is_public(peer)) {
		slot->broke = CSPARK_END_ADDRESS;
		return CURL_PREREQFUNC_ABORT;
	}
	return slot->starts++ > 0 && *slot->guarded ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t
stop(struct cspark_slot *slot, enum cspark_exchange_end why)
{
	slot->broke = why;
	return 0;
}

static size_t
on_line(char *line, size_t size, size_t count, void *arg)
{
	struct cspark_slot *slot = arg;

	if (!cspark_head_line(&slot->exchange->head, str_range(line, size * count)))
		return stop(slot, CSPARK_END_PROTOCOL);
	return size * count;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct cspark_slot *slot = arg;
	size_t len = size * count;
	enum cspark_exchange_end end = cspark_body_put(&slot->body, slot->exchange, data, len);

	return end == CSPARK_END_ANSWERED ? len : stop(slot, end);
}

/* ---- slots ---- */

/* What never changes, and what belongs to the route. */
static bool
set_up(struct cspark_slot *slot, const struct cspark_route *route)
{
	CURL *easy = slot->easy;
	long connect_ms = route->connect_timeout_ms ? route->connect_timeout_ms : CONNECT_TIMEOUT_MS;

	slot->agent_line = cspark_route_agent_line(route);
	if (slot->agent_line == NULL || !cspark_route_copy(&slot->route, route))
		return false;
	cspark_upload_init(&slot->upload, easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_CURLU, slot->address);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, route->proxy ? route->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the host has decided */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S);
#if LIBCURL_VERSION_NUM >= 0x075700 /* before, they were read for each connection */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
#endif
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		(long)(route->http_version == 1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, slot->watches);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_start);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	return route->ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, route->ca_file) == CURLE_OK;
}

void
cspark_slot_free(struct cspark_slot *slot)
{
	if (slot == NULL)
		return;
	cspark_upload_end(&slot->upload);
	curl_easy_cleanup(slot->easy);
	curl_url_cleanup(slot->address);
	free(slot->origin);
	cspark_route_fini(&slot->route);
	free(slot->agent_line);
	cspark_body_fini(&slot->body);
	free(slot);
}

struct cspark_slot *
cspark_slot_new(const struct cspark_route *route, struct cspark_watches *watches, const bool *guarded)
{
	struct cspark_slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return NULL;
	slot->watches = watches;
	slot->guarded = guarded;
	slot->easy = curl_easy_init();
	slot->address = curl_url();
	if (slot->easy && slot->address && set_up(slot, route))
		return slot;
	cspark_slot_free(slot);
	return NULL;
}

/* ---- from an exchange to a transfer ---- */

/* libcurl would parse the URL, print it and take it apart again for each request. The origin is parsed when
 * it changes; a plain path is handed over as the target of the request, which is sent as it is. */
static bool
set_url(struct cspark_slot *slot, const char *url)
{
	const char *path = cspark_route_plain_path(&slot->route, url);
	size_t len = path ? (size_t)(path - url) : strlen(url);

	if (curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, path) != CURLE_OK)
		return false;
	if (slot->origin && strncmp(slot->origin, url, len) == 0 && slot->origin[len] == '\0')
		return true;
	free(slot->origin);
	slot->origin = strndup(url, len);
	if (slot->origin && curl_url_set(slot->address, CURLUPART_URL, slot->origin, 0) == CURLUE_OK)
		return true;
	free(slot->origin);
	slot->origin = NULL;
	return false;
}

static bool
has_type(const struct cspark_exchange *exchange)
{
	for (unsigned i = 0; i < exchange->line_count; i++) {
		if (strncasecmp(exchange->lines[i], "content-type:", 13) == 0)
			return true;
	}
	return false;
}

static void
add_line(struct cspark_slot *slot, const char *line)
{
	slot->lines[slot->line_count++].data = (char *)line;
}

/* The list is read, never freed, by libcurl: its nodes are ours and the lines their owner's. What libcurl
 * would add by itself is among them, because it prints those once more for each request. A line without a
 * value is one that it shall not add. Of what goes to a sink nobody could say whether the packed form was
 * whole. */
static void
set_lines(struct cspark_slot *slot, const struct cspark_exchange *exchange)
{
	slot->line_count = 0;
	for (unsigned i = 0; i < exchange->line_count; i++)
		add_line(slot, exchange->lines[i]);
	add_line(slot, slot->agent_line);
	add_line(slot, exchange->sink ? "Accept-Encoding: identity" : "Accept-Encoding: gzip, deflate");
	if (slot->upload.kind == CSPARK_UPLOAD_MEMORY && !has_type(exchange))
		add_line(slot, "Content-Type:");
	if (slot->upload.kind > CSPARK_UPLOAD_MEMORY || exchange->body_len > EXPECT_ABOVE)
		add_line(slot, "Expect:");
	for (unsigned i = 0; i < slot->line_count; i++)
		slot->lines[i].next = i + 1 < slot->line_count ? &slot->lines[i + 1] : NULL;
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->lines);
}

bool
cspark_slot_begin(struct cspark_slot *slot, struct cspark_exchange *exchange, int64_t now_ms)
{
	slot->exchange = exchange;
	slot->starts = 0;
	slot->broke = CSPARK_END_ANSWERED;
	slot->opened = slot->shunned = false;
	slot->error[0] = '\0';
	cspark_body_init(&slot->body, exchange);
	if (!cspark_upload_begin(&slot->upload, exchange))
		return false;
	set_lines(slot, exchange);
	curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)(exchange->deadline_ms - now_ms));
	curl_easy_setopt(
		slot->easy, CURLOPT_PIPEWAIT, (long)cspark_route_may_share(&slot->route, exchange->url));
	return set_url(slot, exchange->url);
}

/* ---- from a transfer to an outcome ---- */

/* What failed before anything was sent; whatever is not here is CONNECT. */
static const struct {
	CURLcode code;
	enum cspark_exchange_end end;
} UNSENT[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, CSPARK_END_DNS },
	{ CURLE_COULDNT_RESOLVE_PROXY, CSPARK_END_DNS },
	{ CURLE_SSL_CONNECT_ERROR, CSPARK_END_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, CSPARK_END_CERTIFICATE },
	{ CURLE_SSL_CACERT_BADFILE, CSPARK_END_CERTIFICATE },
	{ CURLE_OUT_OF_MEMORY, CSPARK_END_FAULT },
	{ CURLE_UNSUPPORTED_PROTOCOL, CSPARK_END_FAULT },
	{ CURLE_URL_MALFORMAT, CSPARK_END_FAULT },
};

static enum cspark_exchange_end
end_unsent(const struct cspark_slot *slot, CURLcode code)
{
	if (slot->shunned && !slot->opened)
		return CSPARK_END_ADDRESS;
	for (size_t i = 0; i < sizeof(UNSENT) / sizeof(UNSENT[0]); i++) {
		if (UNSENT[i].code == code)
			return UNSENT[i].end;
	}
	return CSPARK_END_CONNECT;
}

/* A second start: libcurl also starts again when a server declines an HTTP/2 stream. On a connection that
 * this exchange opened itself that is the only reason it has; on a kept one it cannot be told from a
 * connection that died, and the worse is assumed. */
static enum cspark_exchange_end
end_of(const struct cspark_slot *slot, CURLcode code, long connects, int64_t now_ms)
{
	const struct cspark_exchange *exchange = slot->exchange;

	if (code == CURLE_OK)
		return CSPARK_END_ANSWERED;
	if (slot->broke != CSPARK_END_ANSWERED)
		return slot->broke;
	if (slot->upload.torn)
		return CSPARK_END_SOURCE;
	if (code == CURLE_OPERATION_TIMEDOUT
		&& (slot->starts > 0 || now_ms + 1 >= exchange->deadline_ms))
		return CSPARK_END_TIMEOUT;
	if (slot->starts == 0)
		return end_unsent(slot, code);
	if (slot->starts > 1 && *slot->guarded)
		return connects > 1 ? CSPARK_END_REFUSED : CSPARK_END_RESET;
	if (code == CURLE_OUT_OF_MEMORY) /* within a head: that a line of it is too long */
		return exchange->head.status ? CSPARK_END_PROTOCOL : CSPARK_END_FAULT;
	if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL)
		return CSPARK_END_PROTOCOL;
	return exchange->head.status >= 200 ? CSPARK_END_TRUNCATED : CSPARK_END_RESET;
}

enum cspark_exchange_end
cspark_slot_end(struct cspark_slot *slot, CURLcode code, int64_t now_ms, long *ret_connects)
{
	struct cspark_exchange *exchange = slot->exchange;
	enum cspark_exchange_end end;

	*ret_connects = 0;
	curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, ret_connects);
	end = end_of(slot, code, *ret_connects, now_ms);
	exchange->sent = slot->starts > 0 && end != CSPARK_END_REFUSED;
	if (end == CSPARK_END_ANSWERED)
		end = cspark_body_end(&slot->body, exchange);
	if (code != CURLE_OK)
		cspark_exchange_explain(exchange, slot->error[0] ? slot->error : curl_easy_strerror(code));
	return end;
}

void
cspark_slot_clear(struct cspark_slot *slot)
{
	cspark_upload_end(&slot->upload);
	cspark_body_fini(&slot->body);
	slot->exchange->slot = NULL;
	slot->exchange = NULL;
}
