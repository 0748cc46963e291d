/*
 * The environment, without its secrets: they are moved to where no core and nobody's look at
 * /proc/PID/environ finds them. What is there instead is empty.
 */
#pragma once

/* Before any thread, and before anybody keeps what getenv() gave. */
void environment_hide(void);
/* As getenv(), and it knows what is hidden. */
char *environment_get(const char *name);
