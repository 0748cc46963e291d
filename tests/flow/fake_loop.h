/* daemon/loop.h with a virtual clock. */
#pragma once

#include "daemon/loop.h"

/* Moves time on, running the timers that become due, in order. */
void fake_loop_advance(int64_t ms);
