/*
 * What Spark can do besides executing, with what parameters, and requests for it: the operations table.
 * Threads and ownership as in <cspark.h>.
 */
#ifndef CSPARK_OPERATIONS_H
#define CSPARK_OPERATIONS_H

#include "cspark.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a policy allows or not; bits. */
enum cspark_group {
	CSPARK_GROUP_EXECUTE = 1,
	CSPARK_GROUP_READ = 2,
	CSPARK_GROUP_MANAGE = 4,
	CSPARK_GROUP_RAW = 8,
	CSPARK_GROUP_OPS = 16,
};
/* The words of operations.def, which explains them. */
enum cspark_base {
	CSPARK_BASE_TENANT,
	CSPARK_BASE_HOST,
	CSPARK_BASE_REALM,
	CSPARK_BASE_FILE,
	CSPARK_BASE_JOB
};
enum cspark_body_kind {
	CSPARK_BODY_NONE,
	CSPARK_BODY_FIELDS,
	CSPARK_BODY_DATA,
	CSPARK_BODY_JSON,
	CSPARK_BODY_FORM,
	CSPARK_BODY_PARTS
};
enum cspark_payload {
	CSPARK_PAYLOAD_WHOLE,
	CSPARK_PAYLOAD_V1,
	CSPARK_PAYLOAD_V3,
	CSPARK_PAYLOAD_TEXT,
	CSPARK_PAYLOAD_EXISTS,
	CSPARK_PAYLOAD_CATEGORIES,
	CSPARK_PAYLOAD_FILE
};

enum cspark_parameter_kind {
	CSPARK_TEXT, /* any text; one of <choices>, if there are */
	CSPARK_INTEGER,
	CSPARK_FLAG,    /* true or false */
	CSPARK_DATE,    /* any text; the fallbacks "@now" and "@end" are now and ten years on */
	CSPARK_LIST,    /* comma-separated: a JSON array of strings */
	CSPARK_MAPPING, /* "from:to,from:to": services of an import */
	CSPARK_JSON,    /* any JSON text */
};
enum cspark_parameter_place {
	CSPARK_IN_PATH,
	CSPARK_IN_QUERY,
	CSPARK_IN_BODY,   /* a member of the body's object, of its "request_data", or a part */
	CSPARK_IN_META,   /* of "request_meta" */
	CSPARK_IN_SEARCH, /* {"field", "value"} in the body's "search"; the name "*": every other parameter */
	CSPARK_IS_BODY,   /* the caller's whole body, as a JSON string */
	CSPARK_IN_RECIPE, /* steers a job, is not sent */
};
struct cspark_parameter {
	/* In the query; a leading underscore may be left out. NULL: a constant, or the list's end */
	const char *name;
	enum cspark_parameter_kind kind;
	enum cspark_parameter_place place;
	const char *wire;     /* Spark's name, "a.b" for a member of a member; NULL: the list's end */
	const char *fallback; /* NULL: left out if the caller says nothing */
	const char *choices;  /* separated by blanks; NULL: any */
	const char *help;     /* half a sentence */
	bool required;
	const char *words; /* Spark's for a choice, where it has another: "choice=word choice=word" */
};
struct cspark_operation_info {
	const char *name;
	unsigned group; /* one of enum cspark_group */
	enum cspark_class class;
	enum cspark_base base;
	const char *method;
	const char *path;
	enum cspark_body_kind body;
	enum cspark_payload payload;
	const char *local_method; /* "" if there is no local route */
	const char *local_path;
	const struct cspark_parameter *parameters;
	const char *sdk;
	const char *summary;
};
CSPARK_API const struct cspark_operation_info *cspark_operation_info(enum cspark_operation operation);
/* The parameter of that name, leading underscores aside; a "*" takes any; NULL: there is none. */
CSPARK_API const struct cspark_parameter *
cspark_parameter_find(enum cspark_operation operation, struct cspark_bytes name);

/* What is asked of an operation. All borrowed. */
struct cspark_argument {
	struct cspark_bytes name;  /* of a parameter, or of a part of the local path: "folder" */
	struct cspark_bytes value; /* decoded */
};
struct cspark_ask {
	enum cspark_operation operation;
	const struct cspark_argument *arguments;
	size_t argument_count;
	bool is_public;
	struct cspark_bytes body;           /* JSON; absent: none */
	const struct cspark_source *source; /* the file of a multipart body */
	const char *source_type;            /* its media type; NULL: the usual one */
	int64_t now_s;                      /* since 1970, for dates that are not said */
};
/* Given, or NULL with an error (bad_parameter, bad_json): a row of the operations table becomes a request.
 * Not for jobs and files. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *
cspark_operation_request(const char *tenant, const struct cspark_ask *ask, struct cspark_error *ret_error);
/* An execution through a Transform document. All borrowed. */
struct cspark_transform {
	enum cspark_api api;                  /* of the service behind it */
	const struct cspark_locator *locator; /* folder and service; NULL: the document runs alone */
	struct cspark_bytes folder;           /* of the document; absent: one of the old area */
	struct cspark_bytes name;
	const struct cspark_meta *meta; /* NULL: defaults; goes into a header */
	struct cspark_bytes body;       /* as the document wants it; absent: {} */
};
/* Given, or NULL with an error. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *cspark_transform_request(
	const char *tenant, const struct cspark_transform *transform, struct cspark_error *ret_error);

/* Whether an ask has all that its operation needs, and nothing that it cannot take; for jobs, too. */
CSPARK_API CSPARK_MUST_CHECK bool
cspark_ask_check(const struct cspark_ask *ask, struct cspark_error *ret_error);

/* ---- files ------------------------------------------------------------------------------- */

/* Where files may come from. All borrowed. */
struct cspark_file_policy {
	const char
		*origin; /* of the tenant: it and its environment (*.ENV.coherent.global) get credentials */
	const char *const
		*hosts; /* others, as "host[:port]", without credentials; NULL-terminated; may be NULL */
	bool private_addresses; /* they may be local or private; the origin itself always may */
};
/* Given, or NULL with an error: a GET of a URL that Spark handed out. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *cspark_file_request(
	struct cspark_bytes url, const struct cspark_file_policy *policy, struct cspark_error *ret_error);
/* A GET of any URL that the host itself trusts, without credentials. */
CSPARK_API CSPARK_MUST_CHECK struct cspark_request *
cspark_url_request(struct cspark_bytes url, struct cspark_error *ret_error);

#ifdef __cplusplus
}
#endif
#endif
