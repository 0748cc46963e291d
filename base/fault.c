#include "base/fault.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool confined;

void
fault_confine(void)
{
	confined = true;
}

const char *
fault_text(int number)
{
	if (confined && number == EACCES)
		return "Permission denied; if its permissions are right, it is outside the sandbox of this "
		       "process: restart csparkd";
	return strerror(number);
}
