/*
 * The table of keys (config.def): what there is, how it is written, what it is called. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"

enum config_section {
	CONFIG_TOP,
	CONFIG_LISTENER,
	CONFIG_TLS,    /* kept in struct config_listener */
	CONFIG_TENANT,
	CONFIG_AUTH,   /* kept in struct config_tenant */
	CONFIG_RETRY,  /* kept in struct config_tenant */
	CONFIG_LIMITS, /* kept in struct config */
	CONFIG_BULK,   /* kept in struct config */
	CONFIG_LOG,    /* kept in struct config */
	CONFIG_SECTIONS
};

enum config_type {
	CONFIG_TEXT,   /* char * */
	CONFIG_SECRET, /* char *, wiped, never shown */
	CONFIG_TEXTS,  /* char **, NULL-terminated */
	CONFIG_WORD,   /* char *, one of a few */
	CONFIG_CHOICE, /* int: which of a few */
	CONFIG_SET,    /* unsigned: a bit for each word */
	CONFIG_FLAG,   /* bool */
	CONFIG_COUNT,  /* unsigned */
	CONFIG_MS,     /* unsigned */
	CONFIG_SIZE,   /* uint64_t; "64M" is understood */
	CONFIG_MODE,   /* unsigned, written as octal digits in quotes */
};

enum config_key_id {
#define X(section, key, type, field, text, min, max, form, reloadable, variable, help) \
	CONFIG_KEY_##section##_##key,
#include "daemon/config.def"
#undef X
	CONFIG_KEYS
};

struct config_key {
	enum config_section section;
	const char *name;
	enum config_type type;
	size_t offset;    /* in the structure that keeps the section */
	const char *text; /* default; NULL: not set */
	uint64_t min, max;
	const char *form;
	bool reloadable;
	const char *variable;
	const char *help;
};

/* Static. */
const struct config_key *config_key(enum config_key_id id);
enum config_key_id config_key_id(const struct config_key *key);
/* NULL if the section has no such key. */
const struct config_key *config_key_find(enum config_section section, const char *name);

/* A section as it is written: a group called <name> in <parent>, or a list of groups. */
struct config_place {
	const char *name; /* NULL: the file itself */
	enum config_section parent;
	bool is_list;
	const char *help;
};
const struct config_place *config_place(enum config_section section);
/* The section written as <name> in <parent>; CONFIG_SECTIONS if there is none. */
enum config_section config_section_find(enum config_section parent, const char *name);
/* The section whose structure keeps <section>'s fields. */
enum config_section config_section_owner(enum config_section section);

/* "limits.max_body" */
void config_key_path(const struct config_key *key, char *ret, size_t size);
/* What is allowed, in words: "1024 to 4G bytes", "one of error|warn". Empty if everything is. */
void config_key_range(const struct config_key *key, char *ret, size_t size);
/* The name that was probably meant in <section>: a key or a section of it; NULL: nothing is near. Static. */
const char *config_key_nearest(enum config_section section, const char *name);
/* "64M", "1500" */
void config_size_text(uint64_t bytes, char *ret, size_t size);
