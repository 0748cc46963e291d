/*
 * Which operations are commands, and what they are called: the operations table with blanks for dots, and
 * short names for some. Pure.
 */
#pragma once

#include "base/buf.h"
#include "lib/cspark_operations.h"

#include <stdbool.h>
#include <stdio.h>

/* A name besides that of the table. */
struct catalog_alias {
	const char *name;
	const char *operation;
};
extern const struct catalog_alias CATALOG_ALIASES[]; /* ends with a NULL */

/* Whether <operation> is a command: whether it has a local route. */
bool catalog_has(enum cspark_operation operation);
/* The operation that <words> (ended by NULL) begin with, and how many of them name it; CSPARK_OPERATIONS if
 * there is none. */
enum cspark_operation catalog_find(char *const *words, size_t *ret_used);
/* Whether some command begins with <noun>. */
bool catalog_has_noun(struct str noun);
/* All nouns, separated by blanks. */
void catalog_print_nouns(FILE *out);
/* Calls <each> with every noun once. */
void catalog_each_noun(void (*each)(struct str noun, void *arg), void *arg);
/* The command's words: "services versions". */
void catalog_put_name(enum cspark_operation operation, struct buf *out);
/* The existing command that is most like the words; at == NULL: none. Borrowed from <scratch>. */
struct str catalog_nearest(char *const *words, struct buf *scratch);

/* The parts of a local path, in order: "{folder}" is "folder". False at the end. */
bool catalog_next_part(const char **path, struct str *ret_name);
/* What comes behind the command's name: "FOLDER/SERVICE FILE [NAME=VALUE ...]". */
void catalog_put_arguments(enum cspark_operation operation, struct buf *out);
/* Whether a body must come with it: a file, a list of chunks, a document. */
bool catalog_needs_body(enum cspark_operation operation);
/* Whether it may have one. */
bool catalog_takes_body(enum cspark_operation operation);
/* A parameter without its underscore, as people write it. */
static inline const char *
catalog_parameter_name(const struct cspark_parameter *parameter)
{
	return parameter->name + (parameter->name[0] == '_');
}
