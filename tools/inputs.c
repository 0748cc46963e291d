#include "tools/inputs.h"

#include "base/json_text.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *ending;
	const char *content_type;
} TYPES[] = {
	{ ".csv", "text/csv" },
	{ ".ndjson", "application/x-ndjson" },
	{ ".jsonl", "application/x-ndjson" },
};

void
inputs_init(struct inputs *inputs)
{
	buf_init(&inputs->body, INPUTS_MAX_BYTES);
	inputs->content_type = "application/json";
	inputs->pairs = 0;
}

void
inputs_fini(struct inputs *inputs)
{
	buf_fini(&inputs->body);
}

static bool
fail(const char *what, const char *why)
{
	fprintf(stderr, "csparkctl: %s: %s\n", what, why);
	return false;
}

static bool
check_room(const struct inputs *inputs, const char *what)
{
	return !buf_failed(&inputs->body) || fail(what, "the inputs are too large");
}

/* Whether an earlier argument has given an input of this name. */
static bool
has_pair(struct str body, struct str name)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, body);
	while (json_walk_next(&walk, &key, &value)) {
		if (json_string_is(key, name))
			return true;
	}
	return false;
}

bool
inputs_add_pair(struct inputs *inputs, const char *argument)
{
	struct str value, name = str_cut(str_of(argument), '=', &value);

	if (!value.at || name.len == 0)
		return fail(argument, "an input is given as name=value");
	if (!str_is_utf8(name) || !str_is_utf8(value))
		return fail(argument, "not valid UTF-8");
	if (has_pair(buf_text(&inputs->body), name))
		return fail(argument, "this input is given twice");
	buf_put_char(&inputs->body, inputs->pairs++ ? ',' : '{');
	json_quote(name, &inputs->body);
	buf_put_char(&inputs->body, ':');
	if (json_is_scalar(value))
		buf_put_str(&inputs->body, value);
	else
		json_quote(value, &inputs->body);
	return check_room(inputs, argument);
}

bool
inputs_end_pairs(struct inputs *inputs)
{
	if (inputs->pairs)
		buf_put_char(&inputs->body, '}');
	return check_room(inputs, "the arguments");
}

bool
inputs_take_text(struct inputs *inputs, const char *text)
{
	buf_put_str(&inputs->body, str_of(text));
	return check_room(inputs, "--json");
}

static const char *
type_of(const char *path)
{
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		if (str_ends(str_of(path), str_of(TYPES[i].ending)))
			return TYPES[i].content_type;
	}
	return "application/json";
}

static bool
read_all(struct inputs *inputs, int fd, const char *path)
{
	const size_t step = 64 * 1024;
	ssize_t got;

	do {
		char *room = buf_reserve(&inputs->body, step);

		if (!room)
			return check_room(inputs, path);
		got = read(fd, room, step);
		if (got > 0)
			inputs->body.len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0 || fail(path, strerror(errno));
}

bool
inputs_take_file(struct inputs *inputs, const char *path)
{
	int fd = STDIN_FILENO;
	bool ok;

	if (strcmp(path, "-") == 0)
		return read_all(inputs, fd, "stdin");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(path, strerror(errno));
	inputs->content_type = type_of(path);
	ok = read_all(inputs, fd, path);
	close(fd);
	return ok;
}
