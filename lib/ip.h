/* IP addresses: which ones belong to the internet. Pure. */
#pragma once

#include <stdbool.h>

struct sockaddr;

/* False for what is local, private, shared, link-local, unique local, multicast, reserved or no IP address;
 * of an IPv6 address that carries an IPv4 address, that one counts. */
bool cspark_ip_is_public(const struct sockaddr *address);
/* The same for its text. */
bool cspark_ip_text_is_public(const char *text);
