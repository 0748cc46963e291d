/*
 * Zip archives (without zip64): what fits into 4 GiB, stored or deflated. Pure.
 */
#pragma once

#include "base/buf.h"
#include "sim/blob.h"

#include <stdint.h>

struct zip_writer {
	struct blob *out; /* borrowed */
	struct buf directory;
	uint32_t offset;
	unsigned count;
};

void zip_begin(struct zip_writer *zip, struct blob *out);
/* Small contents are deflated, what is large or does not shrink is stored. */
void zip_add(struct zip_writer *zip, const char *name, struct str content);
/* False if <out> has failed. */
bool zip_end(struct zip_writer *zip);

struct zip_reader {
	struct str all;
	struct str rest; /* of the directory */
	bool bad;
};

struct zip_entry {
	struct str name;
	struct str packed;
	bool deflated;
	uint32_t size;
	uint32_t crc;
};

/* False if <all> is no zip archive. Borrowed. */
bool zip_open(struct zip_reader *zip, struct str all);
/* False at the end, or (then zip->bad) where the archive is damaged. */
bool zip_next(struct zip_reader *zip, struct zip_entry *ret);
/* The entry called <name>; false if there is none. */
bool zip_find(struct str all, const char *name, struct zip_entry *ret);
/* Given; NULL if the content is damaged or larger than <max_bytes>. */
struct blob *zip_read(const struct zip_entry *entry, size_t max_bytes);
