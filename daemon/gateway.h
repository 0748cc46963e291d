/*
 * The gateway: everything of one process, put together, run and taken down again, on main's thread.
 * gateway.c has its life, gateway_reload.c the snapshots of the configuration that it goes through.
 * Its life from STARTING to STOPPED is told in lifecycle.h.
 */
#pragma once

#include "daemon/config.h"

/* SIGHUP, which kills by default, waits until gateway_run() takes it. Before any thread starts. */
void gateway_block_reload(void);
/* Serves until a signal ends it. <config> is taken; on SIGHUP another one is loaded with the same <flags>
 * (borrowed). The result is the process's exit code. */
int gateway_run(struct config *config, const struct config_flags *flags);
