/* What the host gives the daemon: files, a folder, descriptors. */
#include "tools/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Beyond connections and calls: log, sockets, event queues, files under way. */
#define DESCRIPTORS_EXTRA 256
#define SPACE_LEAST       (256ull * 1024 * 1024)

#define AS_THE_DAEMON "Let the user that csparkd runs as read it, and run this check as that user."

/* ---- secrets ----------------------------------------------------------------------------- */

static void
judge_secret(struct doctor *doctor, const char *tenant, const char *path, const struct stat *status)
{
	mode_t mode = status->st_mode & 0777;

	if (mode & S_IROTH)
		DOCTOR_ADD(doctor, VERDICT_FAULT, "secrets", tenant,
			"Take that right away (chmod o-rwx), and change the secret if it was so for long.",
			"%s can be read by everybody (mode %04o)", path, (unsigned)mode);
	else if (mode & (S_IWGRP | S_IWOTH))
		DOCTOR_ADD(doctor, VERDICT_WARNING, "secrets", tenant,
			"Let only the owner write it (chmod go-w).",
			"%s can be written by others (mode %04o)", path, (unsigned)mode);
	else
		DOCTOR_ADD(doctor, VERDICT_OK, "secrets", tenant, NULL, "%s has mode %04o", path,
			(unsigned)mode);
}

static void
check_secret(struct doctor *doctor, const char *tenant, const char *path)
{
	struct stat status;

	if (!path)
		return;
	if (stat(path, &status) < 0)
		DOCTOR_ADD(doctor, VERDICT_FAULT, "secrets", tenant,
			"Put the secret there, or name another file.", "%s: %s", path, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		DOCTOR_ADD(doctor, VERDICT_FAULT, "secrets", tenant, "Name a file.", "%s is no file", path);
	else if (access(path, R_OK) < 0)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "secrets", tenant, AS_THE_DAEMON,
			"%s cannot be read by this user: %s", path, strerror(errno));
	else
		judge_secret(doctor, tenant, path, &status);
}

static void
check_secrets(struct doctor *doctor)
{
	const struct settings *settings = &doctor->settings;

	for (size_t i = 0; i < settings->tenant_count; i++) {
		const struct settings_tenant *tenant = &settings->tenants[i];
		const char *name = doctor_tenant_name(doctor, tenant);

		check_secret(doctor, name, tenant->client_secret_file);
		check_secret(doctor, name, tenant->oauth_file);
		check_secret(doctor, name, tenant->api_key_file);
		check_secret(doctor, name, tenant->token_file);
	}
	for (size_t i = 0; i < settings->listener_count; i++)
		check_secret(doctor, NULL, settings->listeners[i].caller_token_file);
}

/* ---- the folder for files under way ------------------------------------------------------ */

static const char *
state_folder(const struct settings *settings)
{
	static const char *const NAMES[] = { "STATE_DIRECTORY", "TMPDIR" };

	if (settings->state_dir)
		return settings->state_dir;
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		const char *value = getenv(NAMES[i]);

		if (value && *value)
			return value;
	}
	return "/var/tmp";
}

static bool
can_make_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || (errno == EOPNOTSUPP && access(folder, W_OK | X_OK) == 0);
}

static void
check_state_folder(struct doctor *doctor)
{
	const char *folder = state_folder(&doctor->settings);
	struct statvfs space;
	unsigned long long left;

	if (!can_make_file(folder)) {
		DOCTOR_ADD(doctor, VERDICT_FAULT, "state_dir", NULL,
			"Let the daemon's user write to it, or name another folder with state_dir.", "%s: %s",
			folder, strerror(errno));
		return;
	}
	if (statvfs(folder, &space) < 0)
		return;
	left = (unsigned long long)space.f_bavail * space.f_frsize;
	if (left < SPACE_LEAST)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "state_dir", NULL,
			"Make room, or name a folder on another disk with state_dir.",
			"%s has only %llu MiB left", folder, left >> 20);
	else
		DOCTOR_ADD(doctor, VERDICT_OK, "state_dir", NULL, NULL,
			"%s can be written; %llu MiB are left", folder, left >> 20);
}

/* ---- descriptors ------------------------------------------------------------------------- */

static unsigned long
number_of(const char *text, unsigned long fallback)
{
	return text ? strtoul(text, NULL, 10) : fallback;
}

/* The daemon raises the soft limit by itself. */
static void
check_descriptors(struct doctor *doctor)
{
	const struct settings *settings = &doctor->settings;
	unsigned long needed = number_of(settings->max_connections, 4096) +
		number_of(settings->max_in_flight, 512) + DESCRIPTORS_EXTRA;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max < needed)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "open files", NULL,
			"Raise the hard limit (LimitNOFILE= of the unit, ulimit -Hn), or lower "
			"limits.max_connections.",
			"%llu are allowed here, %lu may be needed", (unsigned long long)limit.rlim_max,
			needed);
	else
		DOCTOR_ADD(doctor, VERDICT_OK, "open files", NULL, NULL,
			"%llu are allowed here, %lu may be needed", (unsigned long long)limit.rlim_max,
			needed);
}

void
doctor_check_host(struct doctor *doctor)
{
	check_secrets(doctor);
	check_state_folder(doctor);
	check_descriptors(doctor);
}
