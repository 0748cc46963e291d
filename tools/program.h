/*
 * Another program, run to its end: what it wrote and how it ended.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* <argv[0]>, a name, is looked for beside the program that runs, in the "sbin" next to its folder, and by
 * PATH. What it writes is put into the two, as much as they take. False with errno: it could not be started.
 * <ret_code>: its exit code; -1: a signal. */
bool program_run(char *const argv[], struct buf *out, struct buf *err, int *ret_code);
