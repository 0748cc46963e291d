/*
 * What csparkd is set up to do, as far as somebody outside needs it: from what "csparkd --check" prints, from
 * the variables of the environment, or from a running daemon's /status. Texts as they are written; NULL: not
 * said.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_LISTENERS 16
#define SETTINGS_TENANTS   64
#define SETTINGS_HIDDEN    "***" /* what stands in the place of a secret */

struct settings_listener {
	char *address;
	char *caller_token_file;
	char *tls_cert; /* NULL: it speaks plain HTTP */
};

struct settings_tenant {
	char *name;
	char *base_url;
	char *token_url;
	char *ca_file;
	char *proxy;
	char *kind;
	char *plaintext;
	char *connect_timeout_ms;
	/* auth */
	char *client_id;
	char *client_secret;
	char *client_secret_file;
	char *oauth_file;
	char *api_key;
	char *api_key_file;
	char *token;
	char *token_file;
	char *open;
};

struct settings {
	char *state_dir;
	char *max_connections;
	char *max_in_flight;
	struct settings_listener listeners[SETTINGS_LISTENERS];
	size_t listener_count;
	struct settings_tenant tenants[SETTINGS_TENANTS];
	size_t tenant_count;
	bool tells_credentials;
};

/* <text>: of "csparkd --check". */
void settings_read_check(struct settings *settings, struct str text);
/* One tenant, if there is a CSPARK_BASE_URL. */
void settings_read_environment(struct settings *settings);
/* <text>: valid JSON. Names and addresses of tenants. */
void settings_read_status(struct settings *settings, struct str text);
void settings_fini(struct settings *settings);
