/*
 * Pages, filters and orders of Spark's listings, and the rows that several of them share. Under the store's
 * lock.
 */
#pragma once

#include "base/str.h"
#include "sim/store.h"

#include <stdbool.h>

struct buf;
struct exchange;

/* Who is said to have done things. */
#define USER "demo@example.com"

struct list_wish {
	struct str search; /* a JSON array of {"field":name, "value":text} */
	long page;         /* from 1 */
	long size;         /* below 1: all */
	char sort[80];
	unsigned found; /* that passed the filters so far */
};

/* <size_name>: page sizes are called differently. False once refused. */
bool list_wish_read(struct exchange *ex, struct str body, const char *size_name, struct list_wish *ret);
/* One more has passed the filters: is it on the page? */
bool list_wish_takes(struct list_wish *wish);
/* Whether every filter of that field is met: the whole text, or a part of it, without regard to case. */
bool filter_passes(struct str search, const char *field, const char *text, bool whole);

/* The services of a folder that exist. */
unsigned folder_service_count(const struct folder *folder);
/* All of them, a JSON array. */
void put_services(struct buf *out, const struct folder *folder, unsigned *ret_count);
