/*
 * Values of keys: checked, put into the structures, printed, freed; all by the table. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/config_key.h"

enum config_value_kind {
	CONFIG_VALUE_TEXT,
	CONFIG_VALUE_NUMBER,
	CONFIG_VALUE_FLAG,
	CONFIG_VALUE_LIST,
	CONFIG_VALUE_OTHER
};

/* A value as it was written; borrowed. */
struct config_value {
	enum config_value_kind kind;
	const char *text;
	int64_t number;
	bool flag;
	const char *const *list; /* of texts */
	size_t count;
};

/* What is wrong with a value, as the end of a sentence that begins with the key; never a secret. */
struct config_fault {
	char text[512];
};

/* Puts <value> (copied) into the field of <base>, replacing what is there. False: unchanged, and <ret_fault>
 * says why. */
bool config_value_set(const struct config_key *key, void *base, const struct config_value *value,
	struct config_fault *ret_fault);
/* Fills the fields of all sections kept in the structure of <owner> with their defaults. False: no memory. */
bool config_value_defaults(enum config_section owner, void *base);
/* Frees what these fields own; secrets are wiped. */
void config_value_clear(enum config_section owner, void *base);
/* Replaces a text field; <text> taken, may be NULL. */
void config_value_take(char **field, char *text);
/* Wipes and frees; accepts NULL. */
void config_value_wipe(char *secret);

/* Whether both mean the same; not for secrets. False without memory to tell. */
bool config_value_same(const struct config_key *key, const void *a, const void *b);
/* Copies the field, which is neither a list nor a secret. False: no memory, and nothing has changed. */
bool config_value_copy(const struct config_key *key, void *to, const void *from);

/* As it would be written in the file; secrets as "***". False, nothing written: not set. */
bool config_value_put(const struct config_key *key, const void *base, struct buf *out);
/* Appends <text> in quotes; what stands between "://" and "@" becomes "***". */
void config_value_quote(const char *text, struct buf *out);
