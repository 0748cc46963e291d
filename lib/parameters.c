/*
 * What operations take besides the parts of their paths: lists named in operations.def. An order is the one
 * on the wire. Source: the vendor's SDKs, for what they send by default too.
 */
#include "lib/operations.h"

#define END                  \
	{                    \
		.wire = NULL \
	}
#define TEXT(name_, place_, wire_, fallback_, help_)                                             \
	{                                                                                        \
		.name = (name_), .kind = CSPARK_TEXT, .place = CSPARK_##place_, .wire = (wire_), \
		.fallback = (fallback_), .help = (help_)                                         \
	}
#define ONE_OF(name_, place_, wire_, fallback_, choices_, help_)                                 \
	{                                                                                        \
		.name = (name_), .kind = CSPARK_TEXT, .place = CSPARK_##place_, .wire = (wire_), \
		.fallback = (fallback_), .choices = (choices_), .help = (help_)                  \
	}
#define KIND(kind_, name_, place_, wire_, fallback_, help_)                                         \
	{                                                                                           \
		.name = (name_), .kind = CSPARK_##kind_, .place = CSPARK_##place_, .wire = (wire_), \
		.fallback = (fallback_), .help = (help_)                                            \
	}
#define NEEDED(name_, place_, wire_, help_)                                                      \
	{                                                                                        \
		.name = (name_), .kind = CSPARK_TEXT, .place = CSPARK_##place_, .wire = (wire_), \
		.help = (help_), .required = true                                                \
	}
#define START(wire_) KIND(DATE, "_start", IN_BODY, wire_, "@now", "from when the version is effective")
#define UNTIL(wire_) KIND(DATE, "_end", IN_BODY, wire_, "@end", "until when the version is effective")
#define PAGE(size_)                                                         \
	KIND(INTEGER, "_page", IN_BODY, "page", "1", "which page, from 1"), \
		KIND(INTEGER, "_limit", IN_BODY, size_, "100", "how many a page")
#define SOURCE      TEXT("_source", IN_BODY, "source_system", "csparkd", "source system")
#define CORRELATION TEXT("_correlation", IN_BODY, "correlation_id", NULL, "correlation id")

#define VERSIONING                                                                         \
	ONE_OF("_versioning", IN_BODY, "version_difference", "minor", "major minor patch", \
		"which part of the version number grows")

const struct cspark_parameter cspark_no_parameters[] = { END };

/* ---- services ---- */

const struct cspark_parameter cspark_service_search[] = {
	KIND(INTEGER, "_page", IN_BODY, "page", "1", "which page, from 1"),
	KIND(INTEGER, "_limit", IN_BODY, "page_size", "-1", "how many a page; -1: all"),
	TEXT("_sort", IN_BODY, "sort", "name1_co", "order"),
	TEXT("*", IN_SEARCH, "*", NULL, "a filter: any field of a service, as in foldername=pricing"),
	KIND(LIST, "_fields", IN_BODY, "fields", "id,foldername,filename,version,modifiedDate",
		"which fields to tell"),
	END,
};
const struct cspark_parameter cspark_service_folder_list[] = {
	PAGE("pageSize"),
	TEXT("*", IN_SEARCH, "*", NULL, "a filter: any field of a service"),
	TEXT("_sort", IN_BODY, "sort", "name1", "order"),
	END,
};
const struct cspark_parameter cspark_swagger[] = {
	TEXT("_subservice", IN_PATH, "subservice", "All", "subservices, comma-separated"),
	KIND(FLAG, "_downloadable", IN_PATH, "downloadable", "false", "as a file"),
	TEXT("_version_id", IN_PATH, "version_id", "", "id of the version; the latest without it"),
	END,
};
const struct cspark_parameter cspark_workbook[] = {
	TEXT("_version_id", IN_PATH, "version_id", "", "id of the version; the latest without it"),
	TEXT("_filename", IN_QUERY, "filename", "", "name of the file"),
	{ .name = "_type",
		.kind = CSPARK_TEXT,
		.place = CSPARK_IN_QUERY,
		.wire = "type",
		.fallback = "",
		.choices = "original configured withmetadata",
		.words = "original= configured=withmetadata",
		.help = "the workbook as it was uploaded, or configured" },
	END,
};
const struct cspark_parameter cspark_service_upload[] = {
	VERSIONING,
	START("effective_start_date"),
	UNTIL("effective_end_date"),
	TEXT("_compiler_version", IN_BODY, "compiler_version", NULL,
		"version of the compiler, as in StableLatest"),
	TEXT("_compiler_type", IN_BODY, "compiler_type", NULL, "kind of the compiler, as in Neuron"),
	END,
};
const struct cspark_parameter cspark_service_create[] = {
	VERSIONING,
	START("effective_start_date"),
	UNTIL("effective_end_date"),
	TEXT("_compiler_version", IN_BODY, "compiler_version", NULL,
		"version of the compiler, as in StableLatest"),
	TEXT("_compiler_type", IN_BODY, "compiler_type", NULL, "kind of the compiler, as in Neuron"),
	TEXT("_draft_name", IN_RECIPE, "draft_service_name", NULL, "name of the published service"),
	TEXT("_label", IN_RECIPE, "version_label", NULL, "label of the version"),
	TEXT("_notes", IN_RECIPE, "release_note", NULL, "release note"),
	TEXT("_tags", IN_RECIPE, "tags", NULL, "tags, comma-separated"),
	END,
};
const struct cspark_parameter cspark_service_publish[] = {
	TEXT("_draft_name", IN_BODY, "draft_service_name", "{service}", "name of the published service"),
	START("effective_start_date"),
	UNTIL("effective_end_date"),
	NEEDED("_file_id", IN_BODY, "original_file_documentid", "original_file_documentid of the upload"),
	NEEDED("_engine_id", IN_BODY, "engine_file_documentid", "engine_file_documentid of the upload"),
	VERSIONING,
	KIND(FLAG, "_track", IN_BODY, "should_trck_user_action", "false", "whether Spark tracks it"),
	TEXT("_label", IN_BODY, "version_label", NULL, "label of the version"),
	TEXT("_notes", IN_BODY, "release_note", NULL, "release note"),
	TEXT("_tags", IN_BODY, "tags", NULL, "tags, comma-separated"),
	END,
};
const struct cspark_parameter cspark_service_recompile[] = {
	TEXT("_version_id", IN_BODY, "versionId", NULL, "id of the version; the latest without it"),
	ONE_OF("_versioning", IN_BODY, "upgradeType", "patch", "major minor patch",
		"which part of the version number grows"),
	TEXT("_compiler", IN_BODY, "neuronCompilerVersion", "StableLatest",
		"version of the compiler: Neuron_v1.2.3, StableLatest, TenantDefault or ReleaseCandidate"),
	TEXT("_notes", IN_BODY, "releaseNotes", "Recompiled via csparkd", "release note"),
	TEXT("_label", IN_BODY, "versionLabel", NULL, "label of the version"),
	START("effectiveStartDate"),
	UNTIL("effectiveEndDate"),
	TEXT("_tags", IN_BODY, "tags", NULL, "tags, comma-separated"),
	END,
};

/* ---- folders and categories ---- */

const struct cspark_parameter cspark_folder_list[] = {
	TEXT("id", IN_SEARCH, "id", NULL, "id of the folder"),
	TEXT("name", IN_SEARCH, "name", NULL, "name, or a part of it"),
	TEXT("status", IN_SEARCH, "status", NULL, "status, as in Design"),
	TEXT("category", IN_SEARCH, "category", NULL, "category"),
	KIND(FLAG, "favorite", IN_SEARCH, "isstarred", NULL, "only starred ones"),
	PAGE("pageSize"),
	TEXT("_sort", IN_BODY, "sort", "-updated", "order; a leading minus is descending"),
	KIND(FLAG, NULL, IN_BODY, "shouldFetchActiveServicesCount", "true", NULL),
	END,
};
const struct cspark_parameter cspark_folder_create[] = {
	NEEDED("name", IN_BODY, "Name", "name of the folder"),
	TEXT("description", IN_BODY, "Description", "Created by csparkd", "description"),
	TEXT("category", IN_BODY, "Category", "Other", "category"),
	KIND(DATE, "start", IN_BODY, "StartDate", "@now", "when it starts"),
	KIND(DATE, "launch", IN_BODY, "LaunchDate", "@end", "when it is launched"),
	TEXT("status", IN_BODY, "Status", "Design", "status"),
	END,
};
const struct cspark_parameter cspark_folder_get[] = {
	KIND(INTEGER, "services", IN_QUERY, "noOfCalculationEngines", NULL, "how many services to tell"),
	END,
};
const struct cspark_parameter cspark_folder_update[] = {
	TEXT("name", IN_BODY, "name", NULL, "name"),
	TEXT("description", IN_BODY, "description", NULL, "description"),
	TEXT("category", IN_BODY, "category", NULL, "category"),
	TEXT("status", IN_BODY, "status", NULL, "status"),
	TEXT("start", IN_BODY, "startDate", NULL, "when it starts"),
	TEXT("launch", IN_BODY, "launchDate", NULL, "when it is launched"),
	KIND(FLAG, NULL, IN_BODY, "shouldTrackUserAction", "true", NULL),
	END,
};
const struct cspark_parameter cspark_folder_cover[] = {
	TEXT(NULL, IN_BODY, "id", "{id}", NULL),
	TEXT("_filename", IN_RECIPE, "@filename", NULL, "name of the image"),
	END,
};
const struct cspark_parameter cspark_category_save[] = {
	NEEDED("name", IN_BODY, "value", "name of the category"),
	TEXT("key", IN_BODY, "key", "@uuid", "key; a new category without it"),
	TEXT("icon", IN_BODY, "icon", "other.svg", "icon"),
	END,
};

/* ---- Transform documents ---- */

/* The metadata goes into a header (transform.c). */
#define META(name_, help_) TEXT(name_, IN_RECIPE, "@meta", NULL, help_)

const struct cspark_parameter cspark_transform_using[] = {
	TEXT("_using", IN_RECIPE, "@using", NULL,
		"the document: folder/name; name alone: of the old area; the service's own without it"),
	ONE_OF("_api", IN_RECIPE, "@api", "v3", "v3 v4", "version of the service's API behind the document"),
	META("_version", "semantic version of the service"),
	META("_date", "version effective then"),
	META("_purpose", "call purpose"),
	META("_source", "source system"),
	META("_correlation", "correlation id"),
	META("_outputs", "only these outputs, comma-separated"),
	META("_filter", "regular expression over outputs"),
	META("_subservices", "subservices, comma-separated"),
	META("_compiler", "kind of the compiler"),
	META("_tables", "tables to give as arrays"),
	META("_echo", "echo the inputs"),
	META("_debug", "debug solve functions"),
	META("_excel", "make a downloadable workbook"),
	END,
};
const struct cspark_parameter cspark_transform_run[] = {
	NEEDED("_using", IN_RECIPE, "@using", "the document: folder/name"),
	END,
};
const struct cspark_parameter cspark_transform_list[] = {
	PAGE("pageSize"),
	TEXT("_sort", IN_BODY, "sort", "-updatedAt", "order; a leading minus is descending"),
	TEXT("type", IN_SEARCH, "transform_type", NULL, "type, as in JSONtransforms_v1.0.1"),
	TEXT("name", IN_SEARCH, "name", NULL, "name"),
	END,
};
const struct cspark_parameter cspark_transform_document[] = {
	TEXT(NULL, IS_BODY, "transform_content", NULL, NULL),
	END,
};
const struct cspark_parameter cspark_transform_upload[] = {
	TEXT("name", IN_RECIPE, "@name", "uploaded", "name of the document"),
	END,
};

/* ---- batches ---- */

const struct cspark_parameter cspark_batch_create[] = {
	TEXT("service", IN_BODY, "service", NULL,
		"folder/service, with [version] if wanted, or a service id"),
	TEXT("version_id", IN_BODY, "version_id", NULL, "id of the version, instead of the service"),
	TEXT("_date", IN_BODY, "version_by_timestamp", NULL, "version effective then"),
	TEXT("_subservices", IN_BODY, "subservice", NULL, "subservices, comma-separated"),
	TEXT("_outputs", IN_BODY, "output", NULL, "only these outputs, comma-separated"),
	TEXT("_purpose", IN_BODY, "call_purpose", "Async Batch Execution", "call purpose"),
	SOURCE,
	CORRELATION,
	TEXT("_record_key", IN_BODY, "unique_record_key", NULL, "inputs that name a record, comma-separated"),
	KIND(INTEGER, "_initial_workers", IN_BODY, "initial_workers", NULL, "workers at the start"),
	KIND(INTEGER, "_max_workers", IN_BODY, "max_workers", NULL, "workers at most"),
	KIND(INTEGER, "_chunks_per_request", IN_BODY, "chunks_per_request", NULL,
		"chunks a worker takes at once"),
	KIND(INTEGER, "_runner_threads", IN_BODY, "runner_thread_count", NULL, "threads of a worker"),
	KIND(INTEGER, "_max_input_mb", IN_BODY, "max_input_in_mb", NULL, "buffer for inputs"),
	KIND(INTEGER, "_max_output_mb", IN_BODY, "max_output_in_mb", NULL, "buffer for results"),
	KIND(INTEGER, "_acceptable_errors", IN_BODY, "acceptable_error_percentage", "0",
		"per cent of records that may fail"),
	END,
};
const struct cspark_parameter cspark_batch_pull[] = {
	KIND(INTEGER, "max", IN_QUERY, "max", "100", "chunks at most, 1 to 100"),
	END,
};
const struct cspark_parameter cspark_batch_close[] = { TEXT(NULL, IN_BODY, "batch_status", "closed", NULL),
	END };
const struct cspark_parameter cspark_batch_cancel[] = {
	TEXT(NULL, IN_BODY, "batch_status", "cancelled", NULL), END
};

/* ---- logs ---- */

const struct cspark_parameter cspark_log_index[] = {
	KIND(INTEGER, "index", IN_QUERY, "index", NULL, "which record of a call with many, from 0"),
	END,
};
const struct cspark_parameter cspark_log_workbook[] = {
	NEEDED("service", IN_RECIPE, "@service", "folder/service of the call"),
	KIND(INTEGER, "index", IN_QUERY, "index", NULL, "which record of a call with many, from 0"),
	KIND(FLAG, "_legacy", IN_RECIPE, "@legacy", "false", "the older way"),
	END,
};
const struct cspark_parameter cspark_log_find[] = {
	KIND(DATE, "_start", IN_SEARCH, "StartDate", "@now", "calls since"),
	TEXT("_end", IN_SEARCH, "EndDate", NULL, "calls until"),
	TEXT("version_id", IN_SEARCH, "version#id", NULL, "id of the version"),
	TEXT("purpose", IN_SEARCH, "CallPurpose", NULL, "call purpose"),
	TEXT("user", IN_SEARCH, "username", NULL, "user"),
	TEXT("search", IN_SEARCH, "search", NULL, "a call id, source system or correlation id"),
	PAGE("pageSize"),
	TEXT("_sort", IN_BODY, "sort", "-updated", "order; a leading minus is descending"),
	END,
};
const struct cspark_parameter cspark_log_download[] = {
	ONE_OF("type", IN_PATH, "type", "json", "json csv", "format of the log"),
	KIND(LIST, "call_ids", IN_BODY, "call_ids", NULL,
		"call ids, comma-separated; or one source system or correlation id"),
	TEXT("_start", IN_BODY, "start_date", NULL, "calls since"),
	TEXT("_end", IN_BODY, "end_date", NULL, "calls until"),
	TEXT("_timezone", IN_BODY, "timezone_offset", NULL, "offset of the time zone"),
	KIND(FLAG, "has_warnings", IN_BODY, "has_warnings", NULL, "only calls with warnings"),
	KIND(FLAG, "has_errors", IN_BODY, "has_errors", NULL, "only calls with errors"),
	TEXT("purpose", IN_BODY, "callpurpose", NULL, "call purpose"),
	TEXT("user", IN_BODY, "userName", NULL, "user"),
	TEXT("version_id", IN_META, "version_id", NULL, "id of the version"),
	END,
};

/* ---- exports and imports ---- */

const struct cspark_parameter cspark_export_create[] = {
	KIND(LIST, "folders", IN_BODY, "inputs.folders", NULL, "folders, comma-separated"),
	KIND(LIST, "services", IN_BODY, "inputs.services", NULL,
		"services, comma-separated: folder/service, with [version] if wanted"),
	KIND(LIST, "version_ids", IN_BODY, "inputs.version_ids", NULL, "version ids, comma-separated"),
	ONE_OF("file_filter", IN_BODY, "file_filter", "migrate", "migrate onpremises",
		"for another tenant, or for the Hybrid Runner"),
	ONE_OF("version_filter", IN_BODY, "version_filter", "latest", "latest all", "which versions"),
	SOURCE,
	CORRELATION,
	KIND(INTEGER, "file", IN_RECIPE, "@file", "0", "which file of the export, from 0"),
	END,
};
const struct cspark_parameter cspark_export_cancel[] = {
	TEXT(NULL, IN_BODY, "export_status", "cancelled", NULL), END
};
const struct cspark_parameter cspark_export_files[] = {
	KIND(INTEGER, "file", IN_RECIPE, "@file", "0", "which file of the export, from 0"), END
};
const struct cspark_parameter cspark_import_create[] = {
	KIND(MAPPING, "services", IN_BODY, "inputs.services_modify", "",
		"services, comma-separated: folder/service, or from/service:to/service"),
	ONE_OF("existing", IN_BODY, "services_existing", "add_version", "abort replace add_version",
		"what happens to a service that exists"),
	SOURCE,
	CORRELATION,
	END,
};

/* ---- the rest ---- */

const struct cspark_parameter cspark_file_get[] = {
	NEEDED("url", IN_RECIPE, "@url", "the URL that Spark gave"), END
};
const struct cspark_parameter cspark_event_download[] = {
	KIND(INTEGER, "_page", IN_BODY, "page_no", "1", "which page, from 1"),
	KIND(INTEGER, "_limit", IN_BODY, "pageSize", "100", "how many a page"),
	TEXT("_sort", IN_BODY, "sort_column", "-updated", "order"),
	ONE_OF("_order", IN_BODY, "sort_order", "desc", "asc desc", "direction"),
	KIND(JSON, "search", IN_BODY, "search", "[]", "filters: a list of {\"column\", \"value\"}"),
	END,
};
const struct cspark_parameter cspark_hybrid_upload[] = { END };
