/*
 * Prints what is made from the table of keys: "generate conf" gives conf/csparkd.conf, "generate manual"
 * gives docs/csparkd.conf.5.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"

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
	fprintf(stderr, "usage: generate conf|manual\n");
	return 2;
}
