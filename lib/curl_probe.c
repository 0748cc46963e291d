/* Probes, by libcurl's easy interface: nothing of a transport is wanted here, least of all its pool. */
#include "lib/cspark_probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CONNECT_TIMEOUT_MS = 2000 };

struct probing {
	struct cspark_probe *probe;
	const struct cspark_route *route;
	bool is_tls;
	CURL *easy;
	char words[CURL_ERROR_SIZE];
};

/* Foreign text for people: no controls, cut to fit. */
static void
copy_words(char *to, size_t size, const char *words)
{
	snprintf(to, size, "%.*s", (int)size - 1, words);
	for (char *c = to; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	}
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	return size * count;
}

static bool
set_up(struct probing *probing, const char *url, long timeout_ms)
{
	const struct cspark_route *route = probing->route;
	long connect_ms = route->connect_timeout_ms ? route->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	CURL *easy = probing->easy = curl_easy_init();

	if (easy == NULL)
		return false;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, probing->words);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, route->proxy ? route->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	if (route->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, route->ca_file);
	return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
}

/* ---- what it took ---- */

static int64_t
time_until(const struct probing *probing, CURLINFO what)
{
	curl_off_t microseconds = 0;

	curl_easy_getinfo(probing->easy, what, &microseconds);
	return microseconds;
}

/* libcurl counts from the beginning; 0: not reached. */
static int64_t
phase_ms(int64_t begin, int64_t end)
{
	return end > 0 ? (end - begin) / 1000 : -1;
}

static void
read_times(struct probing *probing)
{
	struct cspark_probe *probe = probing->probe;
	int64_t dns = time_until(probing, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t connect = time_until(probing, CURLINFO_CONNECT_TIME_T);
	int64_t tls = probing->is_tls ? time_until(probing, CURLINFO_APPCONNECT_TIME_T) : 0;
	int64_t answer = time_until(probing, CURLINFO_STARTTRANSFER_TIME_T);

	probe->dns_ms = phase_ms(0, dns);
	probe->connect_ms = phase_ms(dns, connect);
	probe->tls_ms = phase_ms(connect, tls);
	probe->answer_ms = phase_ms(tls ? tls : connect, answer);
}

static void
read_peer(struct probing *probing)
{
	struct cspark_probe *probe = probing->probe;
	char *address = NULL;
	long port = 0, status = 0, proxy_status = 0;

	curl_easy_getinfo(probing->easy, CURLINFO_PRIMARY_IP, &address);
	curl_easy_getinfo(probing->easy, CURLINFO_PRIMARY_PORT, &port);
	curl_easy_getinfo(probing->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(probing->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	copy_words(probe->address, sizeof(probe->address), address ? address : "");
	probe->port = (unsigned)port;
	probe->status = (int)status;
	probe->proxy_status = (int)proxy_status;
}

/* Of a connection whose TLS fails, libcurl tells nothing: so the same host is connected to without. */
static void
retrace(struct probing *probing, const char *url)
{
	CURLU *address = curl_url();
	char *port = NULL;

	if (curl_url_set(address, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(address, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		curl_url_set(address, CURLUPART_PORT, port, 0) == CURLUE_OK &&
		curl_url_set(address, CURLUPART_SCHEME, "http", 0) == CURLUE_OK) {
		curl_easy_setopt(probing->easy, CURLOPT_CURLU, address);
		curl_easy_setopt(probing->easy, CURLOPT_CONNECT_ONLY, 1L);
		curl_easy_setopt(probing->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
		curl_easy_perform(probing->easy);
		read_times(probing);
		read_peer(probing);
		probing->probe->tls_ms = -1;
		curl_easy_setopt(probing->easy, CURLOPT_CURLU, NULL);
		curl_easy_setopt(probing->easy, CURLOPT_URL, url);
	}
	curl_free(port);
	curl_url_cleanup(address);
}

/* The answer's first byte is what the server's clock is compared with: its date has no fractions. */
static void
read_clock(struct probing *probing)
{
	struct curl_header *header;
	time_t date;

	if (curl_easy_header(probing->easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return;
	date = curl_getdate(header->value, NULL);
	probing->probe->tells_time = date != -1;
	if (date != -1)
		probing->probe->ahead_s = (int64_t)date - (int64_t)time(NULL);
}

/* ---- certificates ---- */

static const char *
find_field(const struct curl_slist *fields, const char *name)
{
	size_t len = strlen(name);

	for (; fields; fields = fields->next) {
		if (strncasecmp(fields->data, name, len) == 0 && fields->data[len] == ':')
			return fields->data + len + 1;
	}
	return "";
}

static void
read_certificate(struct probing *probing)
{
	struct cspark_certificate *certificate = &probing->probe->certificate;
	struct curl_certinfo *chain = NULL;
	const struct curl_slist *fields;

	curl_easy_getinfo(probing->easy, CURLINFO_CERTINFO, &chain);
	if (chain == NULL || chain->num_of_certs < 1)
		return;
	fields = chain->certinfo[0];
	copy_words(certificate->subject, sizeof(certificate->subject), find_field(fields, "Subject"));
	copy_words(certificate->issuer, sizeof(certificate->issuer), find_field(fields, "Issuer"));
	certificate->begins_s = curl_getdate(find_field(fields, "Start date"), NULL);
	certificate->ends_s = curl_getdate(find_field(fields, "Expire date"), NULL);
}

static enum cspark_distrust
judge_dates(const struct cspark_certificate *certificate)
{
	int64_t now_s = time(NULL);

	if (certificate->ends_s != -1 && certificate->ends_s < now_s)
		return CSPARK_DISTRUST_EXPIRED;
	if (certificate->begins_s != -1 && certificate->begins_s > now_s)
		return CSPARK_DISTRUST_EARLY;
	return CSPARK_DISTRUST_AUTHORITY;
}

/* What is wrong with it can only be told when it is seen, and libcurl shows none that it refuses: so it is
 * fetched again with less and less to verify. Nothing is sent then but the handshake. */
static enum cspark_distrust
look_closer(struct probing *probing)
{
	CURL *easy = probing->easy;
	bool is_signed;

	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	is_signed = curl_easy_perform(easy) == CURLE_OK;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	if (is_signed || curl_easy_perform(easy) == CURLE_OK)
		read_certificate(probing);
	return is_signed ? CSPARK_DISTRUST_HOST : judge_dates(&probing->probe->certificate);
}

/* ---- the end ---- */

/* How far it came, where libcurl does not say it. */
static enum cspark_probe_end
end_by_phase(const struct probing *probing)
{
	const struct cspark_probe *probe = probing->probe;
	bool has_proxy = probing->route->proxy && probing->route->proxy[0];

	if (has_proxy && (probe->connect_ms < 0 || (probe->proxy_status && probe->proxy_status / 100 != 2)))
		return CSPARK_PROBE_PROXY;
	if (probe->dns_ms < 0)
		return CSPARK_PROBE_DNS;
	if (probe->connect_ms < 0)
		return CSPARK_PROBE_CONNECT;
	return probing->is_tls && probe->tls_ms < 0 ? CSPARK_PROBE_TLS : CSPARK_PROBE_MUTE;
}

static enum cspark_probe_end
end_of(const struct probing *probing, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return CSPARK_PROBE_DNS;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return CSPARK_PROBE_PROXY;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return CSPARK_PROBE_CERTIFICATE;
	default:
		return end_by_phase(probing);
	}
}

static void
explain(struct probing *probing, CURLcode code)
{
	struct cspark_probe *probe = probing->probe;
	const char *words = probing->words[0] ? probing->words : curl_easy_strerror(code);
	long number = 0;

	if (code == CURLE_COULDNT_CONNECT)
		curl_easy_getinfo(probing->easy, CURLINFO_OS_ERRNO, &number);
	copy_words(probe->reason, sizeof(probe->reason), number ? strerror((int)number) : words);
}

static void
judge(struct probing *probing, const char *url, CURLcode code)
{
	struct cspark_probe *probe = probing->probe;

	read_times(probing);
	read_peer(probing);
	if (code == CURLE_OK) {
		probe->end = CSPARK_PROBE_ANSWERED;
		read_clock(probing);
		read_certificate(probing);
		return;
	}
	explain(probing, code);
	if (probing->is_tls && probe->connect_ms < 0)
		retrace(probing, url);
	probe->end = end_of(probing, code);
	if (probe->end == CSPARK_PROBE_CERTIFICATE)
		probe->distrust = code == CURLE_SSL_CACERT_BADFILE ? CSPARK_DISTRUST_CA_FILE :
								     look_closer(probing);
}

bool
cspark_probe_run(const char *url, const struct cspark_route *route, long timeout_ms, struct cspark_probe *ret)
{
	struct probing probing = {
		.probe = ret, .route = route, .is_tls = strncasecmp(url, "https:", 6) == 0
	};

	*ret = (struct cspark_probe){ .end = CSPARK_PROBE_MUTE,
		.reason = "the URL cannot be used",
		.dns_ms = -1,
		.connect_ms = -1,
		.tls_ms = -1,
		.answer_ms = -1,
		.certificate = { .begins_s = -1, .ends_s = -1 } };
	if (set_up(&probing, url, timeout_ms))
		judge(&probing, url, curl_easy_perform(probing.easy));
	curl_easy_cleanup(probing.easy);
	return ret->end == CSPARK_PROBE_ANSWERED;
}
