/*
 * Memory for secrets: pages of their own that are not swapped out where RLIMIT_MEMLOCK allows it, are in no
 * core dump, and are wiped when they are given back. A page each, so not for what a request allocates. Any
 * thread.
 */
#pragma once

#include <stddef.h>

#include "base/str.h"

/* Zeroed. Given: secret_free(). NULL: no memory. */
void *secret_new(size_t size);
/* The same with a copy of <text> and a NUL. */
char *secret_copy(struct str text);
void secret_free(void *secret); /* wipes; accepts NULL */
/* How often a secret could not be kept out of swap, because RLIMIT_MEMLOCK is too small. */
unsigned secret_unlocked(void);
