#include "sim/multipart.h"

#include <criterion/criterion.h>

#define TYPE                STR("multipart/form-data; boundary=b")
#define PART(name, content) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" content "\r\n"
#define END                 "--b--\r\n"

static bool
is_sound(struct str type, struct str body)
{
	struct multipart form;
	struct part part;

	if (!multipart_init(&form, type, body))
		return false;
	while (multipart_next(&form, &part))
		continue;
	return !form.bad && form.over;
}

Test(multipart, gives_each_part_in_order)
{
	struct multipart form;
	struct part part;

	cr_assert(multipart_init(&form, TYPE, STR(PART("one", "1") PART("two", "") END)));
	cr_assert(multipart_next(&form, &part));
	cr_expect(str_eq(part.name, STR("one")) && str_eq(part.content, STR("1")) && !part.file_name.at);
	cr_assert(multipart_next(&form, &part));
	cr_expect(str_eq(part.name, STR("two")) && part.content.len == 0);
	cr_expect(!multipart_next(&form, &part) && form.over && !form.bad);
}

Test(multipart, reads_the_headers_of_a_file)
{
	static const struct str body = STR(
		"--b\r\ncontent-disposition: FORM-DATA; filename=\"a;b.xlsx\"; name=f\r\n"
		"Content-Type: text/plain; x=y\r\n\r\nx\r\n-b\r\n--b--");
	struct part part;

	cr_assert(multipart_find(TYPE, body, "f", &part));
	cr_expect(str_eq(part.file_name, STR("a;b.xlsx")));
	cr_expect(str_eq(part.type, STR("text/plain; x=y")));
}

Test(multipart, takes_a_quoted_boundary)
{
	struct part part;

	cr_expect(multipart_find(
		STR("Multipart/Form-Data; charset=x; Boundary=\"b\""), STR(PART("a", "1") END), "a", &part));
}

Test(multipart, refuses_what_is_no_form)
{
	cr_expect(is_sound(TYPE, STR(PART("a", "1") END)));
	cr_expect(!is_sound(STR("multipart/form-data"), STR(PART("a", "1") END)));
	cr_expect(!is_sound(STR("multipart/mixed; boundary=b"), STR(PART("a", "1") END)));
	cr_expect(!is_sound(TYPE, STR("")));
	cr_expect(!is_sound(TYPE, STR("x" PART("a", "1") END)));
	cr_expect(!is_sound(TYPE, STR(PART("a", "1"))));
	cr_expect(!is_sound(TYPE, STR("--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END)));
	cr_expect(!is_sound(TYPE, STR("--b\r\nrubbish\r\n\r\n1\r\n" END)));
	cr_expect(!is_sound(TYPE, STR("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n1" END)));
	cr_expect(!is_sound(TYPE, STR(PART("a", "1") END "more")));
}

Test(multipart, refuses_every_cut)
{
	static const struct str whole = STR(PART("a", "1") PART("b", "22") "--b--");
	size_t len;

	for (len = 0; len < whole.len; len++)
		cr_expect(!is_sound(TYPE, str_range(whole.at, len)), "cut at %zu", len);
	cr_expect(is_sound(TYPE, whole));
}
