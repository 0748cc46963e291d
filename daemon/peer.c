#include "daemon/peer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HANGUPS_AT_ONCE = 64 };

static void
on_hangups(void *arg, int fd, int events)
{
	struct peers *peers = arg;
	struct epoll_event hangups[HANGUPS_AT_ONCE];
	int count = epoll_wait(fd, hangups, HANGUPS_AT_ONCE, 0);

	for (int i = 0; i < count; i++) {
		if (hangups[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			peers->on_hangup(peers->arg, hangups[i].data.ptr);
		if (hangups[i].events & (EPOLLIN | EPOLLOUT))
			peers->on_ready(peers->arg, hangups[i].data.ptr);
	}
}

bool
peers_init(struct peers *peers, struct loop *loop, peers_hangup_fn *on_hangup, void *arg)
{
	*peers = (struct peers){ .loop = loop, .on_hangup = on_hangup, .arg = arg };
	peers->set = epoll_create1(EPOLL_CLOEXEC);
	return peers->set >= 0 && loop_watch(loop, peers->set, LOOP_READ, on_hangups, peers);
}

void
peers_fini(struct peers *peers)
{
	if (peers->set < 0)
		return;
	loop_forget(peers->loop, peers->set);
	close(peers->set);
	peers->set = -1;
}

bool
peers_add(struct peers *peers, int fd, void *peer)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = peer };

	return epoll_ctl(peers->set, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool
peers_await(struct peers *peers, int fd, int events, void *peer)
{
	uint32_t more = (events & LOOP_READ ? EPOLLIN : 0u) | (events & LOOP_WRITE ? EPOLLOUT : 0u);
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET | more, .data.ptr = peer };

	return epoll_ctl(peers->set, EPOLL_CTL_MOD, fd, &event) == 0;
}

void
peers_remove(struct peers *peers, int fd)
{
	epoll_ctl(peers->set, EPOLL_CTL_DEL, fd, NULL);
}

/* ---- has it left? ---- */

struct diag_request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

/* The other end's socket is ours with source and destination exchanged. False: not TCP over IP. */
static bool
diag_id(int fd, struct diag_request *ret)
{
	struct sockaddr_in6 here, there; /* large enough for IPv4 too */
	socklen_t here_len = sizeof(here), there_len = sizeof(there);
	struct inet_diag_sockid *id = &ret->body.id;

	if (getsockname(fd, (struct sockaddr *)&here, &here_len) ||
		getpeername(fd, (struct sockaddr *)&there, &there_len))
		return false;
	if (here.sin6_family == AF_INET) {
		memcpy(id->idiag_src, &((struct sockaddr_in *)&there)->sin_addr, 4);
		memcpy(id->idiag_dst, &((struct sockaddr_in *)&here)->sin_addr, 4);
	} else if (here.sin6_family == AF_INET6) {
		memcpy(id->idiag_src, &there.sin6_addr, 16);
		memcpy(id->idiag_dst, &here.sin6_addr, 16);
	} else {
		return false;
	}
	id->idiag_sport = there.sin6_port; /* at the same place for IPv4 */
	id->idiag_dport = here.sin6_port;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	ret->body.sdiag_family = (unsigned char)here.sin6_family;
	return true;
}

/* The inode of the socket that <request> asks for: 0 once no process holds it, or if it cannot be found. */
static unsigned
diag_inode(const struct diag_request *request)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_msg body;
		char more[512];
	} answer;
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	ssize_t len = -1;

	if (netlink < 0)
		return 0;
	if (send(netlink, request, sizeof(*request), 0) == (ssize_t)sizeof(*request))
		len = recv(netlink, &answer, sizeof(answer), 0); /* the kernel has answered within send() */
	close(netlink);
	if (len < (ssize_t)(sizeof(answer.head) + sizeof(answer.body)) ||
		answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	return answer.body.idiag_inode;
}

static bool
poll_says_gone(int fd)
{
	struct pollfd state = { .fd = fd };

	return poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR));
}

bool
peer_has_left(int fd)
{
	struct diag_request request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.body = { .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u },
	};

	if (poll_says_gone(fd))
		return true;
	return diag_id(fd, &request) && diag_inode(&request) == 0;
}

uint64_t
peer_backlog(int fd)
{
	int bytes;

	return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}
