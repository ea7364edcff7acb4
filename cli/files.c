/* SPDX-License-Identifier: Apache-2.0 */
/* Files as tables: a name no database knows, such as "trades.csv", is the file of that name. */
#include "formats.h"
#include "session.h"

#include <stdlib.h>
#include <unistd.h>

static stoa_status open_file(void *user_data, const char *name, int64_t name_size,
                             struct ArrowArrayStream *out, stoa_error *err)
{
    const struct session *session = user_data;
    char *path = cli_string_size(name, (size_t)name_size);
    const struct format *format = format_of_file(path);
    stoa_source source = {.struct_size = sizeof source, .path = path, .path_size = STOA_NUL};
    stoa_status rc = STOA_ERR_NOT_FOUND;

    if (format && access(path, F_OK) == 0)
        rc = format->open(session->progress.op, &source, NULL, NULL, 0, out, err);
    free(path);
    return rc;
}

void session_files(struct session *session)
{
    /* An engine that cannot has tables alone. */
    (void)stoa_scan_resolver(session->conn, open_file, session, NULL, NULL);
}
