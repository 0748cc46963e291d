/*
 * A JSON answer for people: lists of objects as tables, members of an object a line each.
 */
#pragma once

#include "base/str.h"
#include "lib/cspark_operations.h"

/* On stdout, as wide as the terminal is. <total>: how many there are in all, of which a list may hold some;
 * -1: unknown. */
void view_answer(enum cspark_operation operation, struct str json, int64_t total);
/* One member a line, two blanks for a level; the elements of an array are marked with a dash. <width>: lists
 * of objects are tables so wide; 0: they are not. */
void view_tree(struct str json, int depth, int width);
