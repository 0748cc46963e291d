/*
 * Numbers as JavaScript prints them. Pure.
 */
#pragma once

struct buf;

/* What JSON.stringify() gives: the shortest digits that read back as <value>, null if it is not finite. */
void number_put(double value, struct buf *out);
/* Excel's ROUND(value, 3) on Excel's fifteen significant digits. */
double number_round3(double value);
