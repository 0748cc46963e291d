#include "tools/settings.h"

#include "base/buf.h"
#include "base/json_text.h"

#include <stdlib.h>

#define TEXT_MAX 65536

#define ROW(place, key)                                         \
	{                                                       \
		"/" place, #key, offsetof(struct settings, key) \
	}
#define LISTENER(place, key, field)                                                  \
	{                                                                            \
		"/listeners/" place, #key, offsetof(struct settings_listener, field) \
	}
#define TENANT(place, key)                                                     \
	{                                                                      \
		"/tenants/" place, #key, offsetof(struct settings_tenant, key) \
	}

struct row {
	const char *place; /* the groups around it; "" for an element of a list */
	const char *key;
	size_t offset;
};

static const struct row ROWS[] = {
	{ "", "state_dir", offsetof(struct settings, state_dir) },
	ROW("limits", max_connections),
	ROW("limits", max_in_flight),
	{ 0 },
};

static const struct row LISTENER_ROWS[] = {
	LISTENER("", address, address),
	LISTENER("", caller_token_file, caller_token_file),
	LISTENER("/tls", cert, tls_cert),
	{ 0 },
};

static const struct row TENANT_ROWS[] = {
	TENANT("", name),
	TENANT("", base_url),
	TENANT("", token_url),
	TENANT("", ca_file),
	TENANT("", proxy),
	TENANT("", kind),
	TENANT("", plaintext),
	TENANT("", connect_timeout_ms),
	TENANT("/auth", client_id),
	TENANT("/auth", client_secret),
	TENANT("/auth", client_secret_file),
	TENANT("/auth", oauth_file),
	TENANT("/auth", api_key),
	TENANT("/auth", api_key_file),
	TENANT("/auth", token),
	TENANT("/auth", token_file),
	TENANT("/auth", open),
	{ 0 },
};

static char *
copy(struct str text)
{
	return strndup(text.at ? text.at : "", text.len);
}

static struct settings_tenant *
add_tenant(struct settings *settings)
{
	if (settings->tenant_count < SETTINGS_TENANTS)
		settings->tenant_count++;
	return &settings->tenants[settings->tenant_count - 1];
}

static void
add_listener(struct settings *settings)
{
	if (settings->listener_count < SETTINGS_LISTENERS)
		settings->listener_count++;
}

/* ---- what "csparkd --check" prints ------------------------------------------------------- */

/* One thing is on a line: "NAME = (", "NAME = {", "{" open, ")", "}" close, the rest is "KEY = VALUE;". */
struct reader {
	struct settings *settings;
	char place[256];
};

/* "" for an element of a list. */
static struct str
group_name(struct str line)
{
	struct str rest;

	return str_trim(str_cut(str_range(line.at, line.len - 1), '=', &rest));
}

static void
open_group(struct reader *reader, struct str name)
{
	size_t len = strlen(reader->place);

	if (len + 1 + name.len < sizeof(reader->place)) {
		reader->place[len] = '/';
		memcpy(reader->place + len + 1, name.at, name.len);
		reader->place[len + 1 + name.len] = '\0';
	}
	if (strcmp(reader->place, "/listeners/") == 0)
		add_listener(reader->settings);
	if (strcmp(reader->place, "/tenants/") == 0)
		add_tenant(reader->settings);
}

static void
close_group(struct reader *reader)
{
	char *slash = strrchr(reader->place, '/');

	if (slash)
		*slash = '\0';
}

/* Given: what a value means. */
static char *
value_text(struct str value)
{
	struct buf text;

	if (!str_starts(value, STR("\"")))
		return copy(value);
	buf_init(&text, TEXT_MAX);
	json_unquote(value, &text);
	return buf_take(&text, NULL);
}

/* Some last no longer than the check. */
static void
follow_links(char **path)
{
	char *real = *path ? realpath(*path, NULL) : NULL;

	if (!real)
		return;
	free(*path);
	*path = real;
}

static void
keep(const struct reader *reader, const struct row *rows, void *base, struct str key, struct str value)
{
	for (const struct row *row = rows; row->key; row++) {
		char **field = (char **)((char *)base + row->offset);

		if (*field || !str_eq(key, str_of(row->key)) || strcmp(reader->place, row->place) != 0)
			continue;
		*field = value_text(value);
		if (str_ends(key, STR("_file")))
			follow_links(field);
	}
}

static void
read_value(struct reader *reader, struct str line)
{
	struct settings *settings = reader->settings;
	struct str value, key = str_trim(str_cut(line, '=', &value));

	value = str_trim(value);
	if (str_ends(value, STR(";")))
		value.len--;
	keep(reader, ROWS, settings, key, value);
	if (settings->listener_count)
		keep(reader, LISTENER_ROWS, &settings->listeners[settings->listener_count - 1], key, value);
	if (settings->tenant_count)
		keep(reader, TENANT_ROWS, &settings->tenants[settings->tenant_count - 1], key, value);
}

void
settings_read_check(struct settings *settings, struct str text)
{
	struct reader reader = { .settings = settings };

	settings->tells_credentials = true;
	while (text.len) {
		struct str line = str_trim(str_cut(text, '\n', &text));

		if (str_ends(line, STR("{")) || str_ends(line, STR("(")))
			open_group(&reader, group_name(line));
		else if (str_starts(line, STR("}")) || str_starts(line, STR(")")))
			close_group(&reader);
		else
			read_value(&reader, line);
	}
}

/* ---- other sources ----------------------------------------------------------------------- */

void
settings_read_environment(struct settings *settings)
{
	const char *base_url = getenv("CSPARK_BASE_URL");
	struct settings_tenant *tenant;

	if (!base_url || !*base_url)
		return;
	tenant = add_tenant(settings);
	tenant->name = strdup("default");
	tenant->base_url = strdup(base_url);
}

static char *
member(struct str object, const char *path)
{
	struct str value = json_path(object, path);

	return json_is_null(value) || json_kind_of(value) != JSON_STRING ? NULL : value_text(value);
}

void
settings_read_status(struct settings *settings, struct str text)
{
	struct json_walk walk;
	struct str one;

	json_walk_init(&walk, json_path(text, "tenants"));
	while (json_walk_next(&walk, NULL, &one)) {
		struct settings_tenant *tenant = add_tenant(settings);

		if (tenant->name)
			return;
		tenant->name = member(one, "name");
		tenant->base_url = member(one, "base_url");
	}
}

static void
free_rows(const struct row *rows, void *base)
{
	for (const struct row *row = rows; row->key; row++)
		free(*(char **)((char *)base + row->offset));
}

void
settings_fini(struct settings *settings)
{
	free_rows(ROWS, settings);
	for (size_t i = 0; i < settings->listener_count; i++)
		free_rows(LISTENER_ROWS, &settings->listeners[i]);
	for (size_t i = 0; i < settings->tenant_count; i++)
		free_rows(TENANT_ROWS, &settings->tenants[i]);
	*settings = (struct settings){ 0 };
}
