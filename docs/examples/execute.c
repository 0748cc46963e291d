/*
 * Executes one service with libcspark: cc execute.c $(pkg-config --cflags --libs cspark) -o execute
 * usage: CSPARK_BASE_URL=... CSPARK_API_KEY=... ./execute my-folder/volume-cylinder '{"radius":3,"height":4}'
 */
#include <cspark.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	struct cspark_blocking_options options = {
		.base_url = getenv("CSPARK_BASE_URL"),
		.credentials = { .kind = CSPARK_AUTH_API_KEY, .secret = getenv("CSPARK_API_KEY") },
		.retry = { .max = 2, .interval_ms = 1000 },
	};
	struct cspark_error error = { .detail = "usage: execute LOCATOR JSON" };
	struct cspark_result result = { .code = CSPARK_OK };
	struct cspark_blocking *spark = NULL;
	struct cspark_request *request = NULL;
	struct cspark_locator locator;
	bool ok = false;

	if (argc == 3 &&
		cspark_locator_parse((struct cspark_bytes){ argv[1], strlen(argv[1]) }, &locator, &error) &&
		cspark_global_init() && (spark = cspark_blocking_new(&options, &error)) != NULL) {
		struct cspark_execute execute = { .locator = &locator,
			.inputs = { argv[2], strlen(argv[2]) } };

		request = cspark_execute_request(cspark_blocking_tenant(spark), &execute, &error);
	}
	if (request)
		ok = cspark_blocking_run(spark, request, 58000, &result);
	if (ok)
		printf("%.*s\n", (int)result.body_len, result.body);
	else
		fprintf(stderr, "%s\n", request ? result.detail : error.detail);
	cspark_result_fini(&result);
	cspark_request_free(request);
	cspark_blocking_free(spark);
	return ok ? 0 : 1;
}
