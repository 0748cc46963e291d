/* What an ask says: arguments, and what stands for those that are not said. */
#include "lib/ask.h"
#include "lib/bytes.h"

#include <stdio.h>
#include <sys/random.h>

struct str
ask_argument(const struct cspark_ask *ask, struct str name)
{
	for (size_t i = 0; i < ask->argument_count; i++) {
		struct str given = str_of_bytes(ask->arguments[i].name);

		if (given.len > 0 && given.at[0] == '_')
			given = str_range(given.at + 1, given.len - 1);
		if (name.len > 0 && name.at[0] == '_')
			name = str_range(name.at + 1, name.len - 1);
		if (str_eq(given, name))
			return str_of_bytes(ask->arguments[i].value);
	}
	return (struct str){ 0 };
}

/* A key that nobody else has: a version 4 UUID. */
static void
put_fresh_key(struct buf *out)
{
	unsigned char bytes[16] = { 0 };
	char text[40];

	(void)!getrandom(bytes, sizeof(bytes), 0);
	bytes[6] = 0x40 | (bytes[6] & 0x0f);
	bytes[8] = 0x80 | (bytes[8] & 0x3f);
	for (unsigned i = 0, at = 0; i < 16; i++)
		at += (unsigned)snprintf(text + at, sizeof(text) - at,
			i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
	buf_put_str(out, str_of(text));
}

/* The argument, or the plain text that stands for it. */
static struct str
said_or_usual(struct making *making, struct str name)
{
	const struct cspark_parameter *p = cspark_parameter_find(making->ask->operation, bytes_of_str(name));
	struct str said = ask_argument(making->ask, name);

	if (said.at || !p || !p->fallback || strchr("@{", p->fallback[0]))
		return said;
	return str_of(p->fallback);
}

void
ask_put_template(struct making *making, const char *template, struct buf *out)
{
	struct str rest = str_of(template);

	while (rest.at) {
		buf_put_str(out, str_cut(rest, '{', &rest));
		if (rest.at)
			buf_put_str(out, said_or_usual(making, str_cut(rest, '}', &rest)));
	}
}

/* Spark's word for a choice. */
static struct str
spell(const char *words, struct str choice)
{
	struct str rest = str_of(words);

	while (rest.at) {
		struct str word, name = str_cut(str_cut(rest, ' ', &rest), '=', &word);

		if (str_eq(name, choice))
			return word;
	}
	return choice;
}

struct str
ask_value(struct making *making, const struct cspark_parameter *parameter)
{
	struct str given = parameter->name ? ask_argument(making->ask, str_of(parameter->name)) :
					     (struct str){ 0 };
	const char *fallback = parameter->fallback;

	if (given.at)
		return parameter->words ? spell(parameter->words, given) : given;
	if (fallback == NULL)
		return given;
	buf_clear(&making->scratch);
	if (strcmp(fallback, "@now") == 0 || strcmp(fallback, "@end") == 0)
		ask_put_date(making, parameter, &making->scratch);
	else if (strcmp(fallback, "@uuid") == 0)
		put_fresh_key(&making->scratch);
	else if (strchr(fallback, '{'))
		ask_put_template(making, fallback, &making->scratch);
	else
		return str_of(fallback);
	return making->scratch.len ? buf_text(&making->scratch) : STR("");
}
