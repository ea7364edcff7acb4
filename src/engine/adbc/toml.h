/* SPDX-License-Identifier: Apache-2.0 */
/* The part of TOML that driver manifests are written in: comments, [tables], and keys with text,
 * numbers, booleans or arrays of such. It reports what it reads and keeps nothing. */
#ifndef STOA_ENGINE_ADBC_TOML_H
#define STOA_ENGINE_ADBC_TOML_H

#include "base/buffer.h"

enum adbc_toml_kind { ADBC_TOML_TEXT, ADBC_TOML_INTEGER, ADBC_TOML_OTHER };

/* One value. `key` is its whole path, joined with dots ("Driver.shared.linux_amd64"); `text` is
 * what it says, without quotes and escapes. Both end with a NUL and live for the call. */
typedef stoa_status (*adbc_toml_value)(void *self, const char *key, enum adbc_toml_kind kind,
                                       const char *text, stoa_error *err);

/* SYNTAX with line and column in the text; whatever `value` answers but OK ends it. */
stoa_status adbc_toml_read(const char *text, size_t size, adbc_toml_value value, void *self,
                           stoa_error *err);

#endif
