#include "tools/screen.h"

#include "base/buf.h"
#include "tools/cell.h"
#include "tools/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TEXT_MAX (1024 * 1024)

#define ENTER      "\033[?1049h\033[?25l" /* the alternate screen, no cursor */
#define LEAVE      "\033[?25h\033[?1049l"
#define HOME       "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

enum { ROWS_USUAL = 24, COLUMNS_USUAL = 80 };

static bool
say(const char *text, size_t len)
{
	return fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0;
}

/* Keys come one by one and unseen; Ctrl-C and Ctrl-Z stay signals. */
static void
take_terminal(struct screen *screen)
{
	struct termios raw = screen->saved;

	if (screen->has_keys) {
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	say(ENTER, strlen(ENTER));
}

static void
give_terminal(struct screen *screen)
{
	say(LEAVE, strlen(LEAVE));
	if (screen->has_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->saved);
}

bool
screen_open(struct screen *screen)
{
	static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++)
		sigaddset(&set, SIGNALS[i]);
	screen->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (screen->signal_fd < 0)
		return false;
	sigprocmask(SIG_BLOCK, &set, &screen->mask);
	screen->has_keys = tcgetattr(STDIN_FILENO, &screen->saved) == 0;
	take_terminal(screen);
	return true;
}

void
screen_close(struct screen *screen)
{
	if (screen->signal_fd < 0)
		return;
	give_terminal(screen);
	close(screen->signal_fd);
	screen->signal_fd = -1;
	sigprocmask(SIG_SETMASK, &screen->mask, NULL);
}

/* ---- drawing ----------------------------------------------------------------------------- */

bool
screen_draw(const struct screen *screen, struct str text)
{
	struct winsize size = { .ws_row = 0 };
	struct buf out;
	bool ok;
	int rows;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = ROWS_USUAL, .ws_col = COLUMNS_USUAL };
	buf_init(&out, TEXT_MAX);
	buf_put_str(&out, STR(HOME));
	for (rows = size.ws_row; rows > 0 && text.len; rows--) {
		struct str line = str_cut(text, '\n', &text);

		buf_put_str(&out, cell_cut(line, size.ws_col));
		buf_put_str(&out, rows > 1 ? STR(CLEAR_LINE "\n") : STR(CLEAR_LINE));
	}
	if (rows > 0)
		buf_put_str(&out, STR(CLEAR_REST));
	ok = say(out.data, out.len);
	buf_fini(&out);
	return ok;
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* Ctrl-Z: the terminal is the shell's until we are continued. */
static void
suspend(struct screen *screen)
{
	give_terminal(screen);
	raise(SIGSTOP);
	take_terminal(screen);
}

static enum screen_event
read_signals(struct screen *screen)
{
	enum screen_event event = SCREEN_TIME;
	struct signalfd_siginfo info;

	while (read(screen->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			suspend(screen);
		else if (info.ssi_signo != SIGWINCH)
			return SCREEN_QUIT;
		event = SCREEN_RESIZED;
	}
	return event;
}

/* A terminal that is gone quits, too. */
static enum screen_event
read_keys(void)
{
	char keys[64];
	ssize_t got = read(STDIN_FILENO, keys, sizeof(keys));

	if (got < 0 && errno == EINTR)
		return SCREEN_TIME;
	return got <= 0 || memchr(keys, 'q', (size_t)got) ? SCREEN_QUIT : SCREEN_TIME;
}

enum screen_event
screen_wait(struct screen *screen, long wait_ms)
{
	int64_t until_ms = wire_now_ms() + wait_ms, left_ms;
	enum screen_event event = SCREEN_TIME;

	while (event == SCREEN_TIME && (left_ms = until_ms - wire_now_ms()) > 0) {
		struct pollfd fds[] = { { .fd = screen->signal_fd, .events = POLLIN },
			{ .fd = screen->has_keys ? STDIN_FILENO : -1, .events = POLLIN } };

		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return SCREEN_QUIT;
		if (fds[0].revents)
			event = read_signals(screen);
		if (fds[1].revents && event != SCREEN_QUIT && read_keys() == SCREEN_QUIT)
			event = SCREEN_QUIT;
	}
	return event;
}
