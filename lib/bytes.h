/*
 * The public header knows struct cspark_bytes, the inside works with struct str: the same thing
 * under two names, so that <cspark.h> needs no other header.
 */
#pragma once

#include "base/str.h"
#include "lib/cspark.h"

static inline struct str
str_of_bytes(struct cspark_bytes bytes)
{
	return (struct str){ bytes.at, bytes.len };
}

static inline struct cspark_bytes
bytes_of_str(struct str text)
{
	return (struct cspark_bytes){ text.at, text.len };
}
