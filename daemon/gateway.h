/*
 * The gateway: everything of one process, put together, run and taken down again, on main's thread.
 *
 *     STARTING --listening--> READY --SIGTERM, SIGINT--> DRAINING --all answered, or the deadline--> STOPPED
 */
#pragma once

#include "daemon/config.h"

/* Serves until a signal ends it. <config> is borrowed. The result is the process's exit code. */
int gateway_run(const struct config *config);
