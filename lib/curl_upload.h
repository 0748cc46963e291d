/*
 * What leaves through a handle of libcurl: the method and the body of a request, which may be in memory, in a
 * file or a form.
 *
 * libcurl's options stick to a handle, and one of them changes what another has set. So each kind of body
 * sets all that the others may have left, and nothing else here or elsewhere touches these options.
 */
#pragma once

#include <curl/curl.h>

#include "lib/transport.h"

enum cspark_upload_kind { CSPARK_UPLOAD_NONE, CSPARK_UPLOAD_MEMORY, CSPARK_UPLOAD_FILE, CSPARK_UPLOAD_FORM };

/* A place in a file. */
struct cspark_cursor {
	struct cspark_upload *upload;
	const struct cspark_source *source;
	uint64_t at;
};

struct cspark_upload {
	CURL *easy;
	char method[16]; /* what the handle has been set for */
	enum cspark_upload_kind kind;
	bool torn; /* a file gave less than it should */
	struct cspark_cursor file;
	curl_mime *form;
	struct cspark_cursor *parts;
};

/* For a fresh handle, borrowed. */
void cspark_upload_init(struct cspark_upload *upload, CURL *easy);
/* Sets the handle up for the exchange, from the beginning of its body. False: no memory, or no method of
 * HTTP. */
bool cspark_upload_begin(struct cspark_upload *upload, const struct cspark_exchange *exchange);
/* The transfer is over: frees what belonged to it. The handle must not be under way. */
void cspark_upload_end(struct cspark_upload *upload);
