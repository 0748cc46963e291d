#include "tools/unit.h"

#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VARIABLE "CREDENTIALS_DIRECTORY"
#define SUFFIX   ".conf"

/* A link to each file in <source>; what is there already stays. */
static size_t
link_files(const char *source, const char *prefix, const char *folder)
{
	char from[PATH_MAX], to[PATH_MAX];
	DIR *files = opendir(source);
	struct dirent *file;
	size_t count = 0;

	while (files && (file = readdir(files)) != NULL) {
		if (file->d_name[0] != '.' &&
			snprintf(from, sizeof(from), "%s/%s", source, file->d_name) < (int)sizeof(from) &&
			snprintf(to, sizeof(to), "%s/%s%s", folder, prefix, file->d_name) < (int)sizeof(to) &&
			symlink(from, to) == 0)
			count++;
	}
	if (files)
		closedir(files);
	return count;
}

static void
remove_folder(const char *folder)
{
	char path[PATH_MAX];
	DIR *files = opendir(folder);
	struct dirent *file;

	while (files && (file = readdir(files)) != NULL) {
		if (file->d_name[0] != '.' &&
			snprintf(path, sizeof(path), "%s/%s", folder, file->d_name) < (int)sizeof(path))
			unlink(path);
	}
	if (files)
		closedir(files);
	rmdir(folder);
}

/* csparkd.conf is that of csparkd.service, NAME.conf of csparkd@NAME.service. */
static size_t
link_all(const char *config_file, const char *folder)
{
	struct str stem = str_of(config_file), name;
	char secrets[PATH_MAX + 16], own[PATH_MAX];
	const char *slash;

	if (str_ends(stem, STR(SUFFIX)))
		stem.len -= strlen(SUFFIX);
	slash = memrchr(stem.at, '/', stem.len);
	name = slash ? str_range(slash + 1, stem.len - (size_t)(slash + 1 - stem.at)) : stem;
	snprintf(secrets, sizeof(secrets), "%.*s.secrets", STR_ARG(stem));
	snprintf(own, sizeof(own), "/run/credentials/csparkd%s%.*s.service",
		str_eq(name, STR("csparkd")) ? "" : "@", str_eq(name, STR("csparkd")) ? 0 : (int)name.len,
		name.at);
	return link_files(secrets, "secret_", folder) + link_files(own, "", folder);
}

static bool
make_folder(char *ret, size_t size)
{
	const char *parent = getenv("TMPDIR");
	int len = snprintf(ret, size, "%s/csparkctl-XXXXXX", parent && *parent ? parent : "/tmp");

	return len < (int)size && mkdtemp(ret);
}

void
unit_credentials_lend(struct unit_credentials *ret, const char *config_file)
{
	char path[PATH_MAX];

	if (getenv(VARIABLE) || !realpath(config_file, path) ||
		!make_folder(ret->folder, sizeof(ret->folder))) {
		ret->folder[0] = '\0';
		return;
	}
	if (link_all(path, ret->folder) > 0)
		setenv(VARIABLE, ret->folder, 1);
	else
		unit_credentials_end(ret);
}

void
unit_credentials_end(struct unit_credentials *credentials)
{
	if (!credentials->folder[0])
		return;
	remove_folder(credentials->folder);
	unsetenv(VARIABLE);
	credentials->folder[0] = '\0';
}
