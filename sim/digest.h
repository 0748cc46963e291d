/*
 * SHA-256. Pure.
 */
#pragma once

#include "base/str.h"

#define DIGEST_BYTES 65

/* In small hexadecimal digits. */
void digest_of(struct str bytes, char ret[DIGEST_BYTES]);
