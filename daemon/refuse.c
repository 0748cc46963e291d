#include "daemon/refuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The sentence may quote a caller; what is left of a character that was cut in two goes too. */
static void
drop_half_character(char *text)
{
	size_t end = strlen(text);

	while (end > 0 && ((unsigned char)text[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > 0 && (unsigned char)text[end - 1] >= 0xc0)
		text[end - 1] = '\0';
}

bool
refuse(struct cspark_error *ret_error, enum cspark_code code, const char *format, ...)
{
	va_list args;
	int len;

	ret_error->code = code;
	va_start(args, format);
	len = vsnprintf(ret_error->detail, sizeof(ret_error->detail), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(ret_error->detail))
		drop_half_character(ret_error->detail);
	return false;
}
