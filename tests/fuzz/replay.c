/*
 * Runs a fuzz target over the files of a corpus, in builds without libFuzzer.
 *
 *     fuzz_NAME [FILE|FOLDER ...]
 *
 * Without arguments: the corpus kept for it, $srcdir/tests/fuzz/corpus/NAME.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static unsigned replayed;

static bool
read_bytes(FILE *file, uint8_t **ret_data, size_t *ret_size)
{
	long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;

	if (size < 0)
		return false;
	rewind(file);
	/* Exactly as large as the input, so that a sanitizer sees one byte too far. */
	*ret_data = malloc(size ? (size_t)size : 1);
	*ret_size = (size_t)size;
	return *ret_data && fread(*ret_data, 1, *ret_size, file) == *ret_size;
}

static bool
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size;
	bool ok = file && read_bytes(file, &data, &size);

	if (ok) {
		LLVMFuzzerTestOneInput(data, size);
		replayed++;
	} else {
		fprintf(stderr, "%s: cannot be read\n", path);
	}
	free(data);
	if (file)
		fclose(file);
	return ok;
}

static bool
replay_folder(DIR *dir, const char *folder)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool ok = true;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
			ok = false;
		else
			ok = replay_file(path) && ok;
	}
	return ok;
}

static bool
replay_path(const char *path)
{
	DIR *dir = opendir(path);
	bool ok;

	if (!dir)
		return replay_file(path);
	ok = replay_folder(dir, path);
	closedir(dir);
	return ok;
}

static bool
replay_own_corpus(const char *program)
{
	const char *name = strstr(program, "fuzz_"); /* libtool may have put something before it */
	const char *srcdir = getenv("srcdir");
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		name ? name + strlen("fuzz_") : program);
	return replay_path(path);
}

int
main(int argc, char **argv)
{
	bool ok = true;

	if (argc < 2)
		ok = replay_own_corpus(program_invocation_short_name);
	for (int i = 1; i < argc; i++)
		ok = replay_path(argv[i]) && ok;
	printf("%s: %u inputs replayed\n", program_invocation_short_name, replayed);
	return ok && replayed ? 0 : 1;
}
