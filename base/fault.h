/*
 * What is wrong with a file, for people: strerror(), and a hint where the sandbox may be the reason.
 */
#pragma once

/* As the end of a sentence; static, or strerror()'s. */
const char *fault_text(int number);
/* From now on "permission denied" can be the sandbox's word. Before there are threads. */
void fault_confine(void);
