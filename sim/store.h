/*
 * What the tenant has: folders, in them services, in them versions and drafts; categories and transforms.
 * One lock, recursive, for all of it and for what else the world keeps (jobs, documents, batches, history);
 * the functions here take it where they say so, the others want it held. What is found is borrowed until the
 * lock is released.
 */
#pragma once

#include "base/list.h"
#include "base/str.h"
#include "sim/blob.h"
#include "sim/stamp.h"

#include <pthread.h>
#include <stdbool.h>

struct buf;
struct model;

#define NAME_BYTES 128
#define TEXT_BYTES 1024

struct folder {
	struct list node;
	struct list services;
	char id[UUID_BYTES];
	char name[NAME_BYTES];
	char description[TEXT_BYTES];
	char category[NAME_BYTES];
	char status[40];
	char start[STAMP_BYTES];
	char launch[STAMP_BYTES];
	char created[STAMP_BYTES];
	char modified[STAMP_BYTES];
	struct blob *cover; /* NULL: none */
	char cover_name[NAME_BYTES];
};

struct service {
	struct list node;
	struct folder *folder;
	struct list versions; /* newest first; empty: only drafts, so it does not exist yet */
	struct list drafts;
	char id[UUID_BYTES];
	char name[NAME_BYTES];
	const struct model *model;
	bool open; /* may be called under /public */
};

struct version {
	struct list node; /* of the versions or the drafts */
	struct service *service;
	char id[UUID_BYTES];
	char number[32];
	char created[STAMP_BYTES];
	char start[STAMP_BYTES];
	char end[STAMP_BYTES];
	char label[NAME_BYTES];
	char note[TEXT_BYTES];
	char tags[TEXT_BYTES];
	char file_name[NAME_BYTES];
	char compiler[40];
	char file_document[UUID_BYTES];   /* original_file_documentid */
	char engine_document[UUID_BYTES]; /* engine_file_documentid */
	char job[UUID_BYTES];             /* of its compilation, "" for what was always there */
	struct blob *workbook;            /* NULL: the built-in one of the model */
	bool recompiled;                  /* a draft that is published by its being compiled */
};

struct category {
	struct list node;
	char key[NAME_BYTES];
	char value[NAME_BYTES];
	char icon[NAME_BYTES];
};

struct transform {
	struct list node;
	char id[UUID_BYTES];
	char folder[NAME_BYTES];
	char name[NAME_BYTES];
	char type[NAME_BYTES];
	char created[STAMP_BYTES];
	char updated[STAMP_BYTES];
	struct blob *document;
};

struct store {
	pthread_mutex_t lock; /* recursive */
	struct list folders;
	struct list categories;
	struct list transforms;
};

void store_init(struct store *store);
/* Takes the lock. Empty afterwards. */
void store_clear(struct store *store);

struct folder *store_folder(struct store *store, struct str name); /* NULL if there is none */
struct folder *store_folder_by_id(struct store *store, struct str id);
struct folder *store_add_folder(struct store *store, const char *name);
void store_drop_folder(struct folder *folder);

struct service *folder_service(struct folder *folder, struct str name); /* also one with drafts only */
struct service *folder_add_service(struct folder *folder, const char *name);
void store_drop_service(struct service *service);
/* A service that has versions, by its names or its id. */
struct service *store_service(struct store *store, struct str folder, struct str name);
struct service *store_service_by_id(struct store *store, struct str id);

/* The first version; NULL if there is none. */
struct version *service_latest(const struct service *service);
/* The newest whose number is <number> or begins with it ("1.2") and that is effective at <date>; either may
 * be empty. */
struct version *service_version(const struct service *service, struct str number, struct str date);
struct version *store_version(struct store *store, struct str id);
/* A version or draft by the job that compiles it. */
struct version *store_version_by_job(struct store *store, struct str job);

/* A new draft with ids, now until ten years later. */
struct version *service_add_draft(struct service *service);
/* The draft becomes the newest version. */
void service_publish(struct version *draft);
void store_drop_version(struct version *version);
/* The number that follows the newest one: <difference> is "major", "minor" or "patch"; false for anything
 * else. */
bool service_next_number(const struct service *service, struct str difference, char *ret, size_t max);

struct category *store_category(struct store *store, struct str key);
void store_add_category(struct store *store, const char *key, const char *value, const char *icon);
void store_drop_category(struct category *category);
struct transform *store_transform(struct store *store, struct str folder, struct str name);
struct transform *store_add_transform(struct store *store, struct str folder, struct str name);
void store_drop_transform(struct transform *transform);
