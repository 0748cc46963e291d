/*
 * Prints what is made from tables: "generate conf" gives conf/csparkd.conf, "generate manual"
 * docs/csparkd.conf.5, "generate operations" docs/operations.md.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "docs/generate.h"

static int
print(void (*make)(struct buf *out))
{
	struct buf out;
	bool ok;

	buf_init(&out, 1 << 20);
	make(&out);
	ok = !buf_failed(&out) && fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_fini(&out);
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "conf") == 0)
		return print(config_sample);
	if (argc == 2 && strcmp(argv[1], "manual") == 0)
		return print(config_manual);
	if (argc == 2 && strcmp(argv[1], "operations") == 0)
		return print(generate_operations);
	fprintf(stderr, "usage: generate conf|manual|operations\n");
	return 2;
}
