#include "sim/zip.h"

#include <criterion/criterion.h>

#include <stdlib.h>

static struct blob *
make_archive(void)
{
	struct blob *archive = blob_new();
	struct zip_writer zip;
	char many[10000];

	memset(many, 'x', sizeof(many));
	zip_begin(&zip, archive);
	zip_add(&zip, "small", STR("abc"));
	zip_add(&zip, "empty", str_of(""));
	zip_add(&zip, "many", str_range(many, sizeof(many)));
	cr_assert(zip_end(&zip));
	return archive;
}

static struct blob *
read_entry(struct str all, const char *name)
{
	struct zip_entry entry;

	return zip_find(all, name, &entry) ? zip_read(&entry, 20000) : NULL;
}

Test(zip, gives_back_what_was_put_in)
{
	struct blob *archive = make_archive(), *small = read_entry(blob_text(archive), "small"),
		    *empty = read_entry(blob_text(archive), "empty"),
		    *many = read_entry(blob_text(archive), "many");

	cr_assert(small && empty && many);
	cr_expect(str_eq(blob_text(small), STR("abc")));
	cr_expect(blob_text(empty).len == 0);
	cr_expect(blob_text(many).len == 10000 && blob_text(many).at[9999] == 'x');
	cr_expect(blob_text(archive).len < 1000, "what shrinks is deflated");
	cr_expect(!read_entry(blob_text(archive), "none"));
	blob_unref(small);
	blob_unref(empty);
	blob_unref(many);
	blob_unref(archive);
}

Test(zip, reads_no_more_than_is_allowed)
{
	struct blob *archive = make_archive();
	struct zip_entry entry;

	cr_assert(zip_find(blob_text(archive), "many", &entry));
	cr_expect(!zip_read(&entry, 9999));
	entry.size = 5000;
	cr_expect(!zip_read(&entry, 20000), "the archive lies about its size");
	blob_unref(archive);
}

/* Whatever is wrong with an archive, nothing outside it is touched, and no wrong content comes out. */
Test(zip, survives_every_damaged_byte)
{
	struct blob *archive = make_archive();
	struct str all = blob_text(archive);
	char *copy = malloc(all.len);
	size_t i;

	cr_assert(copy != NULL);
	for (i = 0; i < all.len; i++) {
		struct blob *small;

		memcpy(copy, all.at, all.len);
		copy[i] = (char)(copy[i] ^ 0x55);
		small = read_entry(str_range(copy, all.len), "small");
		cr_expect(!small || str_eq(blob_text(small), STR("abc")), "byte %zu", i);
		blob_unref(small);
		small = read_entry(str_range(copy, i), "small");
		cr_expect(!small, "cut at %zu", i);
		blob_unref(small);
	}
	free(copy);
	blob_unref(archive);
}

Test(blob, keeps_many_bytes_as_well_as_few)
{
	struct blob *blob = blob_new();
	char piece[4096];
	unsigned i;

	for (i = 0; i < 1000; i++) {
		memset(piece, (int)(i & 0xff), sizeof(piece));
		cr_assert(blob_put(blob, piece, sizeof(piece)));
	}
	cr_assert(blob_text(blob).len == 4096000);
	for (i = 0; i < 1000; i++)
		cr_assert(blob_text(blob).at[i * 4096 + 7] == (char)(i & 0xff));
	blob_unref(blob_ref(blob));
	blob_unref(blob);
}
