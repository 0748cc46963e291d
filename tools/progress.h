/*
 * How far a transfer or a job is, in one line on stderr; nothing at all where that is no terminal. All
 * functions accept NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *label;
	int64_t to_send;    /* bytes; -1: unknown */
	int64_t to_receive;
	uint64_t sent;
	uint64_t received;
	bool is_sending;
	bool is_on;
	bool is_drawn;      /* there is a line to be wiped */
	int64_t begun_ms;   /* of what is going on now */
	int64_t drawn_ms;
};

/* <label>: borrowed. */
void progress_start(struct progress *progress, const char *label);
void progress_send(struct progress *progress, int64_t len);
void progress_sent(struct progress *progress, size_t len);
void progress_receive(struct progress *progress, int64_t len);
void progress_received(struct progress *progress, size_t len);
/* Time has passed. */
void progress_tick(struct progress *progress);
/* Wipes the line. */
void progress_end(struct progress *progress);

/* The line; pure. */
void progress_text(const struct progress *progress, int64_t now_ms, char *ret, size_t size);
