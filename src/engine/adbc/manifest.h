/* SPDX-License-Identifier: Apache-2.0 */
/* Driver manifests: NAME.toml, which says where a driver's library is for this platform. */
#ifndef STOA_ENGINE_ADBC_MANIFEST_H
#define STOA_ENGINE_ADBC_MANIFEST_H

#include "engine/adbc/find.h"

/* Read the manifest at `path`. NOT_FOUND when it has no library for this platform (or is not
 * there: then `*there` is false), INVALID with its path when it is broken. A relative library is
 * taken from the manifest's own folder. */
stoa_status adbc_manifest_read(const char *path, stoa__arena *arena, struct adbc_found *out,
                               bool *there, stoa_error *err);

/* The whole of a small file. NOT_FOUND, IO; INVALID when it is larger than a mebibyte. */
stoa_status adbc_file_read(const char *path, stoa__buffer *out, stoa_error *err);

#endif
