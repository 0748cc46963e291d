#include "lib/metadata.h"

#include "base/str.h"
#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/locator.h"

#include <assert.h>

#define VALUE_MAX 1024

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct cspark_meta_row ROWS[CSPARK_META_FIELDS] = {
#define X(NAME, param, value_kind, v3, v4, default3, default4, help) \
	[CSPARK_META_##NAME] = {                                     \
		.parameter = (param),                                \
		.kind = CSPARK_KIND_##value_kind,                    \
		.field = { v3, v4 },                                 \
		.fallback = { default3, default4 },                  \
	},
#include "lib/metadata.def"
#undef X
};

/* As the SDKs spell them on the wire. */
static const char *const COMPILERS[] = { "Neuron", "Type1", "Type2", "Type3", "Xconnector" };
static const char *const FLAGS[] = { "true", "false" };

const struct cspark_meta_row *
cspark_meta_row(enum cspark_meta_field field)
{
	assert((unsigned)field < CSPARK_META_FIELDS);
	return &ROWS[field];
}

bool
cspark_meta_in_service(const struct cspark_meta_row *row, enum cspark_api api)
{
	return row->field[api] && row->field[api][0] == '@';
}

enum cspark_meta_field
cspark_meta_find(struct cspark_bytes parameter)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		if (str_eq(str_of_bytes(parameter), str_of(ROWS[i].parameter)))
			return (enum cspark_meta_field)i;
	}
	return CSPARK_META_FIELDS;
}

/* The member of a fixed vocabulary, case ignored: static text, so that a field can keep it. */
static struct str
choose(struct str text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq_nocase(text, str_of(words[i])))
			return str_of(words[i]);
	}
	return (struct str){ 0 };
}

static bool
check_text(const struct cspark_meta_row *row, struct str text, struct cspark_error *ret_error)
{
	const char *wrong = NULL;

	if (text.len > VALUE_MAX)
		wrong = "is longer than 1024 bytes";
	else if (!str_is_utf8(text))
		wrong = "is not valid UTF-8";
	else if (str_has_control(text))
		wrong = "contains a control character";
	return !wrong || cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER, "%s %s.", row->parameter, wrong);
}

bool
cspark_meta_set(struct cspark_meta *meta, enum cspark_meta_field field, struct cspark_bytes value,
	struct cspark_error *ret_error)
{
	const struct cspark_meta_row *row = cspark_meta_row(field);
	struct str text = value.at ? str_of_bytes(value) : STR("");

	if (!check_text(row, text, ret_error))
		return false;
	if (row->kind == CSPARK_KIND_FLAG) {
		text = choose(text, FLAGS, COUNT(FLAGS));
		if (!text.at)
			return cspark_refuse(
				ret_error, CSPARK_E_BAD_PARAMETER, "%s takes true or false.", row->parameter);
	} else if (row->kind == CSPARK_KIND_COMPILER) {
		text = choose(text, COMPILERS, COUNT(COMPILERS));
		if (!text.at)
			return cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER,
				"%s takes neuron, type1, type2, type3 or xconnector.", row->parameter);
	} else if (field == CSPARK_META_VERSION && !cspark_version_is_sane(text)) {
		return cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER,
			"%s takes a version such as 1.2.3, of at most 64 bytes.", row->parameter);
	}
	meta->value[field] = bytes_of_str(text);
	return true;
}
