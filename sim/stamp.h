/*
 * Times and ids as Spark writes them. Thread-safe.
 */
#pragma once

#define UUID_BYTES  37
#define STAMP_BYTES 40

void stamp_uuid(char ret[UUID_BYTES]);
/* "2025-02-01T10:00:00.000Z": now. */
void stamp_now(char ret[STAMP_BYTES]);
/* The same date in another year; copied as it is if it does not begin with a year. */
void stamp_years_later(const char *stamp, int years, char ret[STAMP_BYTES]);
/* A clock that only goes forward. */
long stamp_us(void);
long stamp_ms(void);
