#include "lib/ask.h"

#include "tests/unit/requests.h"

static const struct cspark_source FILE_SOURCE = { 7, 1000 };

static struct cspark_request *
upload(enum cspark_operation operation, const char *arguments, const char *type)
{
	struct cspark_error error = { .detail = "" };
	struct asked asked;
	struct cspark_ask ask;
	struct cspark_request *request;

	asked_read(&asked, arguments);
	ask = ask_for(operation, &asked, NULL);
	ask.source = &FILE_SOURCE;
	ask.source_type = type;
	request = cspark_operation_request("acme", &ask, &error);
	cr_assert(request, "%s", error.detail);
	cr_expect_null(request->body);
	buf_fini(&asked.text);
	return request;
}

static void
expect_file(const struct cspark_part *part, const char *name, const char *file_name, const char *type)
{
	cr_expect_str_eq(part->name, name);
	cr_expect_str_eq(part->file_name, file_name, "%s", part->file_name);
	cr_expect_str_eq(part->content_type, type);
	cr_expect_eq(part->source, &FILE_SOURCE);
	cr_expect_eq(part->text.len, 0);
}

static void
expect_field(const struct cspark_part *part, const char *name, const char *text)
{
	cr_expect_str_eq(part->name, name);
	cr_expect_null(part->file_name);
	cr_expect_null(part->source);
	cr_expect_eq(part->text.len, strlen(text));
	cr_expect_str_eq(part->text.at, text, "%s", part->text.at);
}

Test(ask_parts, sends_a_workbook_with_its_entity)
{
	struct cspark_request *request = upload(
		CSPARK_OP_SERVICE_UPLOAD, "folder=f&service=my%20s&_versioning=major", NULL);

	cr_assert_str_eq(request->path, "/acme/api/v3/folders/f/services/my%20s/upload");
	cr_assert_eq(request->part_count, 2);
	expect_field(&request->parts[0], "engineUploadRequestEntity",
		"{\"request_data\":{\"version_difference\":\"major\","
		"\"effective_start_date\":\"2025-02-01T10:00:00.000Z\","
		"\"effective_end_date\":\"2035-02-01T10:00:00.000Z\"}}");
	expect_file(&request->parts[1], "serviceFile", "my s.xlsx", "application/octet-stream");
	cspark_request_free(request);
}

Test(ask_parts, passes_the_type_of_the_file_on)
{
	struct cspark_request *request = upload(
		CSPARK_OP_SERVICE_UPLOAD, "folder=f&service=s", "application/vnd.ms-excel");

	expect_file(&request->parts[1], "serviceFile", "s.xlsx", "application/vnd.ms-excel");
	cspark_request_free(request);
}

Test(ask_parts, sends_an_archive_with_its_entity)
{
	struct cspark_request *request = upload(CSPARK_OP_IMPORT_START, "_correlation=c", NULL);

	cr_assert_str_eq(request->path, "/acme/api/v4/import");
	cr_assert_eq(request->part_count, 2);
	expect_field(&request->parts[0], "importRequestEntity",
		"{\"inputs\":{\"services_modify\":[]},\"services_existing\":\"add_version\","
		"\"source_system\":\"csparkd\",\"correlation_id\":\"c\"}");
	expect_file(&request->parts[1], "file", "package.zip", "application/zip");
	cspark_request_free(request);
}

Test(ask_parts, sends_fields_as_parts_of_their_own)
{
	struct cspark_request *request = upload(CSPARK_OP_FOLDER_COVER, "id=i", NULL);

	cr_assert_str_eq(request->path, "/api/v1/product/UploadCoverImage");
	cr_assert_eq(request->part_count, 2);
	expect_field(&request->parts[0], "id", "i");
	expect_file(&request->parts[1], "coverImage", "cover", "image/png");
	cspark_request_free(request);
	request = upload(CSPARK_OP_FOLDER_COVER, "id=i&_filename=a%22b.jpg", "image/jpeg");
	expect_file(&request->parts[1], "coverImage", "a\"b.jpg", "image/jpeg");
	cspark_request_free(request);
}

Test(ask_parts, names_a_document_after_what_the_caller_says)
{
	struct cspark_request *request = upload(CSPARK_OP_TRANSFORM_UPLOAD, "folder=f&name=vol", NULL);

	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/f");
	cr_assert_eq(request->part_count, 1);
	expect_file(&request->parts[0], "file", "vol_transform.json", "application/json");
	cspark_request_free(request);
	request = upload(CSPARK_OP_TRANSFORM_UPLOAD, "folder=f", NULL);
	expect_file(&request->parts[0], "file", "uploaded_transform.json", "application/json");
	cspark_request_free(request);
}

Test(ask_parts, sends_a_package_to_the_runner)
{
	struct cspark_request *request = upload(CSPARK_OP_HYBRID_UPLOAD, "", NULL);

	cr_assert_str_eq(request->path, "/api/v3/upload");
	cr_assert_eq(request->part_count, 1);
	expect_file(&request->parts[0], "file", "package.zip", "application/zip");
	cspark_request_free(request);
}
