/*
 * A whole terminal, redrawn in place: the alternate screen, so that what was there before comes back. Signals
 * are not lost while it is open: they are read where it waits.
 */
#pragma once

#include "base/str.h"

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_QUIT };

struct screen {
	int signal_fd;
	sigset_t mask;        /* as it was */
	struct termios saved; /* of stdin, if that is a terminal */
	bool has_keys;
};

/* False with errno. */
bool screen_open(struct screen *screen);
/* Everything is as before. Harmless twice. */
void screen_close(struct screen *screen);
/* As many lines and columns of the text as there is room for. False: the terminal is gone. */
bool screen_draw(const struct screen *screen, struct str text);
/* Until the time is over, the size changes, or "q", Ctrl-C or a signal says that it is enough. */
enum screen_event screen_wait(struct screen *screen, long wait_ms);
