/* The words of a command: parts of the path, parameters, a file. */
#include "base/json.h"
#include "tools/call.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/suggest.h"
#include "tools/upload.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

static struct str
text_of(struct cspark_bytes bytes)
{
	return str_range(bytes.at, bytes.len);
}

static struct cspark_bytes
bytes_of(struct str text)
{
	return (struct cspark_bytes){ text.at, text.len };
}

static struct str
bare(struct str name)
{
	return name.len > 0 && name.at[0] == '_' ? str_range(name.at + 1, name.len - 1) : name;
}

static struct str
find_argument(const struct call *call, struct str name)
{
	for (size_t i = 0; i < call->argument_count; i++) {
		if (str_eq(bare(text_of(call->arguments[i].name)), bare(name)))
			return text_of(call->arguments[i].value);
	}
	return (struct str){ 0 };
}

struct cspark_bytes
call_argument(const struct call *call, const char *name)
{
	return bytes_of(find_argument(call, str_of(name)));
}

static bool
keep(struct call *call, struct str name, struct str value)
{
	if (!str_is_utf8(name) || !str_is_utf8(value) || str_has_control(value))
		return !usage_error("%.*s takes UTF-8 text without control characters.", STR_ARG(name));
	if (find_argument(call, name).at)
		return !usage_error("%.*s is given twice.", STR_ARG(name));
	if (call->argument_count == CALL_ARGUMENTS_MAX)
		return !usage_error("there are too many arguments.");
	if (value.len == 0)
		value = STR(""); /* absent is another thing than empty */
	call->arguments[call->argument_count++] = (struct cspark_argument){ bytes_of(name), bytes_of(value) };
	return true;
}

/* ---- parts of the path ------------------------------------------------------------------- */

static bool
has_locator(const struct call *call)
{
	return find_argument(call, STR("folder")).at || find_argument(call, STR("service_id")).at ||
		find_argument(call, STR("version_id")).at;
}

/* Whether the part called <name> has been given. */
static bool
is_filled(const struct call *call, struct str name)
{
	return str_eq(name, STR("locator")) ? has_locator(call) : find_argument(call, name).at != NULL;
}

/* The first part of the path that is not given, and the one behind it. */
static bool
find_open_part(const struct call *call, struct str *ret_name, struct str *ret_next)
{
	const char *path = call->info->local_path;
	struct str name;

	while (catalog_next_part(&path, &name)) {
		if (is_filled(call, name))
			continue;
		*ret_name = name;
		if (!catalog_next_part(&path, ret_next))
			*ret_next = (struct str){ 0 };
		return true;
	}
	return false;
}

/* A word of the SDKs' kind: folder/service, service/ID, version/ID. */
static bool
fill_locator(struct call *call, const char *word, bool takes_ids)
{
	struct cspark_locator *locator = &call->locator;
	struct cspark_error error;

	if (!cspark_locator_parse((struct cspark_bytes){ word, strlen(word) }, locator, &error))
		return !usage_error("%s", error.detail);
	if (locator->version[0])
		return !usage_error("this command takes no version in brackets; see its parameters.");
	if (locator->kind == CSPARK_FOLDER_SERVICE)
		return keep(call, STR("folder"), str_of(locator->folder)) &&
			keep(call, STR("service"), str_of(locator->service));
	if (!takes_ids || locator->kind == CSPARK_PROXY)
		return !usage_error("this command takes %s, not \"%s\".",
			takes_ids ? "folder/service, service/ID or version/ID" : "folder/service", word);
	return keep(call, locator->kind == CSPARK_SERVICE_ID ? STR("service_id") : STR("version_id"),
		str_of(locator->service));
}

static bool
fill_part(struct call *call, struct str name, struct str next, const char *word)
{
	struct str rest, first = str_cut(str_of(word), '/', &rest);

	if (str_eq(name, STR("locator")))
		return fill_locator(call, word, true);
	if (str_eq(name, STR("folder")) && str_eq(next, STR("service")) && rest.at)
		return fill_locator(call, word, false);
	if (str_eq(name, STR("folder")) && next.at && rest.at)
		return keep(call, name, first) && keep(call, next, rest);
	return keep(call, name, str_of(word));
}

/* ---- parameters -------------------------------------------------------------------------- */

static bool
is_choice(const char *choices, struct str value)
{
	struct str one, rest = str_of(choices);

	while (rest.at) {
		one = str_cut(rest, ' ', &rest);
		if (str_eq(one, value))
			return true;
	}
	return value.len == 0;
}

static bool
is_integer(struct str text)
{
	uint64_t number;

	if (text.len > 1 && text.at[0] == '-')
		text = str_range(text.at + 1, text.len - 1);
	return str_to_u64(text, INT32_MAX, &number);
}

static bool
check_value(const struct cspark_parameter *parameter, struct str value)
{
	const char *name = catalog_parameter_name(parameter);

	if (parameter->choices && !is_choice(parameter->choices, value))
		return !usage_error("%s is one of: %s.", name, parameter->choices);
	if (parameter->kind == CSPARK_INTEGER && !is_integer(value))
		return !usage_error("%s takes a whole number.", name);
	if (parameter->kind == CSPARK_FLAG && !is_choice("true false", value))
		return !usage_error("%s is true or false.", name);
	if (parameter->kind == CSPARK_JSON && !json_valid(value.at, value.len, NULL))
		return !usage_error("%s takes a JSON text.", name);
	return true;
}

static bool
is_path_part(const struct call *call, struct str name)
{
	const char *path = call->info->local_path;
	struct str part;

	while (catalog_next_part(&path, &part)) {
		if (str_eq(part, name))
			return true;
	}
	return false;
}

static bool
refuse_name(const struct call *call, struct str name)
{
	struct suggestion suggestion;
	struct buf command;

	suggest_start(&suggestion, bare(name));
	for (const struct cspark_parameter *p = call->info->parameters; p->wire; p++) {
		if (p->name)
			suggest_offer(&suggestion, str_of(catalog_parameter_name(p)));
	}
	buf_init(&command, 256);
	catalog_put_name(call->operation, &command);
	if (suggestion.best.at)
		usage_error("%.*s has no parameter \"%.*s\"; is \"%.*s\" meant?", STR_ARG(buf_text(&command)),
			STR_ARG(name), STR_ARG(suggestion.best));
	else
		usage_error("%.*s has no parameter \"%.*s\"; \"csparkctl help %.*s\" lists them.",
			STR_ARG(buf_text(&command)), STR_ARG(name), STR_ARG(buf_text(&command)));
	buf_fini(&command);
	return false;
}

static bool
take_parameter(struct call *call, struct str name, struct str value)
{
	const struct cspark_parameter *parameter = cspark_parameter_find(call->operation, bytes_of(name));

	if (is_path_part(call, name) && (!parameter || strcmp(parameter->name, "*") == 0))
		return keep(call, name, value);
	if (!parameter)
		return refuse_name(call, name);
	/* Under the name that the table has, but a filter under its own. */
	if (parameter->name[0] != '*')
		name = str_of(parameter->name);
	return check_value(parameter, value) && keep(call, name, value);
}

/* "name=value", unless what stands before the "=" is no name. */
static bool
has_name(const char *word)
{
	size_t len = 0;

	while (isalnum((unsigned char)word[len]) || (word[len] && strchr("_.-", word[len])))
		len++;
	return len > 0 && word[len] == '=';
}

/* ---- words ------------------------------------------------------------------------------- */

static bool
take_word(struct call *call, const char *word)
{
	struct str value, name, next;

	if (has_name(word)) {
		name = str_cut(str_of(word), '=', &value);
		return take_parameter(call, name, value);
	}
	if (find_open_part(call, &name, &next))
		return fill_part(call, name, next, word);
	if (call->info->body == CSPARK_BODY_PARTS && !call->body) {
		call->body = word;
		return true;
	}
	return !usage_error(
		"there is nothing that \"%s\" could be; parameters are given as name=value.", word);
}

bool
call_take_words(struct call *call, char *const *words)
{
	for (; *words; words++) {
		if (!take_word(call, *words))
			return false;
	}
	return true;
}

static bool
refuse_incomplete(const struct call *call, const char *what)
{
	struct buf usage;

	buf_init(&usage, 1024);
	catalog_put_name(call->operation, &usage);
	catalog_put_arguments(call->operation, &usage);
	usage_error("%s: csparkctl %.*s.", what, STR_ARG(buf_text(&usage)));
	buf_fini(&usage);
	return false;
}

static bool
check_required(const struct call *call)
{
	for (const struct cspark_parameter *p = call->info->parameters; p->wire; p++) {
		if (p->required && !call->body && !find_argument(call, str_of(p->name)).at)
			return !usage_error("%s=... is missing: %s.", catalog_parameter_name(p), p->help);
	}
	return true;
}

/* What the file's own name says, unless the caller does. */
static bool
take_file_name(struct call *call)
{
	struct str name = str_of(call->body ? upload_base_name(call->body) : NULL);

	if (call->info->body != CSPARK_BODY_PARTS || !name.len || str_eq(name, STR("-")))
		return true;
	for (const struct cspark_parameter *p = call->info->parameters; p->wire; p++) {
		if (!p->name || find_argument(call, str_of(p->name)).at)
			continue;
		if (strcmp(p->wire, "@filename") == 0)
			return keep(call, str_of(p->name), name);
		if (strcmp(p->wire, "@name") == 0 && str_ends(name, STR("_transform.json")))
			return keep(call, str_of(p->name),
				str_range(name.at, name.len - strlen("_transform.json")));
	}
	return true;
}

bool
call_check(struct call *call)
{
	struct str name, next;

	if (find_open_part(call, &name, &next))
		return refuse_incomplete(call, "something is missing");
	if (call->body && !catalog_takes_body(call->operation))
		return !usage_error("this command sends no body.");
	if (!call->body && catalog_needs_body(call->operation)) {
		if (isatty(STDIN_FILENO))
			return refuse_incomplete(call, "what is to be sent is missing");
		call->body = "-";
	}
	return check_required(call) && take_file_name(call);
}

/* ---- the target -------------------------------------------------------------------------- */

static void
put_locator(const struct call *call, struct buf *out)
{
	struct str service = find_argument(call, STR("service_id"));
	struct str version = find_argument(call, STR("version_id"));

	if (service.at || version.at) {
		buf_put_str(out, service.at ? STR("service/") : STR("version/"));
		str_percent_encode(service.at ? service : version, out);
		return;
	}
	buf_put_str(out, STR("services/"));
	str_percent_encode(find_argument(call, STR("folder")), out);
	buf_put_char(out, '/');
	str_percent_encode(find_argument(call, STR("service")), out);
}

static void
put_path(const struct call *call, struct buf *out)
{
	struct str name, rest = str_of(call->info->local_path);

	while (rest.at) {
		buf_put_str(out, str_cut(rest, '{', &rest));
		if (!rest.at)
			break;
		name = str_cut(rest, '}', &rest);
		if (str_eq(name, STR("locator")))
			put_locator(call, out);
		else
			str_percent_encode(find_argument(call, name), out);
	}
}

static void
put_query(struct buf *out, struct str name, struct str value)
{
	if (!value.at)
		return;
	buf_put_char(out, str_find(buf_text(out), '?') < 0 ? '?' : '&');
	str_percent_encode(name, out);
	buf_put_char(out, '=');
	str_percent_encode(value, out);
}

/* The parts of a locator are the path's, whatever they are called there. */
static bool
is_of_path(const struct call *call, struct str name)
{
	bool is_id = str_eq(name, STR("service_id")) || str_eq(name, STR("version_id"));

	if (is_path_part(call, STR("locator")))
		return is_id || str_eq(name, STR("folder")) || str_eq(name, STR("service"));
	return is_path_part(call, name);
}

void
call_put_target(const struct call *call, struct buf *out)
{
	char timeout[24];

	if (call->target) {
		buf_put_str(out, str_of(call->target));
		return;
	}
	put_path(call, out);
	for (size_t i = 0; i < call->argument_count; i++) {
		struct str name = text_of(call->arguments[i].name);

		if (!is_of_path(call, name))
			put_query(out, name, text_of(call->arguments[i].value));
	}
	put_query(out, STR("_tenant"), str_of(call->tenant));
	put_query(out, STR("_shape"), str_of(call->shape));
	put_query(out, STR("_public"), str_of(call->is_public ? "true" : NULL));
	snprintf(timeout, sizeof(timeout), "%ld", call->timeout_ms);
	put_query(out, STR("_timeout"), str_of(call->timeout_ms ? timeout : NULL));
}

void
call_put_file_name(const struct call *call, struct buf *out)
{
	const char *path = call->info->local_path;
	struct str name, value = { 0 };

	while (catalog_next_part(&path, &name)) {
		if (!str_eq(name, STR("locator")))
			value = find_argument(call, name);
		else if (has_locator(call))
			value = str_of(call->locator.service);
	}
	buf_put_str(out, value.len ? value : str_cut(str_of(call->info->name), '.', &value));
}
