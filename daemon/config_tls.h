/*
 * TLS of a listener: which files, and what is wrong with them.
 */
#pragma once

#include "daemon/config_draft.h"

/* Checks the settings of the listener at <index>, whose address is known, and reads its files. */
void config_tls_check(struct config_draft *draft, size_t index);
