/*
 * Which credentials a tenant uses, and where they come from.
 */
#pragma once

#include "daemon/config_draft.h"

/* Chooses the credentials of the tenant in <part>, reads their files, and fills secret, secret_file and
 * credentials. */
void config_secret_resolve(struct config_draft *draft, struct config_part *part);
