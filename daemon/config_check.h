/*
 * What must hold between keys, and what is derived from them, after all sources have spoken.
 */
#pragma once

#include "daemon/config_draft.h"

/* Checks and completes the draft: addresses, URLs, proxies, credentials, numbers. Everything wrong is
 * reported. */
void config_check(struct config_draft *draft, char *(*getenv_fn)(const char *));
