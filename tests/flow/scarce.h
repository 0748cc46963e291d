/*
 * Memory that runs out: malloc, calloc and realloc of this program go through here (see the linker's --wrap
 * in Makefile.inc). One thread.
 */
#pragma once

#include <stdbool.h>

/* The allocation after <left> more fails, that one alone. */
void scarce_begin(unsigned left);
/* From now on all is well again; whether one has failed. */
bool scarce_end(void);
