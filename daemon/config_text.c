#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_key.h"
#include "daemon/config_value.h"

/* ---- the effective configuration ---- */

static void
put_indent(struct buf *out, unsigned depth)
{
	while (depth-- > 0)
		buf_put_str(out, STR("  "));
}

static void
print_keys(enum config_section section, const void *base, unsigned depth, struct buf *out)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);
		struct buf value;

		if (key->section != section)
			continue;
		buf_init(&value, 1048576);
		if (config_value_put(key, base, &value)) {
			put_indent(out, depth);
			buf_printf(out, "%s = %.*s;\n", key->name, STR_ARG(buf_text(&value)));
		}
		buf_fini(&value);
	}
}

/* A group that says nothing is left out. */
static void
print_group(enum config_section section, const void *base, unsigned depth, struct buf *out)
{
	struct buf keys;

	buf_init(&keys, 1048576);
	print_keys(section, base, depth + 1, &keys);
	if (keys.len > 0) {
		put_indent(out, depth);
		buf_printf(out, "%s = {\n%.*s", config_place(section)->name, STR_ARG(buf_text(&keys)));
		put_indent(out, depth);
		buf_put_str(out, STR("};\n"));
	}
	buf_fini(&keys);
}

/* One element of a list of groups, with the groups inside it. */
static void
print_element(enum config_section section, const void *base, bool is_last, struct buf *out)
{
	buf_put_str(out, STR("  {\n"));
	print_keys(section, base, 2, out);
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		if (i != CONFIG_TOP && config_place(i)->parent == section)
			print_group(i, base, 2, out);
	buf_put_str(out, is_last ? STR("  }\n") : STR("  },\n"));
}

void
config_print(const struct config *config, struct buf *out)
{
	print_keys(CONFIG_TOP, config, 0, out);
	buf_put_str(out, STR("listeners = (\n"));
	for (size_t i = 0; i < config->listener_count; i++)
		print_element(CONFIG_LISTENER, &config->listeners[i], i + 1 == config->listener_count, out);
	buf_put_str(out, STR(");\ntenants = (\n"));
	for (size_t i = 0; i < config->tenant_count; i++)
		print_element(CONFIG_TENANT, &config->tenants[i], i + 1 == config->tenant_count, out);
	buf_put_str(out, STR(");\n"));
	print_group(CONFIG_LIMITS, config, 0, out);
	print_group(CONFIG_BULK, config, 0, out);
	print_group(CONFIG_LOG, config, 0, out);
}

/* ---- values as they are written ---- */

static void
put_words(const char *words, struct buf *out)
{
	struct str rest = str_of(words);
	const char *before = "[ ";

	while (rest.at) {
		struct str word = str_cut(rest, '|', &rest);

		buf_printf(out, "%s\"%.*s\"", before, STR_ARG(word));
		before = ", ";
	}
	buf_put_str(out, STR(" ]"));
}

static bool
is_quoted(const struct config_key *key, const char *text)
{
	switch (key->type) {
	case CONFIG_FLAG:
	case CONFIG_COUNT:
	case CONFIG_MS:
		return false;
	case CONFIG_SIZE:
		return !isdigit((unsigned char)text[strlen(text) - 1]);
	default:
		return true;
	}
}

/* The default, or an example where there is none: of words the first. */
static void
put_example(const struct config_key *key, struct buf *out)
{
	const char *text = key->text ? key->text : key->form;

	if (key->type == CONFIG_SET || key->type == CONFIG_TEXTS)
		put_words(text, out);
	else
		buf_printf(out, is_quoted(key, text) ? "\"%.*s\"" : "%.*s", (int)strcspn(text, "|"), text);
}

static void
put_default(const struct config_key *key, struct buf *out)
{
	if (key->type == CONFIG_TEXTS)
		buf_put_str(out, STR("[]"));
	else if (key->text)
		put_example(key, out);
	else
		buf_put_str(out, STR("not set"));
}

static const char *
type_name(enum config_type type)
{
	switch (type) {
	case CONFIG_TEXTS:
	case CONFIG_SET:
		return "list of texts";
	case CONFIG_FLAG:
		return "flag";
	case CONFIG_COUNT:
		return "number";
	case CONFIG_MS:
		return "milliseconds";
	case CONFIG_SIZE:
		return "number or size";
	default:
		return "text";
	}
}

/* ---- --help-config ---- */

static void
help_key(const struct config_key *key, struct buf *out)
{
	char path[96], range[160];

	config_key_path(key, path, sizeof(path));
	config_key_range(key, range, sizeof(range));
	buf_printf(out, "%s\n    %s\n    %s; default ", path, key->help, type_name(key->type));
	put_default(key, out);
	buf_printf(out, "; %s\n", range);
	if (key->variable)
		buf_printf(out, "    environment: %s\n", key->variable);
	if (!key->reloadable)
		buf_put_str(out, STR("    a change needs a restart\n"));
}

void
config_help(struct buf *out)
{
	for (int section = 0; section < CONFIG_SECTIONS; section++) {
		const struct config_place *place = config_place(section);

		if (place->name)
			buf_printf(out, "%s\n    %s\n", place->name, place->help);
		for (unsigned i = 0; i < CONFIG_KEYS; i++)
			if (config_key(i)->section == (enum config_section)section)
				help_key(config_key(i), out);
	}
}

/* ---- conf/csparkd.conf ---- */

static void
sample_keys(enum config_section section, unsigned depth, struct buf *out)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);

		if (key->section != section)
			continue;
		put_indent(out, depth);
		buf_printf(out, "# %s\n", key->help);
		put_indent(out, depth);
		buf_printf(out, "#%s = ", key->name);
		put_example(key, out);
		buf_put_str(out, STR(";\n"));
	}
}

static void
sample_section(enum config_section section, unsigned depth, struct buf *out)
{
	const struct config_place *place = config_place(section);
	const char *inner = place->is_list ? "  " : "";

	buf_put_char(out, '\n');
	put_indent(out, depth);
	buf_printf(out, "# %s\n", place->help);
	put_indent(out, depth);
	buf_printf(out, place->is_list ? "%s = (\n" : "%s = {\n", place->name);
	if (place->is_list)
		buf_printf(out, "%s{\n", inner);
	sample_keys(section, depth + (place->is_list ? 2 : 1), out);
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		if (i != CONFIG_TOP && config_place(i)->parent == section)
			sample_section(i, depth + 2, out);
	if (place->is_list)
		buf_printf(out, "%s}\n", inner);
	put_indent(out, depth);
	buf_put_str(out, place->is_list ? STR(");\n") : STR("};\n"));
}

void
config_sample(struct buf *out)
{
	buf_put_str(out,
		STR("# Configuration of csparkd; see csparkd.conf(5). Made from the table of keys.\n"
		    "# Lines with one \"#\" in front of a key show its default, or an example.\n"
		    "# CSPARK_BASE_URL and its kind in the environment win over what is said here.\n\n"));
	sample_keys(CONFIG_TOP, 0, out);
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		if (i != CONFIG_TOP && config_place(i)->parent == CONFIG_TOP)
			sample_section(i, 0, out);
}

/* ---- docs/csparkd.conf.5 ---- */

static const char manual_head[] =
	".\\\" Made from the table of keys: change daemon/config.def, then run \"make generate\".\n"
	".TH CSPARKD.CONF 5 \"\" csparkd \"File formats\"\n"
	".SH NAME\n"
	"csparkd.conf \\- configuration of csparkd\n"
	".SH DESCRIPTION\n"
	"The file has the syntax of libconfig:\n"
	".IR key \" = \" value ;\n"
	"with texts in quotes, numbers, true and false, groups in { }, lists of texts in [ ] and lists of "
	"groups in ( ).\n"
	"Comments begin with # or //, or stand between /* and */.\n"
	"Files cannot be included.\n"
	".PP\n"
	"What the command line says wins over the environment, the environment over the file, the file over "
	"the default.\n"
	"Variables of the environment apply to the first tenant; one that is empty counts as not set.\n"
	"All problems of a configuration are reported at once, and csparkd does not start with any.\n"
	"Sizes are numbers of bytes, or texts such as \"64K\", \"64M\", \"1G\" (powers of 1024).\n"
	"Keys that end in _ms are milliseconds.\n"
	"On SIGHUP the file and the environment are read again, all or nothing: see\n"
	".BR csparkd (8).\n"
	"A key that says so takes effect only when csparkd is started again.\n"
	"Files with secrets and with certificates are noticed within a second when they change.\n"
	".SS Credentials\n"
	"A tenant uses one kind: OAuth 2.0 client credentials, else an API key, else a bearer token; but "
	"what the environment names\n"
	"wins over what only the file names.\n"
	"A file with a secret must not be readable by others than its owner and group; it holds the secret "
	"and perhaps a line break,\n"
	"at most 64 KiB.\n"
	"credential:NAME in place of the path of a file is a credential that systemd passes "
	"(LoadCredential=).\n"
	"A secret in the configuration itself works, with a warning.\n"
	"The word open in place of an API key or a token means no credentials.\n"
	".SS Sandbox\n"
	"At its start csparkd gives up the files and the system calls that it does not need, for good; the "
	"line sandbox of its log says what the kernel has of that.\n"
	"It may still read the folders of the configuration and of every file that it names, /etc and /usr; "
	"write to state_dir and to the folder of log.file;\n"
	"and make unix sockets in the folders of listeners and in $RUNTIME_DIRECTORY.\n"
	"So a reload may name new files in these folders.\n"
	"What it names elsewhere is refused, with a hint in the log, and needs a restart.\n"
	"With sandbox = false nothing is given up.\n"
	".PP\n"
	"Started as root with user set, csparkd becomes that user before it opens anything, so all that the "
	"configuration names must be readable to it.\n"
	"A core file that the kernel would write into a folder (and not give to a collector) needs "
	"sandbox = false besides core_dumps = true.\n";

static const char manual_tail[] =
	".SH EXAMPLES\n"
	".EX\n"
	"tenants = (\n"
	"  {\n"
	"    base_url = \"https://excel.my\\-env.coherent.global/my\\-tenant\";\n"
	"    auth = { client_id = \"my\\-client\"; client_secret_file = \"/etc/csparkd/secret\"; };\n"
	"  }\n"
	");\n"
	".EE\n"
	".SH SEE ALSO\n"
	".BR csparkd (8)\n";

/* Text with what roff would take for itself made harmless. */
static void
put_roff(const char *text, struct buf *out)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\\')
			buf_put_str(out, STR("\\e"));
		else if (*c == '-')
			buf_put_str(out, STR("\\-"));
		else
			buf_put_char(out, *c);
	}
}

static void
manual_key(const struct config_key *key, struct buf *out)
{
	char range[160];
	struct buf text;

	config_key_range(key, range, sizeof(range));
	buf_init(&text, 4096);
	buf_printf(&text, "%s: %s. Default: ", type_name(key->type), range);
	put_default(key, &text);
	buf_printf(&text, ".%s", key->reloadable ? "" : " A change needs a restart.");
	if (key->variable)
		buf_printf(&text, " Environment: %s.", key->variable);
	buf_put_char(&text, '\0');
	buf_printf(out, ".TP\n.B %s\n", key->name);
	put_roff(key->help, out);
	buf_put_str(out, STR("\n.br\n"));
	put_roff(text.data, out);
	buf_put_char(out, '\n');
	buf_fini(&text);
}

static void
manual_section(enum config_section section, struct buf *out)
{
	const struct config_place *place = config_place(section);
	const char *outer = config_place(place->parent)->name;

	if (!place->name)
		buf_put_str(out, STR(".SS Top level\n"));
	else if (place->is_list)
		buf_printf(out, ".SS %s = ( { ... }, ... );\n%s\n", place->name, place->help);
	else
		buf_printf(out, ".SS %s = { ... };%s%s\n%s\n", place->name, outer ? " in each of " : "",
			outer ? outer : "", place->help);
	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (config_key(i)->section == section)
			manual_key(config_key(i), out);
}

void
config_manual(struct buf *out)
{
	buf_put_str(out, str_of(manual_head));
	buf_put_str(out, STR(".SH KEYS\n"));
	for (int i = 0; i < CONFIG_SECTIONS; i++)
		manual_section(i, out);
	buf_put_str(out, str_of(manual_tail));
}
