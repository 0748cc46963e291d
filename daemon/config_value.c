#include "daemon/config_value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"

static bool
fail(struct config_fault *fault, const struct config_key *key, const char *what)
{
	char range[160];

	config_key_range(key, range, sizeof(range));
	snprintf(fault->text, sizeof(fault->text), "%s; allowed: %s", what, range);
	return false;
}

static bool
fail_memory(struct config_fault *fault)
{
	snprintf(fault->text, sizeof(fault->text), "no memory");
	return false;
}

void
config_value_wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
config_value_take(char **field, char *text)
{
	free(*field);
	*field = text;
}

static void
free_texts(char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

/* ---- numbers ---- */

static bool
set_number(const struct config_key *key, void *field, uint64_t number, struct config_fault *fault)
{
	if (number < key->min || number > key->max) {
		char what[64];

		snprintf(what, sizeof(what), "%" PRIu64 " is out of range", number);
		return fail(fault, key, what);
	}
	if (key->type == CONFIG_SIZE)
		*(uint64_t *)field = number;
	else
		*(unsigned *)field = (unsigned)number;
	return true;
}

/* "64M": digits and perhaps K, M or G, which are powers of 1024. */
static bool
size_of_text(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	struct str digits = str_of(text);
	unsigned shift = 0;

	if (digits.len > 0) {
		const char *unit = memchr(units, digits.at[digits.len - 1], sizeof(units) - 1);

		if (unit) {
			shift = 10 * (unsigned)(unit - units + 1);
			digits.len--;
		}
	}
	if (!str_to_u64(digits, UINT64_MAX >> shift, ret))
		return false;
	*ret <<= shift;
	return true;
}

static bool
set_size(const struct config_key *key, void *field, const char *text, struct config_fault *fault)
{
	uint64_t number;
	char what[128];

	if (size_of_text(text, &number))
		return set_number(key, field, number, fault);
	snprintf(what, sizeof(what), "\"%.40s\" is no size; write a number, or \"64K\", \"64M\", \"1G\"",
		text);
	return fail(fault, key, what);
}

static bool
set_mode(const struct config_key *key, void *field, const char *text, struct config_fault *fault)
{
	size_t len = strlen(text);
	char what[96];

	if (len >= 3 && len <= 4 && strspn(text, "01234567") == len)
		return set_number(key, field, strtoul(text, NULL, 8), fault);
	snprintf(what, sizeof(what), "\"%.40s\" is no octal mode", text);
	return fail(fault, key, what);
}

/* ---- words ---- */

/* The place of <word> in "a|b|c", or -1. */
static int
word_index(const char *words, struct str word)
{
	struct str rest = str_of(words);

	for (int i = 0; rest.at; i++) {
		struct str one = str_cut(rest, '|', &rest);

		if (str_eq(one, word))
			return i;
	}
	return -1;
}

static bool
fail_word(struct config_fault *fault, const struct config_key *key, const char *word)
{
	char what[96];

	snprintf(what, sizeof(what), "\"%.40s\" is not known", word);
	return fail(fault, key, what);
}

static void
drop_text(const struct config_key *key, char *text)
{
	if (key->type == CONFIG_SECRET)
		secret_free(text);
	else
		config_value_wipe(text);
}

static bool
set_text(const struct config_key *key, char **field, const char *text, struct config_fault *fault)
{
	size_t len = strlen(text);
	char *copy;

	if (len < key->min)
		return fail(fault, key, "empty");
	if (len > key->max)
		return fail(fault, key, "too long");
	if (str_has_control(str_of(text)) || !str_is_utf8(str_of(text)))
		return fail(fault, key, "has control characters or is not UTF-8");
	copy = key->type == CONFIG_SECRET ? secret_copy(str_of(text)) : strdup(text);
	if (!copy)
		return fail_memory(fault);
	drop_text(key, *field);
	*field = copy;
	return true;
}

static bool
set_word(const struct config_key *key, void *field, const char *word, struct config_fault *fault)
{
	int index = word_index(key->form, str_of(word));
	char *copy;

	if (index < 0)
		return fail_word(fault, key, word);
	if (key->type == CONFIG_CHOICE) {
		*(int *)field = index;
		return true;
	}
	copy = strdup(word);
	if (!copy)
		return fail_memory(fault);
	config_value_take(field, copy);
	return true;
}

static bool
set_bits(const struct config_key *key, unsigned *field, const struct config_value *value,
	struct config_fault *fault)
{
	unsigned bits = 0;

	for (size_t i = 0; i < value->count; i++) {
		int index = word_index(key->form, str_of(value->list[i]));

		if (index < 0)
			return fail_word(fault, key, value->list[i]);
		bits |= 1U << index;
	}
	*field = bits;
	return true;
}

static bool
set_texts(const struct config_key *key, char ***field, const struct config_value *value,
	struct config_fault *fault)
{
	char **texts = calloc(value->count + 1, sizeof(*texts));

	if (!texts)
		return fail_memory(fault);
	for (size_t i = 0; i < value->count; i++)
		if (!set_text(key, &texts[i], value->list[i], fault)) {
			free_texts(texts);
			return false;
		}
	free_texts(*field);
	*field = texts;
	return true;
}

/* ---- any value ---- */

static const char *
wanted(enum config_type type)
{
	switch (type) {
	case CONFIG_TEXTS:
	case CONFIG_SET:
		return "is not a list of texts: [ \"a\", \"b\" ]";
	case CONFIG_FLAG:
		return "is neither true nor false (without quotes)";
	case CONFIG_COUNT:
	case CONFIG_MS:
		return "is not a number (without quotes)";
	case CONFIG_SIZE:
		return "is neither a number nor a size such as \"64M\"";
	default:
		return "is not a text in quotes";
	}
}

static bool
is_number_type(enum config_type type)
{
	return type == CONFIG_COUNT || type == CONFIG_MS || type == CONFIG_SIZE;
}

static bool
set_from_text(const struct config_key *key, void *field, const char *text, struct config_fault *fault)
{
	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_SECRET:
		return set_text(key, field, text, fault);
	case CONFIG_WORD:
	case CONFIG_CHOICE:
		return set_word(key, field, text, fault);
	case CONFIG_SIZE:
		return set_size(key, field, text, fault);
	case CONFIG_MODE:
		return set_mode(key, field, text, fault);
	default:
		return fail(fault, key, wanted(key->type));
	}
}

bool
config_value_set(const struct config_key *key, void *base, const struct config_value *value,
	struct config_fault *ret_fault)
{
	void *field = (char *)base + key->offset;

	if (value->kind == CONFIG_VALUE_TEXT)
		return set_from_text(key, field, value->text, ret_fault);
	if (value->kind == CONFIG_VALUE_NUMBER && is_number_type(key->type)) {
		if (value->number < 0)
			return fail(ret_fault, key, "is negative");
		return set_number(key, field, (uint64_t)value->number, ret_fault);
	}
	if (value->kind == CONFIG_VALUE_FLAG && key->type == CONFIG_FLAG) {
		*(bool *)field = value->flag;
		return true;
	}
	if (value->kind == CONFIG_VALUE_LIST && key->type == CONFIG_SET)
		return set_bits(key, field, value, ret_fault);
	if (value->kind == CONFIG_VALUE_LIST && key->type == CONFIG_TEXTS)
		return set_texts(key, field, value, ret_fault);
	return fail(ret_fault, key, wanted(key->type));
}

/* ---- defaults and the end ---- */

/* Of "a|b|c", those that are among <some>: bits by their place. */
static unsigned
bits_of(const char *words, const char *some)
{
	struct str rest = str_of(some);
	unsigned bits = 0;

	while (rest.at)
		bits |= 1U << word_index(words, str_cut(rest, '|', &rest));
	return bits;
}

/* Defaults are written in the table as texts, whatever the type. */
static bool
set_default(const struct config_key *key, void *base)
{
	void *field = (char *)base + key->offset;
	struct config_value value = { .kind = CONFIG_VALUE_TEXT, .text = key->text };
	struct config_fault fault;

	if (key->type == CONFIG_TEXTS) {
		*(char ***)field = calloc(1, sizeof(char *));
		return *(char ***)field != NULL;
	}
	if (!key->text)
		return true;
	switch (key->type) {
	case CONFIG_FLAG:
		*(bool *)field = strcmp(key->text, "true") == 0;
		return true;
	case CONFIG_SET:
		*(unsigned *)field = bits_of(key->form, key->text);
		return true;
	case CONFIG_COUNT:
	case CONFIG_MS:
		value = (struct config_value){ .kind = CONFIG_VALUE_NUMBER, .number = atoll(key->text) };
		break;
	default:
		break;
	}
	return config_value_set(key, base, &value, &fault);
}

bool
config_value_defaults(enum config_section owner, void *base)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (config_section_owner(config_key(i)->section) == owner &&
			!set_default(config_key(i), base))
			return false;
	return true;
}

void
config_value_clear(enum config_section owner, void *base)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);
		char **field = (char **)((char *)base + key->offset);

		if (config_section_owner(key->section) != owner)
			continue;
		if (key->type == CONFIG_TEXTS)
			free_texts(*(char ***)field);
		else if (key->type == CONFIG_TEXT || key->type == CONFIG_SECRET || key->type == CONFIG_WORD)
			drop_text(key, *field);
		else
			continue;
		*field = NULL;
	}
}

/* ---- printing ---- */

void
config_value_quote(const char *text, struct buf *out)
{
	const char *scheme = strstr(text, "://");
	const char *user = scheme ? scheme + 3 : NULL;
	const char *at = user ? strrchr(user, '@') : NULL; /* the last: a password may hold one */

	buf_put_char(out, '"');
	for (const char *c = text; *c; c++) {
		if (at && c == user) {
			buf_put_str(out, STR("***"));
			c = at;
		}
		if (*c == '"' || *c == '\\')
			buf_put_char(out, '\\');
		buf_put_char(out, *c);
	}
	buf_put_char(out, '"');
}

static bool
put_texts(char *const *texts, struct buf *out)
{
	buf_put_str(out, STR("["));
	for (size_t i = 0; texts[i]; i++) {
		buf_put_str(out, i ? STR(", ") : STR(" "));
		config_value_quote(texts[i], out);
	}
	buf_put_str(out, texts[0] ? STR(" ]") : STR("]"));
	return true;
}

/* The word at <index> of "a|b|c". */
static struct str
word_at(const char *words, int index)
{
	struct str rest = str_of(words);
	struct str word = str_cut(rest, '|', &rest);

	while (index-- > 0)
		word = str_cut(rest, '|', &rest);
	return word;
}

static bool
put_bits(const struct config_key *key, unsigned bits, struct buf *out)
{
	const char *before = " ";

	buf_put_char(out, '[');
	for (int i = 0; bits >> i; i++)
		if (bits >> i & 1) {
			buf_printf(out, "%s\"%.*s\"", before, STR_ARG(word_at(key->form, i)));
			before = ", ";
		}
	buf_put_str(out, bits ? STR(" ]") : STR("]"));
	return true;
}

static bool
put_text(const struct config_key *key, const char *text, struct buf *out)
{
	if (!text)
		return false;
	config_value_quote(key->type == CONFIG_SECRET ? "***" : text, out);
	return true;
}

static bool
put_size(const struct config_key *key, uint64_t size, struct buf *out)
{
	char text[24];

	config_size_text(size, text, sizeof(text));
	if (strcmp(key->form, "bytes") == 0 && strspn(text, "0123456789") < strlen(text))
		return buf_printf(out, "\"%s\"", text);
	return buf_printf(out, "%" PRIu64, size);
}

bool
config_value_put(const struct config_key *key, const void *base, struct buf *out)
{
	const void *field = (const char *)base + key->offset;

	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_SECRET:
	case CONFIG_WORD:
		return put_text(key, *(char *const *)field, out);
	case CONFIG_TEXTS:
		return put_texts(*(char **const *)field, out);
	case CONFIG_CHOICE:
		return buf_printf(out, "\"%.*s\"", STR_ARG(word_at(key->form, *(const int *)field)));
	case CONFIG_SET:
		return put_bits(key, *(const unsigned *)field, out);
	case CONFIG_FLAG:
		return buf_put_str(out, *(const bool *)field ? STR("true") : STR("false"));
	case CONFIG_MODE:
		return buf_printf(out, "\"%04o\"", *(const unsigned *)field);
	case CONFIG_COUNT:
	case CONFIG_MS:
		return buf_printf(out, "%u", *(const unsigned *)field);
	case CONFIG_SIZE:
		return put_size(key, *(const uint64_t *)field, out);
	}
	return false;
}

/* ---- two structures ---- */

bool
config_value_same(const struct config_key *key, const void *a, const void *b)
{
	struct buf of_a, of_b;
	bool same;

	buf_init(&of_a, 65536);
	buf_init(&of_b, 65536);
	same = config_value_put(key, a, &of_a) == config_value_put(key, b, &of_b) &&
		!buf_failed(&of_a) && !buf_failed(&of_b) && str_eq(buf_text(&of_a), buf_text(&of_b));
	buf_fini(&of_a);
	buf_fini(&of_b);
	return same;
}

static bool
copy_text(char **to, const char *from)
{
	char *copy = from ? strdup(from) : NULL;

	if (from && !copy)
		return false;
	config_value_take(to, copy);
	return true;
}

bool
config_value_copy(const struct config_key *key, void *to, const void *from)
{
	void *field = (char *)to + key->offset;
	const void *source = (const char *)from + key->offset;

	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_WORD:
		return copy_text(field, *(char *const *)source);
	case CONFIG_SIZE:
		*(uint64_t *)field = *(const uint64_t *)source;
		return true;
	case CONFIG_FLAG:
		*(bool *)field = *(const bool *)source;
		return true;
	case CONFIG_COUNT:
	case CONFIG_MS:
	case CONFIG_MODE:
		*(unsigned *)field = *(const unsigned *)source;
		return true;
	default:
		assert(false);
		return false;
	}
}
