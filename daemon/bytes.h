/* <cspark.h> has its own word for a slice, struct cspark_bytes; inside the daemon it is struct str. */
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
