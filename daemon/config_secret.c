#include "daemon/config_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_text.h"
#include "base/secret.h"
#include "daemon/config_slurp.h"

enum { SECRET_MAX_BYTES = 65536 };

/* ---- files ---- */

/* Reads a file that holds secrets. False: <ret_error> says why, with the path. */
static bool
slurp_private(const char *path, struct config_slurp *ret, struct cspark_error *ret_error)
{
	const char *wrong = config_slurp(path, SECRET_MAX_BYTES, ret);

	if (!wrong && (ret->mode & S_IRWXO) != 0) {
		wrong = "can be read by others; chmod o-rwx it, and change the secret if it was so for long";
		config_slurp_fini(ret);
	}
	if (!wrong)
		return true;
	ret_error->code = CSPARK_E_INTERNAL;
	snprintf(ret_error->detail, sizeof(ret_error->detail), "%.100s: %s", path, wrong);
	return false;
}

static bool
fail(struct cspark_error *error, const char *path, const char *what)
{
	error->code = CSPARK_E_INTERNAL;
	snprintf(error->detail, sizeof(error->detail), "%.100s: %s", path, what);
	return false;
}

/* The text of a secret, without the line break that editors add. */
static bool
read_plain(const char *path, char **ret_text, struct cspark_error *ret_error)
{
	struct config_slurp file;
	const char *wrong = NULL;

	if (!slurp_private(path, &file, ret_error))
		return false;
	while (file.len > 0 && (file.text[file.len - 1] == '\n' || file.text[file.len - 1] == '\r'))
		file.text[--file.len] = '\0';
	if (file.len == 0)
		wrong = "is empty";
	else if (str_has_control(str_range(file.text, file.len)))
		wrong = "has control characters within the secret";
	else
		*ret_text = secret_copy(str_range(file.text, file.len));
	config_slurp_fini(&file);
	return wrong ? fail(ret_error, path, wrong) : *ret_text != NULL;
}

/* The text of a string member called either name; NULL if there is none, or it is empty or odd. */
static char *
member_text(struct str object, struct str name, struct str other_name)
{
	struct str raw = json_member(object, name);
	struct buf text;
	char *taken = NULL;

	if (!raw.at)
		raw = json_member(object, other_name);
	buf_init(&text, SECRET_MAX_BYTES);
	if (raw.at && buf_reserve(&text, raw.len) && json_unquote(raw, &text) && text.len > 0 &&
		!str_has_control(buf_text(&text)))
		taken = secret_copy(buf_text(&text));
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_fini(&text);
	return taken;
}

static bool
read_oauth(const char *path, struct config_secret *ret, struct cspark_error *ret_error)
{
	struct config_slurp file;
	struct str json;
	const char *wrong = NULL;

	if (!slurp_private(path, &file, ret_error))
		return false;
	json = str_range(file.text, file.len);
	if (!json_valid(file.text, file.len, NULL) || json_kind_of(json) != JSON_OBJECT) {
		wrong = "is no JSON object";
	} else {
		ret->client_id = member_text(json, STR("client_id"), STR("clientId"));
		ret->text = member_text(json, STR("client_secret"), STR("clientSecret"));
		if (!ret->client_id || !ret->text)
			wrong = "has no \"client_id\" and \"client_secret\" (or \"clientId\" and "
				"\"clientSecret\") that are texts";
	}
	config_slurp_fini(&file);
	if (!wrong)
		return true;
	config_secret_fini(ret);
	return fail(ret_error, path, wrong);
}

void
config_secret_fini(struct config_secret *secret)
{
	secret_free(secret->client_id);
	secret_free(secret->text);
	*secret = (struct config_secret){ NULL, NULL };
}

bool
config_read_secret(
	const struct config_tenant *tenant, struct config_secret *ret, struct cspark_error *ret_error)
{
	const char *oauth_file = tenant->auth.oauth_file;

	*ret = (struct config_secret){ NULL, NULL };
	*ret_error = (struct cspark_error){ .code = CSPARK_OK };
	if (!tenant->secret_file)
		return fail(ret_error, tenant->name, "its secret is in no file");
	if (oauth_file && strcmp(tenant->secret_file, oauth_file) == 0)
		return read_oauth(oauth_file, ret, ret_error);
	if (!read_plain(tenant->secret_file, &ret->text, ret_error))
		return false;
	if (tenant->secret.client_id)
		ret->client_id = secret_copy(str_of(tenant->secret.client_id));
	return true;
}

char *
config_read_caller_token(const struct config_listener *listener, struct cspark_error *ret_error)
{
	char *token = NULL;

	*ret_error = (struct cspark_error){ .code = CSPARK_OK };
	if (!read_plain(listener->caller_token_file, &token, ret_error))
		return NULL;
	if (strchr(token, ' ')) {
		fail(ret_error, listener->caller_token_file, "has blanks within the token");
		secret_free(token);
		return NULL;
	}
	return token;
}

/* ---- the choice ---- */

/* One way to prove who we are: a secret, in the configuration or in a file; OAuth has more. */
struct method {
	enum cspark_auth_kind kind;
	const char *name;
	enum config_key_id plain, file;
};

/* In the order in which they win. */
static const struct method methods[] = {
	{ CSPARK_AUTH_OAUTH, "OAuth", CONFIG_KEY_AUTH_client_secret, CONFIG_KEY_AUTH_client_secret_file },
	{ CSPARK_AUTH_API_KEY, "the API key", CONFIG_KEY_AUTH_api_key, CONFIG_KEY_AUTH_api_key_file },
	{ CSPARK_AUTH_BEARER, "the bearer token", CONFIG_KEY_AUTH_token, CONFIG_KEY_AUTH_token_file },
};
enum { METHODS = sizeof(methods) / sizeof(*methods) };

static bool
is_from_variable(const struct config_part *part, enum config_key_id id)
{
	return config_part_has(part, id) && part->origins[id].line == 0;
}

static bool
has_key(const struct config_part *part, enum config_key_id id, bool only_variables)
{
	return only_variables ? is_from_variable(part, id) : config_part_has(part, id);
}

static bool
has_method(const struct config_part *part, const struct method *method, bool only_variables)
{
	if (has_key(part, method->plain, only_variables) || has_key(part, method->file, only_variables))
		return true;
	return method->kind == CSPARK_AUTH_OAUTH &&
		(has_key(part, CONFIG_KEY_AUTH_client_id, only_variables) ||
			has_key(part, CONFIG_KEY_AUTH_oauth_file, only_variables));
}

/* What the environment names wins over what only the file names; then the order of the table. */
static const struct method *
choose(const struct config_part *part)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < METHODS; i++)
			if (has_method(part, &methods[i], pass == 0))
				return &methods[i];
	return NULL;
}

static void
warn_unused(struct config_draft *draft, const struct config_part *part, const struct method *chosen)
{
	for (size_t i = 0; i < METHODS; i++)
		if (&methods[i] != chosen && has_method(part, &methods[i], false))
			config_report_warning(draft->report, part->origin, "%s is not used: %s wins",
				methods[i].name, chosen->name);
	if (((struct config_tenant *)part->base)->auth.open)
		config_report_warning(draft->report, config_part_origin(part, CONFIG_KEY_AUTH_open),
			"auth.open has no effect: %s is used", chosen->name);
}

/* ---- the secret of the chosen method ---- */

static char *
plain_field(const struct config_part *part, enum config_key_id id)
{
	return *(char **)((char *)part->base + config_key(id)->offset);
}

static void
take_plain(struct config_draft *draft, struct config_part *part, const struct method *method)
{
	struct config_tenant *tenant = part->base;
	struct config_origin origin = part->origins[method->plain];
	const char *name = config_key(method->plain)->name;

	if (origin.line && (draft->file_mode & S_IRWXO) != 0)
		config_report_error(draft->report, origin,
			"auth.%s: the file holds a secret and can be read by others; chmod o-rwx it, or use "
			"auth.%s_file",
			name, name);
	else if (origin.line)
		config_report_warning(draft->report, origin,
			"auth.%s holds a secret; a file of its own (auth.%s_file) is safer", name, name);
	tenant->secret.text = secret_copy(str_of(plain_field(part, method->plain)));
}

static void
take_file(struct config_draft *draft, struct config_part *part, enum config_key_id file)
{
	struct config_tenant *tenant = part->base;
	const char *path = plain_field(part, file);
	struct cspark_error error;
	bool ok = file == CONFIG_KEY_AUTH_oauth_file ? read_oauth(path, &tenant->secret, &error)
						     : read_plain(path, &tenant->secret.text, &error);

	if (ok)
		tenant->secret_file = strdup(path);
	else
		config_report_error(draft->report, part->origins[file], "auth.%s: %s", config_key(file)->name,
			error.detail);
}

/* From the text or the file, whichever is given; the environment decides if both are. */
static void
take_secret(struct config_draft *draft, struct config_part *part, const struct method *method)
{
	bool has_plain = config_part_has(part, method->plain);
	bool has_file = config_part_has(part, method->file);

	if (has_plain && has_file &&
		is_from_variable(part, method->plain) == is_from_variable(part, method->file))
		config_report_error(draft->report, part->origins[method->file],
			"auth.%s and auth.%s exclude each other", config_key(method->plain)->name,
			config_key(method->file)->name);
	else if (has_plain && (!has_file || is_from_variable(part, method->plain)))
		take_plain(draft, part, method);
	else
		take_file(draft, part, method->file);
}

static void
take_oauth(struct config_draft *draft, struct config_part *part, const struct method *method)
{
	struct config_tenant *tenant = part->base;
	enum config_key_id id = CONFIG_KEY_AUTH_client_id, file = CONFIG_KEY_AUTH_oauth_file;
	bool has_secret = config_part_has(part, method->plain) || config_part_has(part, method->file);
	bool has_pair = has_secret && config_part_has(part, id);
	bool pair_from_variables = is_from_variable(part, id) || is_from_variable(part, method->plain) ||
		is_from_variable(part, method->file);

	if (config_part_has(part, file) &&
		(!has_pair || (is_from_variable(part, file) && !pair_from_variables))) {
		take_file(draft, part, file);
		return;
	}
	if (has_pair) {
		tenant->secret.client_id = secret_copy(str_of(tenant->auth.client_id));
		take_secret(draft, part, method);
		return;
	}
	if (has_secret)
		config_report_error(draft->report, part->origin,
			"auth: a client secret without auth.client_id (CSPARK_CLIENT_ID)");
	else
		config_report_error(draft->report, config_part_origin(part, id),
			"auth.client_id needs auth.client_secret_file (or CSPARK_CLIENT_SECRET)");
}

/* The official SDKs take the word "open" in place of a key or a token for no credentials. */
static bool
is_open_word(const struct config_tenant *tenant, const struct method *method)
{
	return method->kind != CSPARK_AUTH_OAUTH && tenant->secret.text &&
		strcmp(tenant->secret.text, "open") == 0;
}

void
config_secret_resolve(struct config_draft *draft, struct config_part *part)
{
	struct config_tenant *tenant = part->base;
	const struct method *method = choose(part);

	tenant->credentials = (struct cspark_credentials){ .kind = CSPARK_AUTH_OPEN };
	if (!method) {
		if (!tenant->auth.open)
			config_report_error(draft->report, part->origin,
				"tenant \"%s\" has no credentials: give auth.client_id and "
				"auth.client_secret_file, auth.oauth_file, "
				"auth.api_key_file or auth.token_file, or auth.open = true",
				tenant->name);
		return;
	}
	warn_unused(draft, part, method);
	if (method->kind == CSPARK_AUTH_OAUTH)
		take_oauth(draft, part, method);
	else
		take_secret(draft, part, method);
	if (is_open_word(tenant, method))
		config_secret_fini(&tenant->secret);
	else
		tenant->credentials = (struct cspark_credentials){ method->kind, tenant->secret.text,
			tenant->secret.client_id };
}
