/*
 * seccomp: which system calls there are for this process; by libseccomp, where csparkd was built with it.
 *
 * It is a list of what a network daemon in C calls. Everything else is answered ENOSYS, "there is no such
 * call", and nothing is ever killed. Why so:
 *
 * - A list of what is forbidden would let through all that kernels have learnt since it was written, and
 *   that is where the holes are. A list of what is allowed does not age in that direction.
 * - It ages in the other one: a new libc or TLS library tries calls that are newer than the list. They all
 *   run on older kernels, too, and fall back when they hear ENOSYS; EPERM they would take for an answer.
 * - To be killed for a call that nobody thought of is an outage, and does not help: what attackers need
 *   (other programs, other processes, the kernel's own affairs) they do not get this way either.
 *
 * So there is no exec, no second process, no ptrace, no module, no mount, no io_uring, no socket but those of
 * the internet and of unix, and no memory that is both written and executed.
 */
#pragma once

#include <stdbool.h>

/* For all threads, for good. The number of system calls that are left; 0: the kernel cannot, or refuses
 * (errno), or this program was built without libseccomp (ENOTSUP). The process has set "no new privileges",
 * or may do anything. */
unsigned seccomp_enforce(void);
