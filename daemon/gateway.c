#include "daemon/gateway.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/version.h"
#include "daemon/gateway_own.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/openapi.h"
#include "daemon/route.h"

#define PULSE_MS 1000
#define STUCK_MS 5000 /* without a turn of a shard's loop; a busy machine may cost a pulse or two */

/* ---- letters from the shards ------------------------------------------------------------ */

struct letter {
	struct gateway *gateway;
	unsigned account;
	uint64_t generation;
	int64_t until_ms;
	enum lifecycle_state state;
	enum lifecycle_event event;
	void (*read)(const struct letter *letter);
};

static void
on_letter(void *arg)
{
	struct letter *letter = arg;

	letter->read(letter);
	free(letter);
}

/* Runs on a shard's thread; the gateway's loop outlives all shards. */
static void
post(struct letter letter)
{
	struct letter *copy = malloc(sizeof *copy);

	assert(copy);
	*copy = letter;
	if (!loop_post(letter.gateway->loop, on_letter, copy))
		free(copy);
}

static void
read_want_token(const struct letter *letter)
{
	tokens_want(letter->gateway->tokens, letter->account, letter->generation);
}

static void
read_held(const struct letter *letter)
{
	for (unsigned i = 0; i < letter->gateway->shard_count; i++)
		shard_hold(letter->gateway->shards[i], letter->account, letter->until_ms);
}

static void
read_adopted(const struct letter *letter)
{
	gateway_adopted(letter->gateway);
}

/* Word of a state that has passed meanwhile says nothing about this one. */
static void
read_idle(const struct letter *letter)
{
	struct gateway *gateway = letter->gateway;

	if (letter->state == lifecycle_state(&gateway->life) && ++gateway->idle == gateway->shard_count)
		lifecycle_tell(&gateway->life, LIFE_IDLE, "idle");
}

static void
read_event(const struct letter *letter)
{
	lifecycle_tell(&letter->gateway->life, letter->event, "operator");
}

static void
on_want_token(void *arg, unsigned account, uint64_t generation)
{
	post((struct letter){
		.gateway = arg, .account = account, .generation = generation, .read = read_want_token });
}

static void
on_held(void *arg, unsigned account, int64_t until_ms)
{
	post((struct letter){ .gateway = arg, .account = account, .until_ms = until_ms, .read = read_held });
}

static void
on_adopted(void *arg)
{
	post((struct letter){ .gateway = arg, .read = read_adopted });
}

static void
on_idle(void *arg, enum lifecycle_state state)
{
	post((struct letter){ .gateway = arg, .state = state, .read = read_idle });
}

/* An operator asks by way of a shard. */
static void
on_event(void *arg, enum lifecycle_event event)
{
	post((struct letter){ .gateway = arg, .event = event, .read = read_event });
}

static const struct shard_ops shard_ops = { on_want_token, on_held, on_adopted, on_idle };

static void
on_announce(void *arg, unsigned account, const struct cspark_token_news *news)
{
	struct gateway *gateway = arg;

	for (unsigned i = 0; i < gateway->shard_count; i++)
		shard_token(gateway->shards[i], account, news);
}

static void
on_badge(void *arg, unsigned listener, const char *token)
{
	struct gateway *gateway = arg;

	for (unsigned i = 0; i < gateway->shard_count; i++)
		shard_badge(gateway->shards[i], listener, token);
}

static void
on_renewal(void *arg, unsigned listener, struct identity *identity)
{
	struct gateway *gateway = arg;

	for (unsigned i = 0; i < gateway->shard_count; i++)
		shard_identify(gateway->shards[i], listener, identity);
}

/* ---- life -------------------------------------------------------------------------------------- */

/* Every shard is told before any is waited for. */
static void
on_state(void *arg, enum lifecycle_state state)
{
	struct gateway *gateway = arg;

	gateway->idle = 0;
	if (state == LIFE_STOPPED)
		loop_stop(gateway->loop);
	for (unsigned i = 0; i < gateway->shard_count && state != LIFE_STOPPED; i++)
		shard_enter(gateway->shards[i], state);
}

static void
on_signal(void *arg, int fd, int events)
{
	struct gateway *gateway = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		switch (info.ssi_signo) {
		case SIGTERM:
			lifecycle_tell(&gateway->life, LIFE_SIGNAL, "SIGTERM");
			break;
		case SIGINT:
			lifecycle_tell(&gateway->life, LIFE_SIGNAL, "SIGINT");
			break;
		case SIGHUP:
			gateway_reload(gateway);
			break;
		case SIGUSR1:
			if (!log_reopen())
				log_say(LOG_ERROR_LEVEL, "log_reopen_failed",
					"the old log file stays in use: %s", fault_text(errno));
			break;
		}
	}
}

/* ---- starting ------------------------------------------------------------------------------------ */

/* The first shard whose loop does not turn; the number of shards: all do. */
static unsigned
find_stuck(const struct gateway *gateway)
{
	int64_t now_ms = loop_now_ms(gateway->loop);
	unsigned i = 0;

	while (i < gateway->shard_count && now_ms - shard_turned_ms(gateway->shards[i]) <= STUCK_MS)
		i++;
	return i;
}

/* The watchdog hears of us only while all shards are alive: with one that is stuck the process is to end. */
static void
tell_alive(struct gateway *gateway)
{
	unsigned stuck = find_stuck(gateway);
	bool is_stuck = stuck < gateway->shard_count;

	if (is_stuck && !gateway->is_stuck)
		log_say(LOG_ERROR_LEVEL, "worker_stuck",
			"worker %u has done nothing for %d ms; its watchdog, if any, hears nothing", stuck,
			STUCK_MS);
	if (!is_stuck && gateway->is_stuck)
		log_say(LOG_WARN_LEVEL, "worker_unstuck", "all workers are at work again");
	gateway->is_stuck = is_stuck;
	if (!is_stuck)
		notify_alive();
}

static void
on_pulse(void *arg)
{
	struct gateway *gateway = arg;
	int64_t watchdog_ms = notify_watchdog_ms();
	int64_t every_ms = watchdog_ms > 0 && watchdog_ms < PULSE_MS ? watchdog_ms : PULSE_MS;

	tell_alive(gateway);
	metrics_set(gateway->metrics[gateway->shard_count], METRIC_LOG_DROPPED, 0, (int64_t)log_dropped());
	loop_timer_set(gateway->loop, &gateway->pulse, loop_now_ms(gateway->loop) + every_ms);
}

/* Signals come through a descriptor; blocked before any thread starts, so that threads inherit it. */
static bool
catch_signals(struct gateway *gateway)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write that fails says so itself */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	gateway->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return gateway->signals >= 0 &&
		loop_watch(gateway->loop, gateway->signals, LOOP_READ, on_signal, gateway);
}

static bool
make_tables(struct gateway *gateway, const struct config *config)
{
	struct metrics_names names = { route_operation_names, ROUTE_OPERATIONS, gateway->tenant_names,
		CONFIG_SLOTS };

	gateway->shard_count = config->workers;
	gateway->metrics = calloc(config->workers + 1, sizeof(struct metrics *));
	gateway->shards = calloc(config->workers, sizeof(struct shard *));
	gateway->admin.tenants = calloc(CONFIG_SLOTS, sizeof *gateway->admin.tenants);
	gateway->admin.boards = calloc(config->workers, sizeof *gateway->admin.boards);
	if (!gateway->metrics || !gateway->shards || !gateway->admin.tenants || !gateway->admin.boards)
		return false;
	for (unsigned i = 0; i <= config->workers; i++) {
		gateway->metrics[i] = metrics_new(&names);
		if (!gateway->metrics[i])
			return false;
	}
	gateway->admin.metrics = gateway->metrics;
	gateway->admin.metrics_count = config->workers + 1;
	gateway->admin.workers = config->workers;
	gateway->admin.started_ms = loop_now_ms(gateway->loop);
	gateway->admin.life = &gateway->life;
	gateway->admin.on_event = on_event;
	gateway->admin.arg = gateway;
	return true;
}

static bool
write_openapi(struct gateway *gateway)
{
	buf_init(&gateway->openapi, OPENAPI_MAX);
	openapi_put(&gateway->openapi);
	gateway->admin.openapi = buf_text(&gateway->openapi);
	return !buf_failed(&gateway->openapi);
}

static bool
make_shard(struct gateway *gateway, const struct config *config, unsigned index)
{
	struct cspark_error error;
	struct shard_options options = {
		.index = index,
		.count = gateway->shard_count,
		.config = config,
		.admin = &gateway->admin,
		.metrics = gateway->metrics[index],
		.ops = &shard_ops,
		.arg = gateway,
	};

	gateway->shards[index] = shard_new(&options, &error);
	if (!gateway->shards[index])
		log_say(LOG_ERROR_LEVEL, "start_failed", "%s", error.detail);
	return gateway->shards[index] != NULL;
}

static bool
make_tokens(struct gateway *gateway)
{
	struct tokens_options options = {
		.metrics = gateway->metrics[gateway->shard_count],
		.tenants = gateway->admin.tenants,
		.announce = on_announce,
		.arg = gateway,
	};

	gateway->tokens = tokens_new(gateway->loop, &options);
	return gateway->tokens != NULL;
}

void
gateway_say_up(struct gateway *gateway)
{
	const struct config *config = gateway->config;

	log_say(LOG_INFO_LEVEL, "started", "csparkd " CSPARKD_VERSION ", %u workers, tenant %s at %s",
		gateway->shard_count, config->tenants[0].name, config->tenants[0].base_url);
	lifecycle_tell(&gateway->life, LIFE_UP, "started");
	log_flush();
}

/* The first snapshot; it comes to the shards as all others do. */
static bool
adopt_first(struct gateway *gateway, struct config *config)
{
	struct cspark_error error;

	if (!gateway_adopt(gateway, config, &error)) {
		log_say(LOG_ERROR_LEVEL, "listen_failed", "%s", error.detail);
		gateway->exit_code = EX_UNAVAILABLE;
		return false;
	}
	for (size_t i = 0; i < gateway->sockets.count; i++)
		log_say(LOG_INFO_LEVEL, "listening", "%s", gateway->sockets.at[i].name);
	return true;
}

/* Of files that may change while we run. */
static bool
make_watchers(struct gateway *gateway, const struct config *config)
{
	struct renewals_options options = { gateway->metrics[gateway->shard_count], on_renewal, gateway };

	gateway->badges = badges_new(gateway->loop, config, on_badge, gateway);
	gateway->renewals = renewals_new(gateway->loop, config, &options);
	return gateway->badges && gateway->renewals;
}

static bool
start(struct gateway *gateway, struct config *config)
{
	gateway->loop = loop_new();
	if (!gateway->loop || !catch_signals(gateway) || !make_tables(gateway, config) ||
		!write_openapi(gateway))
		return false;
	lifecycle_init(&gateway->life, gateway->loop, on_state, gateway);
	loop_timer_init(&gateway->pulse, on_pulse, gateway);
	for (unsigned i = 0; i < gateway->shard_count; i++) {
		if (!make_shard(gateway, config, i))
			return false;
	}
	if (!make_watchers(gateway, config) || !make_tokens(gateway) ||
		!adopt_first(gateway, config_ref(config)))
		return false;
	for (; gateway->started < gateway->shard_count; gateway->started++) {
		if (!shard_start(gateway->shards[gateway->started]))
			return false;
	}
	on_pulse(gateway);
	return true;
}

static void
flush_log(void *arg)
{
	log_flush();
}

static void
take_down(struct gateway *gateway)
{
	for (unsigned i = 0; i < gateway->started; i++)
		shard_stop(gateway->shards[i]);
	for (unsigned i = 0; i < gateway->started; i++)
		shard_join(gateway->shards[i]);
	tokens_free(gateway->tokens);
	badges_free(gateway->badges);
	renewals_free(gateway->renewals);
	for (unsigned i = 0; gateway->shards && i < gateway->shard_count; i++)
		shard_free(gateway->shards[i]);
	if (lifecycle_state(&gateway->life) == LIFE_STOPPED)
		gateway->exit_code = lifecycle_end(&gateway->life);
	for (unsigned i = 0; gateway->metrics && i <= gateway->shard_count; i++)
		metrics_free(gateway->metrics[i]);
	sockets_fini(&gateway->sockets);
	if (gateway->signals >= 0) {
		loop_forget(gateway->loop, gateway->signals);
		close(gateway->signals);
	}
	loop_free(gateway->loop);
	free(gateway->metrics);
	free(gateway->shards);
	free(gateway->admin.tenants);
	free(gateway->admin.boards);
	buf_fini(&gateway->openapi);
	buf_fini(&gateway->kept);
	config_unref(gateway->config);
	config_lineage_fini(&gateway->lineage);
	route_fini();
}

void
gateway_block_reload(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
gateway_run(struct config *config, const struct config_flags *flags)
{
	struct gateway gateway = { .flags = flags, .signals = -1, .exit_code = EX_SOFTWARE };

	if (route_init() && start(&gateway, config)) {
		struct loop_guest flusher = { NULL, flush_log, &gateway };

		(void)loop_add_guest(gateway.loop, &flusher);
		loop_run(gateway.loop);
	} else if (gateway.exit_code == EX_SOFTWARE) {
		log_say(LOG_ERROR_LEVEL, "start_failed", "no memory, no descriptors or no threads: %s",
			strerror(errno));
	}
	take_down(&gateway);
	config_unref(config);
	return gateway.exit_code;
}
