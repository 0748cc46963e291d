/*
 * Files by the name of a credential: "credential:NAME" in a key that ends in _file is the file NAME in
 * $CREDENTIALS_DIRECTORY, where the service manager puts what LoadCredential= names. Pure.
 */
#pragma once

#include "daemon/config_draft.h"

/* Puts paths in place of such names, in all listeners and tenants. */
void config_credential_resolve(struct config_draft *draft, char *(*getenv_fn)(const char *));
