#include "tools/command.h"

#include <stdarg.h>
#include <stdio.h>

int
usage_error(const char *format, ...)
{
	va_list args;

	fputs("csparkctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry \"csparkctl --help\".\n", stderr);
	return EXIT_USAGE;
}

void
print_answer(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
	if (len == 0 || text[len - 1] != '\n')
		putchar('\n');
}
