/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that begin with a dot. */
#ifndef STOA_CLI_DOT_H
#define STOA_CLI_DOT_H

#include "session.h"

enum { DOT_WORDS_MAX = 32 };

/* A command's words, the first being its name without the dot. */
struct words {
    char *word[DOT_WORDS_MAX];
    int count;
};

/* dot.c: `line` begins with the dot. Failures are printed. */
stoa_status dot_run(struct session *session, const char *line);
/* KEY=VALUE words from the third on, as settings (DOT_WORDS_MAX at most); -1 and a sentence when
 * one is none. */
int64_t dot_options(struct session *session, const struct words *words, stoa_option *options);
/* The nth command's name, for completion; NULL beyond the last. */
const char *dot_name(size_t nth);

/* dot_list.c: what the catalogue and the library list. */
stoa_status dot_tables(struct session *session, const struct words *words);
stoa_status dot_schema(struct session *session, const struct words *words);
stoa_status dot_indexes(struct session *session, const struct words *words);
stoa_status dot_functions(struct session *session, const struct words *words);
stoa_status dot_engines(struct session *session, const struct words *words);
stoa_status dot_columns(struct session *session, const struct words *words);
stoa_status dot_settings(struct session *session, const struct words *words);
stoa_status dot_explain(struct session *session, const struct words *words);

/* dot_care.c: what copies and checks whole databases. */
stoa_status dot_restore(struct session *session, const struct words *words);
stoa_status dot_checks(struct session *session, const struct words *words);
stoa_status dot_attach(struct session *session, const struct words *words);

stoa_status care_backup(struct session *session, const char *path, int replace);
stoa_status care_check(struct session *session, int32_t level);

/* dump.c: the database, or one table, as SQL that makes it again. */
stoa_status dot_dump(struct session *session, const struct words *words);

#endif
