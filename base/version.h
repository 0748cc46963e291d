/* The one place where programs take their version from. */
#pragma once

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#define CSPARKD_VERSION PACKAGE_VERSION
