#include "tools/credentials.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536

static bool
fail(struct credentials *credentials, const char *what, const char *why)
{
	snprintf(credentials->why, sizeof(credentials->why), "%s: %s", what, why);
	return false;
}

void
credentials_wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* ---- files ------------------------------------------------------------------------------- */

static bool
check_file(struct credentials *credentials, int fd, const char *path)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail(credentials, path, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
		return fail(credentials, path, "not a file of at most 64 KiB");
	if (status.st_mode & S_IROTH)
		return fail(credentials, path, "others can read this file; chmod o-r it");
	return true;
}

/* Given: the content, without the newline that editors put at its end. NULL, and why in <credentials>. */
static char *
read_secret_file(struct credentials *credentials, const char *path)
{
	char *text = calloc(1, FILE_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;

	if (fd < 0)
		fail(credentials, path, strerror(errno));
	else if (text && check_file(credentials, fd, path) && (len = read(fd, text, FILE_MAX)) < 0)
		fail(credentials, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (len < 0) {
		free(text);
		return NULL;
	}
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	return text;
}

/* Given: the variable's value, or the content of the file that NAME_FILE names; NULL if there is neither. */
static bool
read_variable(struct credentials *credentials, const char *name, char **ret)
{
	const char *value = getenv(name);
	char file_name[64];

	*ret = NULL;
	if (value && *value) {
		*ret = strdup(value);
		return *ret != NULL;
	}
	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	value = getenv(file_name);
	if (!value || !*value)
		return true;
	*ret = read_secret_file(credentials, value);
	return *ret != NULL;
}

/* ---- kinds ------------------------------------------------------------------------------- */

/* Given: the first of two members that is a string; the SDKs do not agree on names. */
static char *
oauth_member(struct str document, struct str name, struct str other_name)
{
	struct str value = json_member(document, name);
	struct buf text;

	if (!value.at)
		value = json_member(document, other_name);
	buf_init(&text, FILE_MAX);
	if (!value.at || !json_unquote(value, &text) ||
		memchr(buf_text(&text).at ? text.data : "", 0, text.len)) {
		buf_fini(&text);
		return NULL;
	}
	return buf_take(&text, NULL);
}

static bool
read_oauth_file(struct credentials *ret, const char *path)
{
	char *text = read_secret_file(ret, path);
	struct str document = str_of(text);

	if (!text)
		return false;
	if (json_valid(document.at, document.len, NULL)) {
		ret->client_id = oauth_member(document, STR("client_id"), STR("clientId"));
		ret->secret = oauth_member(document, STR("client_secret"), STR("clientSecret"));
	}
	credentials_wipe(text);
	return (ret->client_id && ret->secret) ||
		fail(ret, path, "not a JSON object with client_id and client_secret");
}

static bool
read_oauth(struct credentials *ret)
{
	const char *path = getenv("CSPARK_OAUTH_PATH");

	if (!read_variable(ret, "CSPARK_CLIENT_ID", &ret->client_id) ||
		!read_variable(ret, "CSPARK_CLIENT_SECRET", &ret->secret))
		return false;
	if (ret->client_id && ret->secret)
		return true;
	credentials_wipe(ret->client_id);
	credentials_wipe(ret->secret);
	ret->client_id = ret->secret = NULL;
	return !path || !*path || read_oauth_file(ret, path);
}

/* An API key or token; the word "open" in place of either means that none is sent. */
static bool
read_single(struct credentials *ret, const char *name, enum cspark_auth_kind kind)
{
	if (!read_variable(ret, name, &ret->secret))
		return false;
	if (ret->secret)
		ret->value.kind = strcmp(ret->secret, "open") == 0 ? CSPARK_AUTH_OPEN : kind;
	return true;
}

static bool
read_any(struct credentials *ret)
{
	if (!read_oauth(ret))
		return false;
	if (ret->secret) {
		ret->value.kind = CSPARK_AUTH_OAUTH;
		return true;
	}
	if (!read_single(ret, "CSPARK_API_KEY", CSPARK_AUTH_API_KEY))
		return false;
	return ret->secret || read_single(ret, "CSPARK_BEARER_TOKEN", CSPARK_AUTH_BEARER);
}

/* The strings are there, or <why> is. */
static bool
finish(struct credentials *credentials, bool ok)
{
	if (!ok) {
		credentials_wipe(credentials->client_id);
		credentials_wipe(credentials->secret);
		credentials->client_id = credentials->secret = NULL;
	}
	credentials->value.secret = credentials->secret;
	credentials->value.client_id = credentials->client_id;
	return ok;
}

bool
credentials_look(struct credentials *ret, bool may_be_none)
{
	bool ok;

	memset(ret, 0, sizeof(*ret));
	ret->value.kind = CSPARK_AUTH_OPEN;
	ok = read_any(ret);
	if (ok && !ret->secret && !may_be_none)
		ok = fail(ret, "no credentials",
			"set CSPARK_CLIENT_ID and CSPARK_CLIENT_SECRET, CSPARK_OAUTH_PATH, CSPARK_API_KEY "
			"or CSPARK_BEARER_TOKEN");
	return finish(ret, ok);
}

bool
credentials_read(struct credentials *ret, bool may_be_none)
{
	bool ok = credentials_look(ret, may_be_none);

	if (!ok)
		fprintf(stderr, "csparkctl: %s\n", ret->why);
	return ok;
}

bool
credentials_take(struct credentials *ret, const struct credentials_source *source)
{
	const char *value = source->variable ? getenv(source->variable) : NULL;
	bool ok = true;

	memset(ret, 0, sizeof(*ret));
	ret->value.kind = source->kind;
	if (source->oauth_file)
		return finish(ret, read_oauth_file(ret, source->oauth_file));
	if (source->client_id)
		ret->client_id = strdup(source->client_id);
	if (source->file)
		ok = (ret->secret = read_secret_file(ret, source->file)) != NULL;
	else if (value)
		ret->secret = strdup(value);
	return finish(ret, ok);
}

void
credentials_fini(struct credentials *credentials)
{
	credentials_wipe(credentials->client_id);
	credentials_wipe(credentials->secret);
	memset(credentials, 0, sizeof(*credentials));
}

char *
credentials_badge(void)
{
	struct credentials unused = { .why = "no memory" };
	char *badge;

	if (read_variable(&unused, "CSPARK_CALLER_TOKEN", &badge))
		return badge;
	fprintf(stderr, "csparkctl: %s\n", unused.why);
	return NULL;
}
