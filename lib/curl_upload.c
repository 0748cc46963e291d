#include "lib/curl_upload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files ---- */

/* Of a file that ends too early nothing is sent that could be taken for the whole. */
static size_t
on_read(char *place, size_t size, size_t count, void *arg)
{
	struct cspark_cursor *cursor = arg;
	uint64_t left = cursor->source->len - cursor->at;
	size_t want = size * count < left ? size * count : (size_t)left;
	ssize_t got;

	if (want == 0)
		return 0;
	do
		got = pread(cursor->source->fd, place, want, (off_t)cursor->at);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		cursor->upload->torn = true;
		return CURL_READFUNC_ABORT;
	}
	cursor->at += (uint64_t)got;
	return (size_t)got;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct cspark_cursor *cursor = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > cursor->source->len)
		return CURL_SEEKFUNC_FAIL;
	cursor->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- forms ---- */

/* libcurl would guess a type from the file's name. */
static const char *
type_of(const struct cspark_part *part)
{
	if (part->content_type && !str_has_control(str_of(part->content_type)))
		return part->content_type;
	return part->file_name ? "application/octet-stream" : NULL;
}

static bool
put_part(curl_mime *form, const struct cspark_part *part, struct cspark_cursor *cursor)
{
	curl_mimepart *to = curl_mime_addpart(form);
	const char *type = type_of(part);

	if (to == NULL || curl_mime_name(to, part->name) != CURLE_OK
		|| (part->file_name && curl_mime_filename(to, part->file_name) != CURLE_OK)
		|| (type && curl_mime_type(to, type) != CURLE_OK))
		return false;
	if (part->source)
		return curl_mime_data_cb(
			       to, (curl_off_t)part->source->len, on_read, on_seek, NULL, cursor)
			== CURLE_OK;
	return curl_mime_data(to, part->text.at ? part->text.at : "", part->text.len) == CURLE_OK;
}

static bool
make_form(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	upload->form = curl_mime_init(upload->easy);
	upload->parts = calloc(exchange->part_count, sizeof(*upload->parts));
	if (upload->form == NULL || upload->parts == NULL)
		return false;
	for (size_t i = 0; i < exchange->part_count; i++) {
		const struct cspark_part *part = &exchange->parts[i];

		upload->parts[i] = (struct cspark_cursor){ .upload = upload, .source = part->source };
		if (!put_part(upload->form, part, &upload->parts[i]))
			return false;
	}
	return true;
}

/* ---- the kinds of bodies ---- */

static bool
begin_none(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	if (strcmp(exchange->method, "HEAD") != 0)
		curl_easy_setopt(upload->easy, CURLOPT_HTTPGET, 1L);
	return true;
}

/* POSTFIELDS also makes it a POST, which is how libcurl calls all that has a body. */
static bool
begin_memory(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	curl_off_t len = exchange->body ? (curl_off_t)exchange->body_len : 0;

	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDSIZE_LARGE, len);
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDS, exchange->body ? exchange->body : "");
	return true;
}

static bool
begin_file(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	upload->file = (struct cspark_cursor){ .upload = upload, .source = exchange->source };
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->source->len);
	return true;
}

/* With POSTFIELDS left from before, libcurl would think that there is nothing to rewind. */
static bool
begin_form(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	if (!make_form(upload, exchange))
		return false;
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
	return curl_easy_setopt(upload->easy, CURLOPT_MIMEPOST, upload->form) == CURLE_OK;
}

static bool (*const BEGIN[])(struct cspark_upload *upload, const struct cspark_exchange *exchange) = {
	[CSPARK_UPLOAD_NONE] = begin_none,
	[CSPARK_UPLOAD_MEMORY] = begin_memory,
	[CSPARK_UPLOAD_FILE] = begin_file,
	[CSPARK_UPLOAD_FORM] = begin_form,
};

/* What changes a resource says that its body is empty; others have none. */
static bool
has_body_always(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static enum cspark_upload_kind
kind_of(const struct cspark_exchange *exchange)
{
	if (strcmp(exchange->method, "HEAD") == 0)
		return CSPARK_UPLOAD_NONE;
	if (exchange->body)
		return CSPARK_UPLOAD_MEMORY;
	if (exchange->part_count > 0)
		return CSPARK_UPLOAD_FORM;
	if (exchange->source)
		return exchange->source->len > 0 ? CSPARK_UPLOAD_FILE : CSPARK_UPLOAD_MEMORY;
	return has_body_always(exchange->method) ? CSPARK_UPLOAD_MEMORY : CSPARK_UPLOAD_NONE;
}

static bool
set_method(struct cspark_upload *upload, const char *method)
{
	size_t len = strlen(method);

	if (len >= sizeof(upload->method))
		return false;
	memcpy(upload->method, method, len + 1);
	curl_easy_setopt(upload->easy, CURLOPT_HTTPGET, 1L); /* ends a HEAD */
	curl_easy_setopt(upload->easy, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(upload->easy, CURLOPT_NOBODY, 1L);
	return true;
}

void
cspark_upload_init(struct cspark_upload *upload, CURL *easy)
{
	*upload = (struct cspark_upload){ .easy = easy };
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, &upload->file);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, &upload->file);
}

bool
cspark_upload_begin(struct cspark_upload *upload, const struct cspark_exchange *exchange)
{
	enum cspark_upload_kind kind = kind_of(exchange);

	if (strcmp(upload->method, exchange->method) != 0 && !set_method(upload, exchange->method))
		return false;
	upload->kind = kind;
	upload->torn = false;
	return BEGIN[kind](upload, exchange);
}

void
cspark_upload_end(struct cspark_upload *upload)
{
	if (upload->kind != CSPARK_UPLOAD_FORM)
		return;
	curl_mime_free(upload->form); /* which takes itself out of the handle */
	free(upload->parts);
	upload->form = NULL;
	upload->parts = NULL;
}
