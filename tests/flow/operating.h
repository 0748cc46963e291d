/*
 * The real call machine with two tenants, for operations; front, loop and upstream are fakes.
 */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "daemon/call.h"
#include "lib/cspark_operations.h"
#include "tests/flow/fake_front.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/fake_upstream.h"

enum { MANAGER = CSPARK_GROUP_EXECUTE | CSPARK_GROUP_READ | CSPARK_GROUP_MANAGE };

extern struct config_listener listener;
extern struct config_tenant tenants[2];
extern struct config config;
extern struct admin_tenant tokens[2];
extern struct lifecycle life;
extern struct board board;
extern struct admin admin;
extern struct desk desk;
extern struct front_request requests[4];

/* Around each test; the second sees that nothing was left behind. */
void operating_set_up(void);
void operating_tear_down(void);

/* With the first of <requests>. */
struct front_request *ask(const char *method, const char *path, const char *query, const char *body);
struct front_request *ask_async(const char *method, const char *path, const char *query, const char *body);

#define ASSERT_HAS(text, part) cr_assert(strstr(text, part), "no %s in %s", part, text)

/* What the caller got, which is its end. */
void expect_problem(struct front_request *request, int status, const char *code, const char *detail);
void expect_answer(struct front_request *request, int status, const char *body);
/* What Spark was asked last. */
void expect_job(size_t job, const char *method, const char *path);
