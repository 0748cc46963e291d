#include "daemon/metrics_process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void
put_head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, kind, name);
}

static void
put_cpu(struct buf *out)
{
	struct rusage usage;
	long long us;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return;
	us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
		usage.ru_stime.tv_usec;
	put_head(out, "process_cpu_seconds_total", "counter", "User and system CPU time spent.");
	buf_printf(out, "%lld.%06lld\n", us / 1000000, us % 1000000);
}

static void
put_memory(struct buf *out)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!file)
		return;
	if (fscanf(file, "%*d %ld", &pages) == 1) {
		put_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
		buf_printf(out, "%lld\n", (long long)pages * sysconf(_SC_PAGESIZE));
	}
	fclose(file);
}

static void
put_descriptors(struct buf *out)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	long count = -1; /* the directory itself */

	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(directory);
	put_head(out, "process_open_fds", "gauge", "Open file descriptors.");
	buf_printf(out, "%ld\n", count);
}

void
metrics_process_text(struct buf *out)
{
	put_cpu(out);
	put_memory(out);
	put_descriptors(out);
}
