/*
 * The configuration file, in libconfig's syntax. The only file that knows libconfig is config_file.c.
 */
#pragma once

#include "daemon/config_draft.h"

/* Reads <path> into the draft; whatever is wrong is reported with its line. <path> borrowed as long as the
 * draft. */
void config_file_read(struct config_draft *draft, const char *path);
