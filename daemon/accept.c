#include "daemon/accept.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order in which a wildcard prefers them. The first row of a format is how it is sent. */
static const struct media {
	enum control_format format;
	const char *name;
	const char *type;
	const char *subtype;
	const char *content_type;
} medias[] = {
	{ FORMAT_JSON, "json", "application", "json", "application/json" },
	{ FORMAT_NDJSON, "ndjson", "application", "x-ndjson", "application/x-ndjson" },
	{ FORMAT_NDJSON, "ndjson", "application", "jsonl", "application/x-ndjson" },
	{ FORMAT_CSV, "csv", "text", "csv", "text/csv; charset=utf-8" },
	{ FORMAT_TEXT, "text", "text", "plain", "text/plain; charset=utf-8" },
};

const char *
control_format_type(enum control_format format)
{
	size_t i = 0;

	while (medias[i].format != format)
		i++;
	return medias[i].content_type;
}

bool
accept_format_named(struct str name, enum control_format *ret)
{
	for (size_t i = 0; i < COUNT(medias); i++) {
		if (str_eq(name, str_of(medias[i].name))) {
			*ret = medias[i].format;
			return true;
		}
	}
	return false;
}

/* One element of the header. */
struct range {
	struct str type;
	struct str subtype;
	unsigned quality; /* thousandths */
	unsigned position;
};

/* "0.8", in thousandths; what is no number of that form counts as 1. */
static unsigned
read_quality(struct str text)
{
	unsigned value = 0;
	unsigned scale = 100;

	if (text.len == 0 || text.at[0] != '0')
		return 1000;
	for (size_t i = 2; i < text.len && scale > 0; i++, scale /= 10) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 1000;
		value += (unsigned)(text.at[i] - '0') * scale;
	}
	return value;
}

static struct range
read_range(struct str text, unsigned position)
{
	struct range range = { .quality = 1000, .position = position };
	struct str rest;
	struct str media = str_trim(str_cut(text, ';', &rest));

	range.type = str_cut(media, '/', &range.subtype);
	while (rest.len > 0) {
		struct str value;
		struct str name = str_trim(str_cut(str_cut(rest, ';', &rest), '=', &value));

		if (str_eq_nocase(name, STR("q")))
			range.quality = read_quality(str_trim(value));
	}
	return range;
}

/* 3 = named, 2 = by its type, 1 = by the wildcard, 0 = not meant. */
static unsigned
match(const struct range *range, const struct media *media)
{
	if (str_eq(range->type, STR("*")))
		return str_eq(range->subtype, STR("*")) ? 1 : 0;
	if (!str_eq_nocase(range->type, str_of(media->type)))
		return 0;
	if (str_eq(range->subtype, STR("*")))
		return 2;
	return str_eq_nocase(range->subtype, str_of(media->subtype)) ? 3 : 0;
}

/* What a header says about one media type. */
struct verdict {
	unsigned quality;
	unsigned exactness;
	unsigned position;
};

/* The most exact range that means <media> decides its quality. */
static struct verdict
judge(struct str accept, const struct media *media)
{
	struct verdict verdict = { 0 };
	unsigned position = 0;

	while (accept.len > 0) {
		struct range range = read_range(str_cut(accept, ',', &accept), position++);
		unsigned exactness = match(&range, media);

		if (exactness > verdict.exactness)
			verdict = (struct verdict){ range.quality, exactness, range.position };
	}
	return verdict;
}

static bool
is_better(const struct verdict *a, const struct verdict *b)
{
	if (a->quality != b->quality)
		return a->quality > b->quality;
	if (a->exactness != b->exactness)
		return a->exactness > b->exactness;
	return a->position < b->position;
}

bool
accept_format(struct str accept, enum control_format *ret)
{
	struct verdict best = { 0 };

	*ret = FORMAT_JSON;
	if (str_trim(accept).len == 0)
		return true;
	for (size_t i = 0; i < COUNT(medias); i++) {
		struct verdict verdict = judge(accept, &medias[i]);

		if (verdict.quality > 0 && is_better(&verdict, &best)) {
			best = verdict;
			*ret = medias[i].format;
		}
	}
	return best.quality > 0;
}
