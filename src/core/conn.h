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

#endif
