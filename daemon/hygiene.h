/*
 * What csparkd does to itself before it serves: no files for others, no core and no debugger, no privileges
 * that it does not need, descriptors enough. Main's thread, before there are others.
 */
#pragma once

#include <stdbool.h>

#include "daemon/config.h"

/*
 * Before a secret is read. umask 077; no new privileges, by whatever is executed; no core, and /proc/PID/mem
 * and the like are root's alone. What is debugged with sanitizers stays open for them.
 */
void hygiene_begin(void);
/* Takes that back as far as cores and debuggers are concerned (core_dumps = true). */
void hygiene_allow_dumps(void);
/*
 * From root to <user>, with that user's groups and no others; for good. False, with the reason in the text:
 * there is no such user, or the kernel refuses.
 */
bool hygiene_become(const char *user, const char **ret_wrong);
/* Raises the limit of descriptors to what is allowed. Then the log hears of everything that is not as it
 * should be: descriptors, root, memory that can be swapped out, dumps. */
void hygiene_check(const struct config *config);
