/* SPDX-License-Identifier: Apache-2.0 */
/* Care of a database, and blobs by stream: the engine's functions (contracts: engine/engine.h). */
#ifndef STOA_ENGINE_SQLITE_CARE_H
#define STOA_ENGINE_SQLITE_CARE_H

#include "engine/sqlite/sqlite.h"

/* care.c */
stoa_status sqlite_backup(void *session, stoa__call *call, const char *path, bool replace,
                          stoa_error *err);
stoa_status sqlite_restore(void *session, stoa__call *call, const char *path, stoa_error *err);
stoa_status sqlite_check(void *session, stoa__call *call, int32_t level, int64_t *problems,
                         stoa__buffer *first, stoa_error *err);
stoa_status sqlite_checkpoint(void *session, stoa__call *call, int32_t mode, stoa_error *err);
stoa_status sqlite_vacuum(void *session, stoa__call *call, stoa_error *err);
stoa_status sqlite_attach(void *session, stoa__call *call, const char *target, const char *name,
                          stoa_error *err);
stoa_status sqlite_detach(void *session, stoa__call *call, const char *name, stoa_error *err);

/* blob.c */
stoa_status sqlite_blob_open(void *session, stoa__call *call, const char *database,
                             const char *table, const char *column, int64_t row_id, bool writable,
                             void **blob, int64_t *size, stoa_error *err);
stoa_status sqlite_blob_read(void *blob, stoa__call *call, int64_t offset, uint8_t *bytes,
                             int64_t size, stoa_error *err);
stoa_status sqlite_blob_write(void *blob, stoa__call *call, int64_t offset, const uint8_t *bytes,
                              int64_t size, stoa_error *err);
stoa_status sqlite_blob_finish(void *blob, stoa__call *call, stoa_error *err);
void sqlite_blob_close(void *blob);

#endif
