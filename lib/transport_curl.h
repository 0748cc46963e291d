/* The transport over libcurl; made by cspark_transport_new_curl(). This is what only its tests need. */
#pragma once

#include "lib/transport.h"

/* Lets libcurl repeat a request on its own when a kept connection dies. For the test that shows why it
 * must not. */
void cspark_transport_curl_guard(struct cspark_transport *transport, bool guarded);
