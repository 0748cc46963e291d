/*
 * What csparkctl tells about its commands, on stdout: from the operations table.
 */
#pragma once

#include "lib/cspark_operations.h"

#include <stdio.h>

/* All commands of operations, one a line; only those of <noun> unless it is NULL. */
void help_list(FILE *out, const char *noun);
void help_noun(FILE *out, const char *noun);
/* One command: its arguments, parameters and options. */
void help_operation(enum cspark_operation operation);
/* The same of all, as the section OPERATIONS of csparkctl(1). */
void help_manual(void);
