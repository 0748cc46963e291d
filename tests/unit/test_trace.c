#include "daemon/trace.h"

#include <criterion/criterion.h>

#define ID    "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"
#define VALID "00-" ID "-" SPAN "-01"

static struct request_ids ids;
static struct arena arena;
static struct trace_fields fields;
static struct trace trace;

static void
set_up(void)
{
	arena_init(&arena, 65536);
	fields.arena = &arena;
}

static void
tear_down(void)
{
	arena_fini(&arena);
}

TestSuite(trace, .init = set_up, .fini = tear_down);

static void
take(const char *name, const char *value)
{
	trace_take(&fields, str_of(name), str_of(value));
}

/* Whether a head with this traceparent is continued. */
static bool
continues(const char *parent)
{
	fields = (struct trace_fields){ .arena = &arena };
	take("traceparent", parent);
	trace_continue(&trace, &fields, &ids);
	cr_assert_eq(strlen(trace.parent), TRACE_PARENT_BYTES);
	return str_eq(trace_id(&trace), STR(ID));
}

Test(trace, begins_with_ids_of_its_own)
{
	struct trace other;

	trace_begin(&trace, &ids);
	trace_begin(&other, &ids);
	cr_expect_eq(strspn(trace.parent, "0123456789abcdef-"), TRACE_PARENT_BYTES);
	cr_expect(str_starts(str_of(trace.parent), STR("00-")));
	cr_expect(str_ends(str_of(trace.parent), STR("-00")), "nobody has recorded anything yet");
	cr_expect_not(str_eq(trace_id(&trace), trace_id(&other)));
	cr_expect_not(str_eq(trace_span_id(&trace), trace_span_id(&other)));
	cr_expect_null(trace.state);
}

Test(trace, goes_on_with_a_span_of_our_own)
{
	cr_expect(continues(VALID));
	cr_expect_not(str_eq(trace_span_id(&trace), STR(SPAN)));
	cr_expect(str_ends(str_of(trace.parent), STR("-01")));
}

Test(trace, keeps_the_flags_that_have_a_name)
{
	cr_expect(continues("00-" ID "-" SPAN "-00") && str_ends(str_of(trace.parent), STR("-00")));
	cr_expect(continues("00-" ID "-" SPAN "-03") && str_ends(str_of(trace.parent), STR("-03")));
	cr_expect(continues("00-" ID "-" SPAN "-fd") && str_ends(str_of(trace.parent), STR("-01")));
}

Test(trace, knows_the_beginning_of_later_versions)
{
	cr_expect(continues("cc-" ID "-" SPAN "-01"));
	cr_expect(continues("cc-" ID "-" SPAN "-01-what-the-future-will-be-like"));
	cr_expect(str_starts(str_of(trace.parent), STR("00-")));
	cr_expect_not(continues("cc-" ID "-" SPAN "-01.what"));
	cr_expect_not(continues("ff-" ID "-" SPAN "-01"));
}

Test(trace, begins_anew_where_the_callers_is_broken)
{
	static const char *const broken[] = {
		"",
		"00",
		"00-" ID "-" SPAN,
		"00-" ID "-" SPAN "-1",
		"00-" ID "-" SPAN "-0g",
		"00-" ID "-" SPAN "-01-",
		"00-" ID "-" SPAN "-01-more",
		" " VALID,
		"0-0" ID "-" SPAN "-01",
		"0x-" ID "-" SPAN "-01",
		"00_" ID "-" SPAN "-01",
		"00-" ID "_" SPAN "-01",
		"00-" ID "-" SPAN "_01",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" ID "-0000000000000000-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
		"00-" ID "-B7AD6B7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319.-" SPAN "-01",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		cr_expect_not(continues(broken[i]), "%s", broken[i]);
		cr_expect(str_ends(str_of(trace.parent), STR("-00")));
	}
}

Test(trace, believes_no_head_with_two_parents)
{
	take("traceparent", VALID);
	take("Traceparent", VALID);
	trace_continue(&trace, &fields, &ids);
	cr_expect_not(str_eq(trace_id(&trace), STR(ID)));
}

Test(trace, joins_the_lists_of_state)
{
	take("Traceparent", VALID);
	take("TraceState", "foo=1,bar=2");
	take("other", "thing");
	take("tracestate", "");
	take("tracestate", "baz=3");
	trace_continue(&trace, &fields, &ids);
	cr_expect_str_eq(trace.state, "foo=1,bar=2,baz=3");
}

Test(trace, drops_the_state_of_a_trace_that_ends_here)
{
	take("tracestate", "foo=1");
	take("traceparent", "00-nonsense");
	trace_continue(&trace, &fields, &ids);
	cr_expect_null(trace.state);
}

Test(trace, takes_no_state_that_is_long_or_odd)
{
	char text[TRACE_STATE_MAX + 1];

	memset(text, 'a', sizeof(text));
	take("traceparent", VALID);
	trace_take(&fields, STR("tracestate"), str_range(text, sizeof(text)));
	take("tracestate", "foo=\xc3\xa4");
	take("tracestate", "foo=\x7f");
	trace_continue(&trace, &fields, &ids);
	cr_expect_null(trace.state);
}
