/*
 * Reads a whole small file. Symbolic links are followed (secrets are mounted that way); what counts is the
 * file itself.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct config_slurp {
	char *text; /* NUL-terminated; given: config_slurp_fini() */
	size_t len;
	mode_t mode;
};

/* NULL if good, else what is wrong, as the end of a sentence that begins with the path (static, or
 * strerror's). */
const char *config_slurp(const char *path, size_t max_bytes, struct config_slurp *ret);
/* Wipes and frees. */
void config_slurp_fini(struct config_slurp *slurp);
