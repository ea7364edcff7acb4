/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/scan.h: the caller's Arrow data seen as a table of a connection.
 *
 * Values are read where they lie; texts are not copied. Batches are kept while a statement may
 * still point into them. A stream can be read once, so what is read of it is kept for later scans,
 * up to the setting `retain_size`; a factory or batches in memory can be read again and again.
 *
 * Settings of a scan
 *
 *   replace       yes: take the place of a scan of the same name (no: EXISTS)
 *   retain_size   bytes of a one-shot stream kept for being scanned again (1G); beyond it a second
 *                 scan is STOA_ERR_FULL
 *   check         shape | full (full)
 */
#ifndef STOA_SCAN_H
#define STOA_SCAN_H

#include "stoa/arrow.h"
#include "stoa/db.h"

#ifdef __cplusplus
extern "C" {
#endif

struct stoa_column;

/* A registered scan. It ends with its connection. */
typedef struct stoa_scan {
    uint64_t id;
} stoa_scan;

/* Register `stream` under `name`; a stored table of that name is hidden by it. `stream` is taken
 * on success. Calls back. */
STOA_API stoa_status stoa_scan_register(stoa_conn conn, stoa_op op, const char *name,
                                        int64_t name_size, struct ArrowArrayStream *stream,
                                        const stoa_option *options, int64_t option_count,
                                        stoa_scan *out, stoa_error *err);

/* Register batches in memory, which can be scanned any number of times. `schema` and all `batches`
 * are taken on success. */
STOA_API stoa_status stoa_scan_register_batches(stoa_conn conn, stoa_op op, const char *name,
                                                int64_t name_size, struct ArrowSchema *schema,
                                                struct ArrowArray *batches, int64_t batch_count,
                                                const stoa_option *options, int64_t option_count,
                                                stoa_scan *out, stoa_error *err);

/* Opens the data again from its start: fills `out`, or `err` and returns < 0. Runs on the thread
 * whose statement scans. */
typedef stoa_status (*stoa_stream_factory)(void *user_data, struct ArrowArrayStream *out,
                                           stoa_error *err);

/* Register data that can be opened again: the factory is called once a scan (and once here, for
 * the schema). release(user_data) runs exactly once, when the scan is gone or this call failed. */
STOA_API stoa_status stoa_scan_register_factory(stoa_conn conn, stoa_op op, const char *name,
                                                int64_t name_size, stoa_stream_factory open,
                                                void *user_data, stoa_release release,
                                                const stoa_option *options, int64_t option_count,
                                                stoa_scan *out, stoa_error *err);

/* Forget the scan. A statement that runs on it keeps the data until it ends; later ones do not find
 * the name. */
STOA_API void stoa_scan_close(stoa_scan scan);

/* The same by name. */
STOA_API stoa_status stoa_scan_drop(stoa_conn conn, const char *name, int64_t name_size,
                                    stoa_error *err);

/* Asked for a table name that a statement uses and nobody knows. Answers STOA_OK with a stream in
 * `out`, which then is a scan for this one statement; STOA_ERR_NOT_FOUND with `err` untouched to
 * pass; any other failure ends the statement. `name` is valid for the call only. */
typedef stoa_status (*stoa_resolver)(void *user_data, const char *name, int64_t name_size,
                                     struct ArrowArrayStream *out, stoa_error *err);

/* Set the connection's resolver, or remove it with NULL. release(user_data) runs exactly once: when
 * it is replaced or removed, with the connection, or when this call fails. */
STOA_API stoa_status stoa_scan_resolver(stoa_conn conn, stoa_resolver resolver, void *user_data,
                                        stoa_release release, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
