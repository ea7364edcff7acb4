/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a stoa_conn: one session, and what is kept between calls on it. */
#ifndef STOA_CORE_CONN_H
#define STOA_CORE_CONN_H

#include "core/enter.h"
#include "core/value.h"

/* All but `leaf` under the session's mark. Unlike other leaves it is not linked and not buried:
 * it goes when all of them are gone. */
struct stoa__conn {
    struct stoa__leaf leaf;
    struct stoa__read_config read;
    struct stoa__params_room room;
    struct stoa__row_writer row; /* Of stoa_query_row(). */
    /* What the floor above keeps here, under the mark: plain memory, which knows nothing of the
     * session. Freed with the connection, on whatever thread that is, and by its reset. */
    void *extension;
    void (*extension_free)(void *extension);
};

/* Free what the floor above keeps on the connection. */
void stoa__conn_drop_extension(struct stoa__conn *conn);

/* Make a connection on a session whose mark is held; it takes a reference of its own. */
stoa_status stoa__conn_open(struct stoa__session *session,
                            const struct stoa__read_config *read, uint64_t *id,
                            stoa_error *err);

#endif
