/*
 * Without the daemon: the library, with what the environment says.
 */
#pragma once

#include "lib/cspark.h"

#include <stdbool.h>

/* The daemon's default. */
#define DIRECT_TIMEOUT_MS 58000

/* Given; NULL with a sentence on stderr. <ca_file> may be NULL; <is_public>: no credentials are needed. */
struct cspark_blocking *direct_open(const char *ca_file, bool is_public);
