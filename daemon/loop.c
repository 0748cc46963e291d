#include "daemon/loop.h"

#include <assert.h>
#include <ev.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS_MAX = 16, FD_MAX = 1 << 20 };

struct watch {
	struct ev_io io; /* may be armed for more than <wanted>, see watch_narrow() */
	struct loop *loop;
	loop_ready_fn *on_ready;
	void *arg;
	int wanted;
};

struct due {
	int64_t at_ms;
	uint64_t order; /* of setting: equal times are first come, first served */
	struct loop_timer *timer;
};

struct letter {
	struct letter *next;
	void (*fn)(void *arg);
	void *arg;
};

struct mailbox {
	pthread_mutex_t lock; /* guards what follows up to <bell> */
	struct letter *first;
	struct letter **last;
	bool closed;
	int bell;  /* eventfd, readable while there are letters */
	bool rung; /* the loop's own: it was readable in this iteration */
};

struct loop {
	struct ev_loop *ev;
	struct ev_timer alarm; /* bounds the sleep */
	int64_t alarm_ms;      /* what it is set to; -1: not */
	int64_t now_ms;
	bool stopping;         /* atomic */

	struct watch **watches; /* by descriptor; an entry is made once and stays where it is */
	int watch_count;

	struct due *heap; /* smallest first */
	size_t heap_len, heap_cap;
	uint64_t timers_set;

	struct loop_guest guests[GUESTS_MAX]; /* run == NULL: removed */
	int guest_count;

	struct mailbox mail;
};

/* ---- clock ---- */

int64_t
loop_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

/* libev calls this between its sleep and the first callback. */
static void
on_awake(struct ev_loop *ev)
{
	struct loop *loop = ev_userdata(ev);

	loop->now_ms = loop_clock_us() / 1000;
	ev_invoke_pending(ev);
}

/* ---- descriptors ---- */

static void
watch_arm(struct watch *watch, int events)
{
	struct ev_loop *ev = watch->loop->ev;

	ev_io_stop(ev, &watch->io);
	if (events == 0)
		return;
	ev_io_modify(&watch->io, events);
	ev_io_start(ev, &watch->io);
}

/*
 * Narrowing is put off until an event comes that nobody wants: an owner who stops watching between two
 * uses, as libcurl does after every transfer, then costs no system call.
 */
static void
watch_narrow(struct watch *watch)
{
	watch_arm(watch, watch->wanted);
}

static void
on_io(struct ev_loop *ev, struct ev_io *io, int revents)
{
	struct watch *watch = io->data;
	int events = revents & (LOOP_READ | LOOP_WRITE);

	if (events & ~watch->wanted)
		watch_narrow(watch);
	events &= watch->wanted;
	if (events)
		watch->on_ready(watch->arg, io->fd, events);
}

static bool
watches_grow(struct loop *loop, int fd)
{
	int count = loop->watch_count ? loop->watch_count : 64;
	struct watch **watches;

	while (count <= fd)
		count *= 2;
	watches = realloc(loop->watches, (size_t)count * sizeof(*watches));
	if (!watches)
		return false;
	for (int i = loop->watch_count; i < count; i++)
		watches[i] = NULL;
	loop->watches = watches;
	loop->watch_count = count;
	return true;
}

static struct watch *
watch_of(struct loop *loop, int fd)
{
	struct watch *watch;

	assert(fd >= 0 && fd < FD_MAX);
	if (fd >= loop->watch_count && !watches_grow(loop, fd))
		return NULL;
	watch = loop->watches[fd];
	if (watch)
		return watch;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL;
	watch->loop = loop;
	ev_io_init(&watch->io, on_io, fd, 0);
	watch->io.data = watch;
	return loop->watches[fd] = watch;
}

bool
loop_watch(struct loop *loop, int fd, int events, loop_ready_fn *on_ready, void *arg)
{
	struct watch *watch = watch_of(loop, fd);

	if (!watch)
		return false;
	watch->on_ready = on_ready;
	watch->arg = arg;
	watch->wanted = events;
	if (events == 0 || (ev_is_active(&watch->io) && (events & ~watch->io.events) == 0))
		return true;
	watch_arm(watch, events);
	return true;
}

void
loop_forget(struct loop *loop, int fd)
{
	struct watch *watch = fd >= 0 && fd < loop->watch_count ? loop->watches[fd] : NULL;

	if (!watch)
		return;
	watch->wanted = 0;
	ev_io_stop(loop->ev, &watch->io);
	/* The number will come back as another file: libev must ask the kernel anew. */
	ev_io_set(&watch->io, fd, 0);
}

static void
watches_free(struct loop *loop)
{
	for (int i = 0; i < loop->watch_count; i++) {
		if (!loop->watches[i])
			continue;
		ev_io_stop(loop->ev, &loop->watches[i]->io);
		free(loop->watches[i]);
	}
	free(loop->watches);
}

/* ---- timers: a binary heap; timer->slot is its index + 1, or 0 ---- */

static bool
due_before(const struct due *a, const struct due *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
heap_put(struct loop *loop, size_t at, struct due due)
{
	loop->heap[at] = due;
	due.timer->slot = at + 1;
}

static void
heap_up(struct loop *loop, size_t at, struct due due)
{
	while (at > 0 && due_before(&due, &loop->heap[(at - 1) / 2])) {
		heap_put(loop, at, loop->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(loop, at, due);
}

static void
heap_down(struct loop *loop, size_t at, struct due due)
{
	size_t child;

	while ((child = 2 * at + 1) < loop->heap_len) {
		if (child + 1 < loop->heap_len && due_before(&loop->heap[child + 1], &loop->heap[child]))
			child++;
		if (!due_before(&loop->heap[child], &due))
			break;
		heap_put(loop, at, loop->heap[child]);
		at = child;
	}
	heap_put(loop, at, due);
}

static void
heap_settle(struct loop *loop, size_t at, struct due due)
{
	if (at > 0 && due_before(&due, &loop->heap[(at - 1) / 2]))
		heap_up(loop, at, due);
	else
		heap_down(loop, at, due);
}

static void
heap_remove(struct loop *loop, struct loop_timer *timer)
{
	size_t at = timer->slot - 1;
	struct due last = loop->heap[--loop->heap_len];

	timer->slot = 0;
	if (last.timer != timer)
		heap_settle(loop, at, last);
}

static void
heap_insert(struct loop *loop, struct due due)
{
	if (loop->heap_len == loop->heap_cap) {
		loop->heap_cap = loop->heap_cap ? 2 * loop->heap_cap : 64;
		loop->heap = realloc(loop->heap, loop->heap_cap * sizeof(*loop->heap));
		/* A timer that silently never fires would hang its owner: there is no way on. */
		assert(loop->heap);
	}
	heap_up(loop, loop->heap_len++, due);
}

void
loop_timer_init(struct loop_timer *timer, void (*on_due)(void *arg), void *arg)
{
	*timer = (struct loop_timer){ .at_ms = -1, .on_due = on_due, .arg = arg };
}

void
loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	struct due due = { .at_ms = at_ms, .order = loop->timers_set++, .timer = timer };

	timer->at_ms = at_ms;
	if (at_ms < 0) {
		if (timer->slot)
			heap_remove(loop, timer);
		return;
	}
	/* So one set late sorts behind all that are due already, and timers_run() can stop at it. */
	if (due.at_ms < loop->now_ms)
		due.at_ms = loop->now_ms;
	if (timer->slot)
		heap_settle(loop, timer->slot - 1, due);
	else
		heap_insert(loop, due);
}

static void
timers_run(struct loop *loop)
{
	uint64_t end = loop->timers_set;

	while (loop->heap_len && loop->heap[0].at_ms <= loop->now_ms && loop->heap[0].order < end) {
		struct loop_timer *timer = loop->heap[0].timer;

		heap_remove(loop, timer);
		timer->at_ms = -1;
		timer->on_due(timer->arg);
	}
}

/* ---- guests ---- */

bool
loop_add_guest(struct loop *loop, const struct loop_guest *guest)
{
	if (loop->guest_count == GUESTS_MAX)
		return false;
	loop->guests[loop->guest_count++] = *guest;
	return true;
}

void
loop_remove_guest(struct loop *loop, const void *arg)
{
	/* The entry is kept until guests_run() is over: it may be the one that asks. */
	for (int i = 0; i < loop->guest_count; i++)
		if (loop->guests[i].arg == arg)
			loop->guests[i].run = NULL;
}

static void
guests_run(struct loop *loop)
{
	int kept = 0;

	for (int i = 0; i < loop->guest_count; i++)
		if (loop->guests[i].run)
			loop->guests[i].run(loop->guests[i].arg);
	for (int i = 0; i < loop->guest_count; i++)
		if (loop->guests[i].run)
			loop->guests[kept++] = loop->guests[i];
	loop->guest_count = kept;
}

/* ---- mailbox ---- */

static bool
mailbox_init(struct mailbox *mail)
{
	mail->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mail->bell < 0)
		return false;
	pthread_mutex_init(&mail->lock, NULL);
	mail->last = &mail->first;
	return true;
}

static void
mailbox_ring(struct mailbox *mail)
{
	ssize_t n = write(mail->bell, &(uint64_t){ 1 }, sizeof(uint64_t));

	(void)n; /* fails only when it is readable anyway */
}

static struct letter *
mailbox_take(struct mailbox *mail)
{
	struct letter *first;

	pthread_mutex_lock(&mail->lock);
	first = mail->first;
	mail->first = NULL;
	mail->last = &mail->first;
	pthread_mutex_unlock(&mail->lock);
	return first;
}

static void
mailbox_run(struct mailbox *mail)
{
	struct letter *letter, *next;

	if (!mail->rung)
		return;
	mail->rung = false;
	for (letter = mailbox_take(mail); letter; letter = next) {
		next = letter->next;
		letter->fn(letter->arg);
		free(letter);
	}
}

static void
mailbox_close(struct mailbox *mail)
{
	pthread_mutex_lock(&mail->lock);
	mail->closed = true;
	pthread_mutex_unlock(&mail->lock);
}

static void
mailbox_fini(struct mailbox *mail)
{
	mailbox_close(mail);
	mail->rung = true;
	mailbox_run(mail);
	pthread_mutex_destroy(&mail->lock);
	close(mail->bell);
}

/* Letters are read after the timers. */
static void
on_bell(void *arg, int fd, int events)
{
	struct mailbox *mail = arg;
	uint64_t rings;
	ssize_t n = read(fd, &rings, sizeof(rings));

	(void)n;
	mail->rung = true;
}

bool
loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
	struct mailbox *mail = &loop->mail;
	struct letter *letter = malloc(sizeof(*letter));
	bool was_empty;

	if (!letter)
		return false;
	*letter = (struct letter){ .fn = fn, .arg = arg };
	pthread_mutex_lock(&mail->lock);
	if (mail->closed) {
		pthread_mutex_unlock(&mail->lock);
		free(letter);
		return false;
	}
	was_empty = !mail->first;
	*mail->last = letter;
	mail->last = &letter->next;
	pthread_mutex_unlock(&mail->lock);
	if (was_empty)
		mailbox_ring(mail);
	return true;
}

/* ---- the loop ---- */

static void
on_alarm(struct ev_loop *ev, struct ev_timer *alarm, int revents)
{
	struct loop *loop = ev_userdata(ev);

	ev_timer_stop(ev, alarm);
	loop->alarm_ms = -1;
}

struct loop *
loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->mail.bell = -1;
	loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!loop->ev || !mailbox_init(&loop->mail))
		goto fail;
	ev_set_userdata(loop->ev, loop);
	ev_set_invoke_pending_cb(loop->ev, on_awake);
	ev_init(&loop->alarm, on_alarm);
	loop->alarm_ms = -1;
	loop->now_ms = loop_clock_us() / 1000;
	if (!loop_watch(loop, loop->mail.bell, LOOP_READ, on_bell, &loop->mail))
		goto fail;
	return loop;
fail:
	if (loop->mail.bell >= 0)
		mailbox_fini(&loop->mail);
	watches_free(loop);
	if (loop->ev)
		ev_loop_destroy(loop->ev);
	free(loop);
	return NULL;
}

void
loop_free(struct loop *loop)
{
	if (!loop)
		return;
	mailbox_fini(&loop->mail);
	watches_free(loop);
	ev_timer_stop(loop->ev, &loop->alarm);
	ev_loop_destroy(loop->ev);
	free(loop->heap);
	free(loop);
}

/* How long the next sleep may be; -1: until something happens. */
static int64_t
sleep_ms(const struct loop *loop)
{
	int64_t least = -1;

	if (loop->heap_len)
		least = loop->heap[0].at_ms > loop->now_ms ? loop->heap[0].at_ms - loop->now_ms : 0;
	for (int i = 0; i < loop->guest_count && least != 0; i++) {
		const struct loop_guest *guest = &loop->guests[i];
		int64_t ms = guest->run && guest->timeout_ms ? guest->timeout_ms(guest->arg) : -1;

		if (ms >= 0 && (least < 0 || ms < least))
			least = ms;
	}
	return least;
}

static void
alarm_set(struct loop *loop, int64_t ms)
{
	int64_t at_ms = ms < 0 ? -1 : loop->now_ms + ms;

	if (at_ms == loop->alarm_ms)
		return;
	loop->alarm_ms = at_ms;
	/* repeat 0 makes ev_timer_again() stop it */
	loop->alarm.repeat = ms < 0 ? 0. : (double)ms / 1e3;
	ev_timer_again(loop->ev, &loop->alarm);
}

void
loop_run(struct loop *loop)
{
	while (!__atomic_load_n(&loop->stopping, __ATOMIC_ACQUIRE)) {
		int64_t ms = sleep_ms(loop);

		if (ms != 0)
			alarm_set(loop, ms);
		ev_run(loop->ev, ms == 0 ? EVRUN_NOWAIT : EVRUN_ONCE); /* sleep, descriptors */
		timers_run(loop);
		mailbox_run(&loop->mail);
		guests_run(loop);
	}
}

void
loop_stop(struct loop *loop)
{
	mailbox_close(&loop->mail);
	__atomic_store_n(&loop->stopping, true, __ATOMIC_RELEASE);
	mailbox_ring(&loop->mail);
}
