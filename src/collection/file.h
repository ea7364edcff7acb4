/* SPDX-License-Identifier: Apache-2.0 */
/* Files of SQL, read whole. */
#ifndef STOA_COLLECTION_FILE_H
#define STOA_COLLECTION_FILE_H

#include "base/buffer.h"

/* Append all of the file. NOT_FOUND when it is not there; INVALID when it is too long to be SQL. */
stoa_status collection_read_file(const char *path, stoa__buffer *out, stoa_error *err);

#endif
