#include "sim/zip.h"

#include "sim/gzip.h"

#define LOCAL         0x04034b50u
#define CENTRAL       0x02014b50u
#define END           0x06054b50u
#define LOCAL_BYTES   30
#define CENTRAL_BYTES 46
#define END_BYTES     22
#define COMMENT_MAX   65535
#define DEFLATE_MAX   ((size_t)4 << 20)
#define DOS_DATE      0x5a21 /* 2025-01-01: the same content gives the same bytes */

static void
put16(struct buf *out, unsigned value)
{
	buf_put_char(out, (char)value);
	buf_put_char(out, (char)(value >> 8));
}

static void
put32(struct buf *out, uint32_t value)
{
	put16(out, value & 0xffff);
	put16(out, value >> 16);
}

static unsigned
get16(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;

	return byte[0] | (unsigned)byte[1] << 8;
}

static uint32_t
get32(const char *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

void
zip_begin(struct zip_writer *zip, struct blob *out)
{
	*zip = (struct zip_writer){ .out = out };
	buf_init(&zip->directory, (size_t)64 << 20);
}

/* The fields that the local header and the directory have in common. */
static void
put_facts(struct buf *out, bool deflated, uint32_t crc, size_t packed, size_t size, size_t name_len)
{
	put16(out, 20);
	put16(out, 0x0800); /* the name is UTF-8 */
	put16(out, deflated ? 8 : 0);
	put16(out, 0);
	put16(out, DOS_DATE);
	put32(out, crc);
	put32(out, (uint32_t)packed);
	put32(out, (uint32_t)size);
	put16(out, (unsigned)name_len);
	put16(out, 0);
}

void
zip_add(struct zip_writer *zip, const char *name, struct str content)
{
	struct buf packed, head;
	uint32_t crc = flate_crc(content);
	struct str body = content;
	bool deflated;

	buf_init(&packed, DEFLATE_MAX * 2);
	buf_init(&head, 70000);
	deflated = content.len <= DEFLATE_MAX && flate_pack(content, &packed) && packed.len < content.len;
	if (deflated)
		body = buf_text(&packed);
	put32(&head, LOCAL);
	put_facts(&head, deflated, crc, body.len, content.len, strlen(name));
	buf_put_str(&head, str_of(name));
	blob_put(zip->out, head.data, head.len);
	blob_put(zip->out, body.at, body.len);

	put32(&zip->directory, CENTRAL);
	put16(&zip->directory, 20);
	put_facts(&zip->directory, deflated, crc, body.len, content.len, strlen(name));
	put16(&zip->directory, 0); /* comment */
	put16(&zip->directory, 0); /* disk */
	put16(&zip->directory, 0);
	put32(&zip->directory, 0);
	put32(&zip->directory, zip->offset);
	buf_put_str(&zip->directory, str_of(name));
	zip->offset += (uint32_t)(head.len + body.len);
	zip->count++;
	buf_fini(&packed);
	buf_fini(&head);
}

bool
zip_end(struct zip_writer *zip)
{
	size_t directory = zip->directory.len;

	put32(&zip->directory, END);
	put32(&zip->directory, 0);
	put16(&zip->directory, zip->count);
	put16(&zip->directory, zip->count);
	put32(&zip->directory, (uint32_t)directory);
	put32(&zip->directory, zip->offset);
	put16(&zip->directory, 0);
	blob_put(zip->out, zip->directory.data, zip->directory.len);
	buf_fini(&zip->directory);
	return !blob_failed(zip->out);
}

static const char *
find_end(struct str all)
{
	size_t back;

	for (back = END_BYTES; back <= all.len && back <= END_BYTES + COMMENT_MAX; back++) {
		const char *at = all.at + all.len - back;

		if (get32(at) == END && get16(at + 20) == back - END_BYTES)
			return at;
	}
	return NULL;
}

bool
zip_open(struct zip_reader *zip, struct str all)
{
	const char *end = all.len >= END_BYTES ? find_end(all) : NULL;
	size_t size, offset;

	*zip = (struct zip_reader){ .all = all, .bad = true };
	if (!end)
		return false;
	size = get32(end + 12);
	offset = get32(end + 16);
	if (offset > (size_t)(end - all.at) || size > (size_t)(end - all.at) - offset)
		return false;
	zip->rest = str_range(all.at + offset, size);
	zip->bad = false;
	return true;
}

static bool
read_entry(struct zip_reader *zip, struct zip_entry *ret)
{
	const char *at = zip->rest.at;
	size_t name, all, packed, local;

	if (zip->rest.len < CENTRAL_BYTES || get32(at) != CENTRAL)
		return false;
	name = get16(at + 28);
	all = CENTRAL_BYTES + name + get16(at + 30) + get16(at + 32);
	local = get32(at + 42);
	packed = get32(at + 20);
	if (all > zip->rest.len || get16(at + 8) & 1 || (get16(at + 10) != 0 && get16(at + 10) != 8))
		return false;
	*ret = (struct zip_entry){ .name = str_range(at + CENTRAL_BYTES, name),
		.deflated = get16(at + 10) == 8,
		.size = get32(at + 24),
		.crc = get32(at + 16) };
	zip->rest = str_range(at + all, zip->rest.len - all);
	if (local > zip->all.len || zip->all.len - local < LOCAL_BYTES || get32(zip->all.at + local) != LOCAL)
		return false;
	local += LOCAL_BYTES + get16(zip->all.at + local + 26) + get16(zip->all.at + local + 28);
	if (local > zip->all.len || packed > zip->all.len - local)
		return false;
	ret->packed = str_range(zip->all.at + local, packed);
	return true;
}

bool
zip_next(struct zip_reader *zip, struct zip_entry *ret)
{
	if (zip->bad || zip->rest.len == 0)
		return false;
	zip->bad = !read_entry(zip, ret);
	return !zip->bad;
}

bool
zip_find(struct str all, const char *name, struct zip_entry *ret)
{
	struct zip_reader zip;

	if (!zip_open(&zip, all))
		return false;
	while (zip_next(&zip, ret))
		if (str_eq(ret->name, str_of(name)))
			return true;
	return false;
}

struct blob *
zip_read(const struct zip_entry *entry, size_t max_bytes)
{
	struct blob *out;
	bool good;

	if (entry->size > max_bytes)
		return NULL;
	out = blob_new();
	if (entry->deflated)
		good = flate_unpack(entry->packed, entry->size, out);
	else
		good = blob_put(out, entry->packed.at, entry->packed.len);
	if (good && blob_text(out).len == entry->size && flate_crc(blob_text(out)) == entry->crc)
		return out;
	blob_unref(out);
	return NULL;
}
