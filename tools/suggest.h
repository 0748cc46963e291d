/*
 * The name that was meant, for those who mistype. Pure.
 */
#pragma once

#include "base/str.h"

struct suggestion {
	struct str wanted;
	struct str best; /* at == NULL: nothing is near */
	size_t distance;
};

void suggest_start(struct suggestion *suggestion, struct str wanted);
/* Another name that exists; borrowed. */
void suggest_offer(struct suggestion *suggestion, struct str name);
