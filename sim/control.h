/*
 * The routes under /_sim/, by which a test sets moods, reads the ledger and waits for events. They need no
 * credentials and are not in the ledger.
 */
#pragma once

struct exchange;

/* Answers into ex->answer; may wait (/_sim/wait). */
void control_serve(struct exchange *ex);
