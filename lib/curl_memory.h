/*
 * Memory for libcurl that is wiped when it is given back: it copies header lines with tokens, and bodies with
 * secrets, into buffers of its own, and neither it nor the C library clears what is freed.
 */
#pragma once

#include <stdbool.h>

/* Instead of curl_global_init(). Where the program has initialised libcurl before, its memory stays as it
 * is. */
bool cspark_curl_memory_init(void);
