#include "daemon/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/str.h"

enum { BACKLOG = 4096 }; /* the kernel lowers it to net.core.somaxconn */

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un path;
};

static int
fail(struct cspark_error *ret_error, const char *address, const char *why)
{
	ret_error->code = CSPARK_E_INTERNAL;
	snprintf(ret_error->detail, sizeof(ret_error->detail), "cannot listen on %s: %s", address, why);
	return -1;
}

/* ---- addresses ---- */

const char *
listener_path(const char *address)
{
	return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

const char *
listener_passed_name(const char *address)
{
	return strncmp(address, "systemd:", 8) == 0 ? address + 8 : NULL;
}

bool
listener_is_unix(const char *address)
{
	return listener_path(address) != NULL;
}

static bool
parse_unix(const char *path, union address *ret, socklen_t *ret_len)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len >= sizeof(ret->path.sun_path))
		return false;
	ret->path.sun_family = AF_UNIX;
	memcpy(ret->path.sun_path, path, len + 1);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return true;
}

/* <host>:<port>, an IPv6 address in brackets. Names are not looked up: which address is meant must not
 * depend on the network. */
static bool
parse_tcp(const char *text, union address *ret, socklen_t *ret_len)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (!colon || len >= sizeof(host) || !str_to_u64(str_of(colon + 1), 65535, &port))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		ret->six.sin6_family = AF_INET6;
		ret->six.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->six);
		return inet_pton(AF_INET6, host + 1, &ret->six.sin6_addr) == 1;
	}
	ret->four.sin_family = AF_INET;
	ret->four.sin_port = htons((uint16_t)port);
	*ret_len = sizeof(ret->four);
	return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
		&ret->four.sin_addr) == 1;
}

static bool
parse(const char *text, union address *ret, socklen_t *ret_len)
{
	const char *path = listener_path(text);

	memset(ret, 0, sizeof(*ret));
	return path ? parse_unix(path, ret, ret_len) : parse_tcp(text, ret, ret_len);
}

bool
listener_is_local(const char *text)
{
	union address address;
	socklen_t len;

	if (!parse(text, &address, &len))
		return false;
	switch (address.any.sa_family) {
	case AF_INET:
		return ntohl(address.four.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&address.six.sin6_addr);
	default:
		return true;
	}
}

/* An abstract name begins with a NUL and ends with <len>. */
static void
name_path(const struct sockaddr_un *path, socklen_t len, char ret[LISTENER_NAME_MAX])
{
	int abstract_len = (int)len - (int)offsetof(struct sockaddr_un, sun_path) - 1;

	if (path->sun_path[0] || abstract_len <= 0)
		snprintf(ret, LISTENER_NAME_MAX, "unix:%s", path->sun_path);
	else
		snprintf(ret, LISTENER_NAME_MAX, "unix:@%.*s", abstract_len, path->sun_path + 1);
}

void
listener_name(int fd, char ret[LISTENER_NAME_MAX])
{
	union address address = { 0 };
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "?";

	getsockname(fd, &address.any, &len);
	switch (address.any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &address.four.sin_addr, text, sizeof(text));
		snprintf(ret, LISTENER_NAME_MAX, "%s:%u", text, ntohs(address.four.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &address.six.sin6_addr, text, sizeof(text));
		snprintf(ret, LISTENER_NAME_MAX, "[%s]:%u", text, ntohs(address.six.sin6_port));
		break;
	default:
		name_path(&address.path, len, ret);
	}
}

/* ---- unix sockets ---- */

/* Nobody listens on it: its last owner died without removing it. */
static bool
is_dead_socket(const union address *address, socklen_t len)
{
	struct stat status;
	bool is_dead;
	int fd;

	if (lstat(address->path.sun_path, &status) || !S_ISSOCK(status.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	is_dead = connect(fd, &address->any, len) != 0 && errno == ECONNREFUSED;
	close(fd);
	return is_dead;
}

static bool
find_group(const char *name, gid_t *ret)
{
	struct group *group = getgrnam(name);
	uint64_t number;

	if (group) {
		*ret = group->gr_gid;
		return true;
	}
	if (!str_to_u64(str_of(name), UINT32_MAX - 1, &number))
		return false;
	*ret = (gid_t)number;
	return true;
}

static bool
find_owner(const char *name, uid_t *ret)
{
	struct passwd *user = getpwnam(name);
	uint64_t number;

	if (user) {
		*ret = user->pw_uid;
		return true;
	}
	if (!str_to_u64(str_of(name), UINT32_MAX - 1, &number))
		return false;
	*ret = (uid_t)number;
	return true;
}

/* False, with errno. */
static bool
give_away(const char *path, uid_t owner, gid_t group)
{
	if (owner == (uid_t)-1 && group == (gid_t)-1)
		return true;
	return chown(path, owner, group) == 0;
}

/* The socket is made without any permission and gets its own only when it has its owner and group. */
static int
bind_unix(int fd, const struct listener_options *options, const union address *address, socklen_t len)
{
	const char *path = address->path.sun_path;
	uid_t owner = (uid_t)-1;
	gid_t group = (gid_t)-1;
	mode_t mask;
	int failed;

	if ((options->group && !find_group(options->group, &group)) ||
		(options->owner && !find_owner(options->owner, &owner))) {
		errno = EINVAL;
		return -1;
	}
	if (is_dead_socket(address, len))
		unlink(path);
	mask = umask(0777);
	failed = bind(fd, &address->any, len);
	umask(mask);
	if (failed)
		return -1;
	if (give_away(path, owner, group) && chmod(path, options->mode) == 0)
		return 0;
	failed = errno;
	unlink(path);
	errno = failed;
	return -1;
}

/* ---- opening ---- */

static int
bind_tcp(int fd, const union address *address, socklen_t len)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)))
		return -1;
	if (address->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return -1;
	return bind(fd, &address->any, len);
}

/* Another process of ours with SO_REUSEPORT would share the port without anybody noticing: try without
 * it first. */
static bool
is_taken(const union address *address, socklen_t len)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool taken;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	taken = bind(fd, &address->any, len) != 0 && errno == EADDRINUSE;
	close(fd);
	return taken;
}

static int
new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int
listener_open(const struct listener_options *options, struct cspark_error *ret_error)
{
	union address address;
	socklen_t len;
	bool is_unix;
	int fd;

	if (!parse(options->address, &address, &len))
		return fail(ret_error, options->address,
			"an address is IPV4:PORT, [IPV6]:PORT or unix:/absolute/path (at most 107 bytes)");
	is_unix = address.any.sa_family == AF_UNIX;
	if (!is_unix && is_taken(&address, len))
		return fail(ret_error, options->address, strerror(EADDRINUSE));
	fd = new_socket(address.any.sa_family);
	if (fd < 0)
		return fail(ret_error, options->address, strerror(errno));
	if ((is_unix ? bind_unix(fd, options, &address, len) : bind_tcp(fd, &address, len)) ||
		listen(fd, BACKLOG)) {
		fail(ret_error, options->address, fault_text(errno));
		close(fd);
		return -1;
	}
	return fd;
}

bool
listener_adopt(int fd)
{
	int type, listens, domain, flags = fcntl(fd, F_GETFL);
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) ||
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return false;
	if (type != SOCK_STREAM || !listens || (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX))
		return false;
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

int
listener_dup(int fd, struct cspark_error *ret_error)
{
	char name[LISTENER_NAME_MAX];
	int more = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	listener_name(fd, name);
	return more >= 0 ? more : fail(ret_error, name, strerror(errno));
}

int
listener_share(int fd, struct cspark_error *ret_error)
{
	char name[LISTENER_NAME_MAX];
	union address address = { 0 };
	socklen_t len = sizeof(address);
	int more;

	listener_name(fd, name);
	if (getsockname(fd, &address.any, &len))
		return fail(ret_error, name, strerror(errno));
	if (address.any.sa_family == AF_UNIX)
		return listener_dup(fd, ret_error);
	more = new_socket(address.any.sa_family);
	if (more < 0)
		return fail(ret_error, name, strerror(errno));
	if (bind_tcp(more, &address, len) == 0 && listen(more, BACKLOG) == 0)
		return more;
	fail(ret_error, name, strerror(errno));
	close(more);
	return -1;
}
