/*
 * A spool keeps the bytes of one body, upload or answer: in memory while they are few, then in a file
 * without a name, so that a body of any size costs no memory and leaves nothing behind, however the process
 * ends. Written to the page cache and never synced: it is of no use to the next process.
 *
 * The spools of a shard share what they may take on disk (struct spools).
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark.h"

enum { SPOOL_MEMORY_MAX = 256 * 1024 }; /* bytes of a body that stay in memory */

struct spools {
	char *dir;     /* NULL: there is none; only what fits in memory can be kept */
	uint64_t max;  /* bytes */
	uint64_t left; /* of <max>: what all files together may still take */
	unsigned files;
};

/* Where bodies and files are kept while they are under way; <state_dir> as configured, or NULL. Borrowed. */
const char *spools_dir(const char *state_dir);
/* <dir> is copied; may be NULL. It is looked at when the first file is made. False: no memory. */
bool spools_init(struct spools *spools, const char *dir, uint64_t max_total);
/* All its spools must be gone. */
void spools_fini(struct spools *spools);

struct spool {
	struct spools *spools;
	uint64_t max;
	uint64_t len;
	struct buf memory; /* empty once there is a file */
	int fd;            /* -1: in memory */
	bool failed;
};

/* Takes nothing yet. <max>: bytes. */
void spool_init(struct spool *spool, struct spools *spools, uint64_t max);
/* Gives all back; harmless twice. */
void spool_fini(struct spool *spool);
/* Forgets content and failure, to be filled anew. A duplicate of the descriptor keeps the old content. */
void spool_clear(struct spool *spool);

/*
 * Appends. After a failure the content is not whole, and only clear and fini are left; every further put
 * fails, too. body_too_large: more than <max>; overloaded: no room on disk, in the share of the shard or in
 * memory; internal: the directory cannot be used. The sentence names the setting to change.
 */
CSPARK_MUST_CHECK bool
spool_put(struct spool *spool, const void *data, size_t len, struct cspark_error *ret_error);
/* Moves what is in memory to a file, where what follows goes, too. Fails like spool_put(). */
CSPARK_MUST_CHECK bool spool_to_file(struct spool *spool, struct cspark_error *ret_error);

static inline uint64_t
spool_len(const struct spool *spool)
{
	return spool->len;
}

/* Borrowed until the next put; at == NULL: it is in a file. */
struct str spool_text(const struct spool *spool);

/* Borrowed until clear or fini; -1: it is in memory. Use pread(): the offset is nobody's. */
static inline int
spool_fd(const struct spool *spool)
{
	return spool->fd;
}
