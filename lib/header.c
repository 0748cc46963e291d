#include "lib/header.h"

#include "lib/retry_after.h"

/* Of the texts only the first bytes: this runs twice for each request. */
void
cspark_head_init(struct cspark_head *head)
{
	memset(head, 0, offsetof(struct cspark_head, content_type));
	head->content_length = -1;
	head->content_type[0] = '\0';
	head->disposition[0] = '\0';
	head->location[0] = '\0';
	head->retry_after[0] = '\0';
	head->x_retry_after[0] = '\0';
	head->date[0] = '\0';
}

/* A new answer: what the one before it (an interim one) said counts no more. */
static bool
begin(struct cspark_head *head, struct str line)
{
	struct str rest;
	uint64_t status;
	size_t bytes = head->bytes;
	unsigned interim = head->interim;

	str_cut(line, ' ', &rest);
	if (rest.len < 3 || !str_to_u64(str_range(rest.at, 3), 999, &status))
		return false;
	cspark_head_init(head);
	head->bytes = bytes;
	head->status = (int)status;
	head->interim = interim + (status < 200);
	return status >= 100 && head->interim <= CSPARK_INTERIM_MAX;
}

static bool
on_length(struct cspark_head *head, struct str value)
{
	uint64_t length;

	if (!str_to_u64(value, INT64_MAX, &length))
		return false;
	if (head->content_length >= 0 && (uint64_t)head->content_length != length)
		return false;
	head->content_length = (int64_t)length;
	return !head->has_coding;
}

static bool
on_coding(struct cspark_head *head, struct str value)
{
	head->has_coding = true;
	return head->content_length < 0;
}

static bool
on_compressed(struct cspark_head *head, struct str value)
{
	head->compressed = true;
	return true;
}

/* Too long for its place is as good as not said: no field here needs so much. */
static bool
keep(char *place, size_t size, struct str value)
{
	place[0] = '\0';
	if (value.len < size && !str_has_control(value)) {
		memcpy(place, value.at, value.len);
		place[value.len] = '\0';
	}
	return true;
}

#define KEEPER(field) \
	static bool on_##field(struct cspark_head *head, struct str value) \
	{ \
		return keep(head->field, sizeof(head->field), value); \
	}
KEEPER(content_type)
KEEPER(disposition)
KEEPER(location)
KEEPER(retry_after)
KEEPER(x_retry_after)
KEEPER(date)
#undef KEEPER

static const struct {
	struct str name;
	bool (*on)(struct cspark_head *head, struct str value);
} FIELDS[] = {
	{ { "content-length", 14 }, on_length },
	{ { "transfer-encoding", 17 }, on_coding },
	{ { "content-encoding", 16 }, on_compressed },
	{ { "content-type", 12 }, on_content_type },
	{ { "content-disposition", 19 }, on_disposition },
	{ { "location", 8 }, on_location },
	{ { "retry-after", 11 }, on_retry_after },
	{ { "x-retry-after", 13 }, on_x_retry_after },
	{ { "date", 4 }, on_date },
};

bool
cspark_head_line(struct cspark_head *head, struct str line)
{
	struct str name, value;

	head->bytes += line.len;
	if (head->bytes > CSPARK_HEAD_MAX)
		return false;
	while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
		line.len--;
	if (str_starts(line, STR("HTTP/")))
		return begin(head, line);
	name = str_cut(line, ':', &value);
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		if (name.len == FIELDS[i].name.len && str_eq_nocase(name, FIELDS[i].name))
			return FIELDS[i].on(head, str_trim(value));
	}
	return true;
}

int64_t
cspark_head_retry_after_ms(const struct cspark_head *head, int64_t wall_s)
{
	if (head->retry_after[0] == '\0' && head->x_retry_after[0] == '\0')
		return -1;
	return cspark_retry_after_ms(
		str_of(head->retry_after), str_of(head->x_retry_after), str_of(head->date), wall_s);
}
