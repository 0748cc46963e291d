/*
 * What must hold within a listener: its address, and who may use it.
 */
#pragma once

#include "base/str.h"
#include "daemon/config_draft.h"

/* Checks the listener at <index>, writes its address as it is used, and finds out who its callers are. */
void config_listener_check(struct config_draft *draft, size_t index);
/* Whether a host, without port and brackets, is this one by its name or address. */
bool config_host_is_loopback(struct str host);
