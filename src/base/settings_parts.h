/* SPDX-License-Identifier: Apache-2.0 */
/* What settings.c gives to settings_read.c. Nobody else includes it. */
#ifndef STOA_BASE_SETTINGS_PARTS_H
#define STOA_BASE_SETTINGS_PARTS_H

#include "base/settings.h"

/* NULL when it is not there. */
struct stoa__settings_entry *stoa__settings_find(const stoa__settings *settings,
                                                 const char *key);

/* Remember a key that some layer reads. False when memory is out. */
bool stoa__settings_know(stoa__settings *settings, const char *key);

#endif
