#include "sim/transform_text.h"

#include "base/json_text.h"
#include "sim/member.h"

#include <stdio.h>

bool
transform_is_node(const char *type)
{
	return strcasestr(type, "nodejs22") != NULL;
}

static bool
is_text_or_null(struct str document, const char *name)
{
	struct str value = json_member(document, str_of(name));

	return json_is_null(value) || json_kind_of(value) == JSON_STRING;
}

static const char *
judge_rules(struct str document)
{
	char version[40];

	if (!member_text(document, "target_api_version", version, sizeof(version)) ||
		(version[0] && strcmp(version, "v3") != 0 && strcmp(version, "v4") != 0))
		return "target_api_version is v3 or v4";
	if (!is_text_or_null(document, "input_body_transform") ||
		!is_text_or_null(document, "output_body_transform"))
		return "a rule is text or null";
	return NULL;
}

const char *
transform_judge(struct str document, char *ret_type, size_t max)
{
	ret_type[0] = 0;
	if (!json_valid(document.at, document.len, NULL) || json_kind_of(document) != JSON_OBJECT)
		return "the document is no JSON object";
	if (!member_text(document, "transform_type", ret_type, max))
		return "transform_type is too long";
	if (transform_is_node(ret_type))
		return json_kind_of(json_member(document, STR("transform_code"))) == JSON_STRING ?
			NULL :
			"transform_code is missing";
	if (!str_starts(str_of(ret_type), STR("JSONtransforms_v")))
		return "there is no such transform_type";
	return judge_rules(document);
}

bool
transform_wants_v4(struct str document)
{
	char version[40];

	return member_text(document, "target_api_version", version, sizeof(version)) &&
		strcmp(version, "v4") == 0;
}

bool
transform_read_meta(struct str header, struct buf *ret)
{
	struct str text = header;

	if (!header.at || header.len == 0) {
		buf_put_str(ret, STR("{}"));
		return true;
	}
	if (text.len >= 2 && str_starts(text, STR("'")) && str_ends(text, STR("'")))
		buf_put(ret, text.at + 1, text.len - 2);
	else if (str_starts(text, STR("\"")) && json_valid(text.at, text.len, NULL))
		json_unquote(text, ret);
	else
		buf_put_str(ret, text);
	text = buf_text(ret);
	return json_valid(text.at, text.len, NULL) && json_kind_of(text) == JSON_OBJECT;
}
