/*
 * What the head of an answer says, line by line: the few fields that matter, and whether the head is one
 * that may be trusted to frame a body. libcurl takes two different lengths, a length that is no number, a
 * length beside a transfer coding and interim answers without end; this does not. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CSPARK_HEAD_MAX (64 * 1024) /* bytes of all head lines of one exchange */
#define CSPARK_INTERIM_MAX 100      /* 1xx answers before the real one */

struct cspark_head {
	int status;
	int64_t content_length; /* -1: not said */
	bool has_coding;        /* Transfer-Encoding */
	bool compressed;        /* Content-Encoding */
	/* counted */
	size_t bytes;
	unsigned interim;
	/* "": none */
	char content_type[128];
	char disposition[256]; /* Content-Disposition */
	char location[2048];
	char retry_after[64];
	char x_retry_after[32];
	char date[40];
};

void cspark_head_init(struct cspark_head *head);
/* One line with its end, status lines and the blank line too; a status line begins a new answer. False:
 * the answer breaks the protocol, and nothing of it may be used. */
bool cspark_head_line(struct cspark_head *head, struct str line);
/* As cspark_retry_after_ms() of the fields. */
int64_t cspark_head_retry_after_ms(const struct cspark_head *head, int64_t wall_s);
