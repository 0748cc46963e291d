/*
 * What the world has at first: the built-in services, and those of the folder named by --seed.
 */
#pragma once

#include <stdbool.h>

struct world;

/* Fills an empty world; says what is wrong with the folder. */
bool seed_world(struct world *world);
/* Back to that: everything that calls have made is forgotten. Takes the store's lock. */
void world_reset(struct world *world);
