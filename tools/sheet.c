#include "tools/sheet.h"

#include "tools/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW_MAX   (64u * 1024 * 1024)
#define NAMES_MAX (4u * 1024 * 1024)

static bool
fail(const struct sheet *sheet, const char *why)
{
	fprintf(stderr, "csparkctl: %s: %s\n", sheet->path, why);
	return false;
}

/* ---- what is there already --------------------------------------------------------------- */

struct look {
	struct sheet *sheet;
	struct cut cut;
	uint64_t end; /* of the last whole row */
	bool is_ours;
};

/* The names that bulk writes end with that of the errors. */
static bool
take_names(struct sheet *sheet, struct str row)
{
	struct str last = cut_last_cell(row, sheet->separator);

	if (!str_eq(last, STR("_error")))
		return false;
	sheet->has_names = true;
	return buf_put(&sheet->names, row.at, row.len - last.len - (last.at > row.at));
}

static bool
take_line(struct sheet *sheet, struct str row, bool *ret_is_row)
{
	*ret_is_row = false;
	if (sheet->form == CUT_JSON && !sheet->has_begun) {
		sheet->has_begun = true;
		return str_eq(row, STR("["));
	}
	*ret_is_row = true;
	if (sheet->form == CUT_JSON && sheet->rows > 0)
		return str_starts(row, STR(",{\"outputs\":"));
	return str_starts(row, STR("{\"outputs\":"));
}

static bool
on_row(void *arg, struct str row, bool is_names)
{
	struct look *look = arg;
	struct sheet *sheet = look->sheet;
	bool is_row = !is_names;

	if (sheet->form == CUT_JSON && str_eq(row, STR("]")))
		return true; /* written again in the end */
	if (sheet->form == CUT_CSV)
		look->is_ours = !is_names || take_names(sheet, row);
	else
		look->is_ours = take_line(sheet, row, &is_row);
	if (!look->is_ours)
		return false;
	sheet->rows += is_row;
	sheet->failed += is_row && results_row_failed(sheet->form, sheet->separator, row);
	look->end = look->cut.offset;
	return true;
}

static bool
read_rows(struct look *look)
{
	char data[64 * 1024];
	ssize_t got;

	while ((got = read(look->sheet->fd, data, sizeof(data))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(look->sheet, strerror(errno));
		if (!cut_feed(&look->cut, data, (size_t)got))
			return fail(look->sheet, look->is_ours ?
				look->cut.why : "it is not what \"csparkctl bulk\" has written");
	}
	return true;
}

/* A part of a row at the end is cut off. */
static bool
go_behind_rows(struct sheet *sheet)
{
	struct look look = { .sheet = sheet, .is_ours = true };
	bool ok;

	cut_init(&look.cut, sheet->form == CUT_CSV ? CUT_CSV : CUT_NDJSON, sheet->separator, ROW_MAX, on_row,
		&look);
	ok = read_rows(&look);
	cut_fini(&look.cut);
	if (!ok)
		return false;
	if (ftruncate(sheet->fd, (off_t)look.end) < 0 || lseek(sheet->fd, (off_t)look.end, SEEK_SET) < 0)
		return fail(sheet, strerror(errno));
	return true;
}

/* ---- opening ----------------------------------------------------------------------------- */

static bool
is_same_file(int fd, int other)
{
	struct stat one, two;

	return fstat(fd, &one) == 0 && fstat(other, &two) == 0 && one.st_dev == two.st_dev &&
		one.st_ino == two.st_ino;
}

/* Two runs at once would write between each other's rows. */
static bool
take_file(struct sheet *sheet, bool resumes, bool replaces, int input_fd)
{
	struct stat status;

	if (fstat(sheet->fd, &status) < 0)
		return fail(sheet, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return !resumes || fail(sheet, "only a file can be continued");
	if (is_same_file(sheet->fd, input_fd))
		return fail(sheet, "this is the input");
	if (flock(sheet->fd, LOCK_EX | LOCK_NB) < 0)
		return fail(sheet, errno == EWOULDBLOCK ? "another csparkctl writes it" : strerror(errno));
	if (resumes)
		return go_behind_rows(sheet);
	return !replaces || ftruncate(sheet->fd, 0) == 0 || fail(sheet, strerror(errno));
}

static bool
is_in_the_way(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool
sheet_open(struct sheet *sheet, const char *path, bool resumes, bool replaces, int input_fd)
{
	int flags = resumes ? O_RDWR : O_WRONLY;

	buf_init(&sheet->names, NAMES_MAX);
	sheet->fd = STDOUT_FILENO;
	sheet->path = path;
	if (!path || strcmp(path, "-") == 0) {
		sheet->path = "stdout";
		return true;
	}
	if (!resumes && !replaces && is_in_the_way(path)) {
		sheet->fd = -1;
		return fail(sheet, "this file exists; --resume goes on with it, --force replaces it");
	}
	sheet->fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
	if (sheet->fd < 0)
		return fail(sheet, strerror(errno));
	return take_file(sheet, resumes, replaces, input_fd);
}

void
sheet_close(struct sheet *sheet)
{
	buf_fini(&sheet->names);
	if (sheet->fd > STDOUT_FILENO)
		close(sheet->fd);
	sheet->fd = -1;
}

/* ---- writing ----------------------------------------------------------------------------- */

static bool
write_all(struct sheet *sheet, struct str text)
{
	while (text.len > 0) {
		ssize_t written = write(sheet->fd, text.at, text.len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(sheet, strerror(errno));
		text = str_range(text.at + written, text.len - (size_t)written);
	}
	return true;
}

/* What stands above the first row. */
static bool
begin(struct sheet *sheet, struct str names)
{
	struct buf head;
	bool ok;

	buf_init(&head, NAMES_MAX + 64);
	if (sheet->form == CUT_JSON && !sheet->has_begun)
		buf_put_str(&head, STR("[\n"));
	if (sheet->form == CUT_CSV && !sheet->has_names) {
		buf_put_str(&sheet->names, names);
		buf_put_str(&head, names);
		if (names.len > 0)
			buf_put_char(&head, sheet->separator);
		buf_put_str(&head, STR("_error\r\n"));
	}
	sheet->has_begun = sheet->has_names = true;
	ok = !buf_failed(&head) && !buf_failed(&sheet->names);
	ok = ok ? write_all(sheet, buf_text(&head)) : fail(sheet, "the names are too long");
	buf_fini(&head);
	return ok;
}

bool
sheet_put(struct sheet *sheet, struct str names, struct str rows, uint64_t count, uint64_t failed)
{
	if (sheet->form == CUT_CSV && sheet->has_names && !str_eq(names, buf_text(&sheet->names)))
		return fail(sheet, "the outputs have other names than before, so they do not fit under the "
			"header; choose them with --outputs, or --out ndjson");
	if (!begin(sheet, names) || !write_all(sheet, rows))
		return false;
	sheet->rows += count;
	sheet->failed += failed;
	return true;
}

bool
sheet_end(struct sheet *sheet)
{
	if (sheet->form != CUT_JSON)
		return true;
	return begin(sheet, STR("")) && write_all(sheet, STR("]\n"));
}

size_t
sheet_columns(const struct sheet *sheet)
{
	struct str rest = buf_text(&sheet->names);
	size_t count = rest.len > 0;
	bool is_quoted = false;

	for (size_t i = 0; i < rest.len; i++) {
		if (rest.at[i] == '"')
			is_quoted = !is_quoted;
		count += rest.at[i] == sheet->separator && !is_quoted;
	}
	return count;
}
