/* SPDX-License-Identifier: Apache-2.0 */
#include "dot.h"

stoa_status care_backup(struct session *session, const char *path, int replace)
{
    stoa_status rc = session_begin(session, "backup", "pages");
    if (rc == STOA_OK)
        rc = stoa_backup(session->conn, session->progress.op, path, STOA_NUL, replace,
                         &session->error);
    progress_end(&session->progress);
    return rc;
}

stoa_status dot_restore(struct session *session, const struct words *words)
{
    stoa_status rc = session_begin(session, "restore", "pages");
    if (rc == STOA_OK)
        rc = stoa_restore(session->conn, session->progress.op, words->word[1], STOA_NUL,
                          &session->error);
    progress_end(&session->progress);
    session->changed = 1;
    return rc;
}

stoa_status care_check(struct session *session, int32_t level)
{
    int64_t problems = 0;
    char first[1024] = "";
    stoa_status rc = session_begin(session, "check", "");

    if (rc == STOA_OK)
        rc = stoa_check(session->conn, session->progress.op, level, &problems, first,
                        sizeof first, &session->error);
    progress_end(&session->progress);
    if (rc == STOA_OK && problems > 0)
        rc = session_fail(session, STOA_ERR_CORRUPT, "%lld problem%s; the first: %s",
                          (long long)problems, problems == 1 ? "" : "s", first);
    if (rc == STOA_OK)
        fputs("ok\n", session->output.file);
    return rc;
}

stoa_status dot_checks(struct session *session, const struct words *words)
{
    (void)words;
    return care_check(session, STOA_CHECK_INTEGRITY);
}

stoa_status dot_attach(struct session *session, const struct words *words)
{
    stoa_status rc = session_begin(session, "attach", "");
    if (rc == STOA_OK)
        rc = stoa_attach(session->conn, session->progress.op, words->word[1], STOA_NUL,
                         words->word[2], STOA_NUL, &session->error);
    progress_end(&session->progress);
    session->changed = 1;
    return rc;
}
