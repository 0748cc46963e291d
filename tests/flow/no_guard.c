/* A guard that lets everything pass: in front_bare, to show what libmicrohttpd alone takes for a good
 * request. */
#include "daemon/guard.h"

void
guard_begin(struct guard *guard, const struct guard_rules *rules, struct str method, struct str target,
	struct str version)
{
	*guard = (struct guard){ .rules = rules, .code = CSPARK_OK };
}

void
guard_header(struct guard *guard, struct str name, struct str value)
{
	if (str_eq_nocase(name, STR("content-length")) && !guard->length)
		str_to_u64(value, UINT64_MAX, &guard->length);
	if (str_eq_nocase(name, STR("transfer-encoding")))
		guard->chunked = true;
}

enum cspark_code
guard_end(struct guard *guard, size_t head_bytes, const struct guard_place *place)
{
	return guard->code;
}
