#include "tools/table.h"

#include "base/json_text.h"
#include "tools/cell.h"

#include <stdio.h>

enum {
	COLUMNS_MAX = 40,
	PATH_MAX_BYTES = 128,
	CELL_MAX = 40, /* columns of the terminal; an id has 36 */
	GAP = 2,
};

struct column {
	char path[PATH_MAX_BYTES];
	const char *title; /* the last part of <path> */
	int width;
	bool is_wanted; /* some row has something there */
};

struct table {
	struct column columns[COLUMNS_MAX];
	size_t count;
};

bool
table_fits(struct str value)
{
	struct json_walk walk;
	struct str one;
	bool any = false;

	if (json_is_null(value) || json_kind_of(value) != JSON_ARRAY)
		return false;
	json_walk_init(&walk, value);
	while (json_walk_next(&walk, NULL, &one)) {
		if (json_kind_of(one) != JSON_OBJECT)
			return false;
		any = true;
	}
	return any;
}

/* ---- columns ----------------------------------------------------------------------------- */

static struct column *
find_column(struct table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->columns[i].path, path) == 0)
			return &table->columns[i];
	}
	return NULL;
}

static struct column *
add_column(struct table *table, struct str outer, struct str inner)
{
	char path[PATH_MAX_BYTES];
	struct column *column;
	int len = snprintf(
		path, sizeof(path), outer.len ? "%.*s.%.*s" : "%.*s%.*s", STR_ARG(outer), STR_ARG(inner));

	column = len < PATH_MAX_BYTES ? find_column(table, path) : NULL;
	if (column || len >= PATH_MAX_BYTES || table->count == COLUMNS_MAX)
		return column;
	column = &table->columns[table->count++];
	*column = (struct column){ .width = 0 };
	memcpy(column->path, path, (size_t)len + 1);
	column->title = column->path + (outer.len ? outer.len + 1 : 0);
	return column;
}

/* Names without quotes; one with an escape or a dot cannot be said as a path, and is left out. */
static struct str
plain_name(struct str key)
{
	struct str name = key.len > 2 ? str_range(key.at + 1, key.len - 2) : (struct str){ 0 };

	return str_find(name, '\\') >= 0 || str_find(name, '.') >= 0 ? (struct str){ 0 } : name;
}

static void
look_at(struct table *table, struct str outer, struct str key, struct str value)
{
	struct str name = plain_name(key);
	struct column *column;
	struct buf text;
	int width;

	if (!name.len || json_kind_of(value) == JSON_ARRAY || json_kind_of(value) == JSON_OBJECT)
		return;
	column = add_column(table, outer, name);
	if (!column)
		return;
	buf_init(&text, 1024 * 1024);
	cell_put(value, &text);
	width = cell_width(buf_text(&text));
	if (!str_eq(buf_text(&text), STR("-")))
		column->is_wanted = true;
	if (width > column->width)
		column->width = width > CELL_MAX ? CELL_MAX : width;
	buf_fini(&text);
}

static void
collect_row(struct table *table, struct str row)
{
	struct json_walk walk, inner_walk;
	struct str key, value, inner_key, inner;

	json_walk_init(&walk, row);
	while (json_walk_next(&walk, &key, &value)) {
		look_at(table, (struct str){ 0 }, key, value);
		if (json_kind_of(value) != JSON_OBJECT || !plain_name(key).len)
			continue;
		json_walk_init(&inner_walk, value);
		while (json_walk_next(&inner_walk, &inner_key, &inner))
			look_at(table, plain_name(key), inner_key, inner);
	}
}

static void
drop_column(struct table *table, size_t index)
{
	struct column *at = &table->columns[index];

	table->count--;
	for (; index < table->count; index++, at++) {
		size_t title = (size_t)(at[1].title - at[1].path);

		*at = at[1];
		at->title = at->path + title;
	}
}

static void
choose_columns(struct table *table, int width)
{
	int used = 0;

	for (size_t i = 0; i < table->count;) {
		struct column *column = &table->columns[i];
		int title = cell_width(str_of(column->title));

		if (column->width < title)
			column->width = title;
		used += column->width + GAP;
		if (!column->is_wanted || (i > 0 && used - GAP > width)) {
			used -= column->width + GAP;
			drop_column(table, i);
		} else {
			i++;
		}
	}
}

/* ---- rows -------------------------------------------------------------------------------- */

static void
print_cell(struct str text, int width, bool is_last)
{
	int wide = cell_width(text);

	if (wide > width) {
		text = cell_cut(text, width - 3);
		printf("%.*s...%*s", STR_ARG(text), is_last ? 0 : width - 3 - cell_width(text), "");
	} else {
		printf("%.*s%*s", STR_ARG(text), is_last ? 0 : width - wide, "");
	}
	if (!is_last)
		printf("%*s", GAP, "");
}

static void
print_row(const struct table *table, struct str row, int indent)
{
	printf("%*s", indent, "");
	for (size_t i = 0; i < table->count; i++) {
		struct buf text;

		buf_init(&text, 1024 * 1024);
		cell_put(json_path(row, table->columns[i].path), &text);
		print_cell(buf_text(&text), table->columns[i].width, i + 1 == table->count);
		buf_fini(&text);
	}
	putchar('\n');
}

static void
print_titles(const struct table *table, int indent)
{
	printf("%*s", indent, "");
	for (size_t i = 0; i < table->count; i++)
		print_cell(str_of(table->columns[i].title), table->columns[i].width, i + 1 == table->count);
	putchar('\n');
}

static void
collect(struct table *table, struct str list, const char *first)
{
	struct str outer, inner, one, rest = str_of(first);
	struct json_walk walk;

	while (rest.at) {
		one = str_cut(rest, ' ', &rest);
		outer = str_cut(one, '.', &inner);
		add_column(table, inner.at ? outer : (struct str){ 0 }, inner.at ? inner : outer);
	}
	json_walk_init(&walk, list);
	while (json_walk_next(&walk, NULL, &one))
		collect_row(table, one);
}

void
table_print(struct str list, const char *first, int indent, int width)
{
	struct table table = { .count = 0 };
	struct json_walk walk;
	struct str row;

	collect(&table, list, first);
	choose_columns(&table, width - indent);
	print_titles(&table, indent);
	json_walk_init(&walk, list);
	while (json_walk_next(&walk, NULL, &row))
		print_row(&table, row, indent);
}
