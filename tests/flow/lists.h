/*
 * Lists of records that say their number: {"n":0}, {"n":1}, ... If they are echoed, the outputs say whether
 * all are there, once and in order.
 */
#pragma once

#include "tests/flow/fake_front.h"

#define SERVICE "/execute/my-folder/my-service"

enum { LIST_MAX = 8192 }; /* bytes */

/* operating_set_up(), with lists cut into small chunks: 4 records, 3 at a time. */
void lists_set_up(void);
/* Valid until the next one is made. */
const char *list(unsigned records);
/* The caller got them all, which is its end. */
void expect_outputs(struct front_request *request, unsigned records);
