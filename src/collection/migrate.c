/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa_collection_migrate(): what is to be run is found out under the write lock, since another
 * process may be at it, and run in one transaction (or one a version), which ends when the schema
 * is valid.
 */
#include "base/error.h"
#include "base/limits.h"
#include "base/settings.h"
#include "collection/apply.h"
#include "collection/history.h"
#include "collection/output.h"
#include "collection/sql.h"
#include "core/db.h"
#include "engine/sqlite/enforce.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

struct options {
    int32_t direction; /* 1: down. */
    bool plan, dry_run, per_version, allow_newer, history;
};

struct run {
    struct collection_call call;
    struct options options;
    struct migration_folder folder;
    int64_t target;  /* As asked for; -1: the newest. */
    int64_t version; /* The database's, under the lock. */
    bool history;    /* There is one. */
    int64_t kept;    /* The version that is committed; -1: not known. */
    stoa_result *out;
    struct collection_rows rows;
    stoa_error *err;
};

static const struct collection_field fields[] = {
    {"version", "l", false}, {"direction", "u", false},
    {"statements", "l", false}, {"applied", "b", false},
};

static bool is_down(const struct run *run)
{
    return run->options.direction != 0;
}

/* ---- versions ---- */

static stoa_status read_version(struct run *run)
{
    struct collection_sql sql = {0};
    const stoa_status rc =
        collection_sql_once(&sql, &run->call, "PRAGMA main.user_version", run->err);

    if (rc == STOA_OK)
        run->version = collection_row_int64(&sql.row, 0);
    else
        stoa__wrap(run->err, "Failed to read user_version");
    collection_sql_close(&sql);
    return rc;
}

static stoa_status write_version(struct run *run, int64_t version)
{
    struct collection_sql sql = {0};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "PRAGMA main.user_version = %d", (int)version);
    rc = collection_text_end(&text, run->err);
    if (rc == STOA_OK)
        rc = collection_sql_once(&sql, &run->call, (const char *)text.data, run->err);
    if (rc < 0)
        stoa__wrap(run->err, "Failed to set user_version");
    else
        run->version = version;
    collection_sql_close(&sql);
    stoa__buffer_release(&text);
    return rc < 0 ? rc : STOA_OK;
}

/* Does what the database says agree with the folder? */
static stoa_status check_version(struct run *run)
{
    const int64_t newest = collection_migration_newest(&run->folder);

    if (run->version > newest && !run->options.allow_newer)
        return collection_fail(&run->call, run->err, STOA_ERR_INVALID,
                               "the database is at version %lld, the newest migration is %lld",
                               (long long)run->version, (long long)newest);
    return STOA_OK;
}

static stoa_status check_target(const struct run *run)
{
    if (run->target < -1 || (run->target == -1 && is_down(run)))
        return collection_fail(&run->call, run->err, STOA_ERR_INVALID, "target is %lld",
                               (long long)run->target);
    if (!is_down(run) && run->target > 0 && !collection_migration_find(&run->folder, run->target))
        return collection_fail(&run->call, run->err, STOA_ERR_NOT_FOUND,
                               "there is no migration %lld", (long long)run->target);
    return STOA_OK;
}

/* What comes next from `version`; NULL: nothing. `*after`: the version it leads to. */
static const struct migration *next_step(const struct run *run, int64_t version, int64_t *after)
{
    const int64_t newest = collection_migration_newest(&run->folder);
    const int64_t target = run->target < 0 ? newest : run->target;
    const struct migration *step = NULL;

    for (int64_t i = 0; i < run->folder.count; i++) {
        const struct migration *at = &run->folder.migrations[i];

        if (is_down(run) ? at->version <= version && at->version > target
                         : !step && at->version > version && at->version <= target)
            step = at;
    }
    if (!step)
        return NULL;
    *after = step->version;
    if (is_down(run)) {
        *after = collection_migration_below(&run->folder, step->version);
        *after = *after < target ? target : *after;
    }
    return step;
}

/* ---- one script ---- */

/* The runner's to decide. A ROLLBACK is not passed over: it means something went wrong. */
static bool is_bracket(const struct stoa__sql_statement *statement)
{
    static const char *const words[] = {"begin", "commit", "end"};
    struct stoa__sql_token word = {
        .kind = STOA__SQL_WORD, .text = statement->word, .size = statement->word_size};

    for (size_t i = 0; statement->word && i < sizeof words / sizeof *words; i++)
        if (stoa__sql_is(&word, words[i]))
            return true;
    return false;
}

static bool is_off(const struct stoa__sql_token *token)
{
    return stoa__sql_is(token, "off") || stoa__sql_is(token, "no") ||
           stoa__sql_is(token, "false") ||
           (token->kind == STOA__SQL_NUMBER && token->size == 1 && *token->text == '0');
}

/* Is there a PRAGMA foreign_keys = OFF, or foreign_keys(0)? */
static bool turns_keys_off(const stoa__buffer *script)
{
    struct stoa__sql_token token;
    stoa__sql scan;
    int matched = 0; /* PRAGMA, foreign_keys, = or ( */

    stoa__sql_init(&scan, (const char *)script->data, script->size, STOA__SQL_SQLITE);
    for (;;) {
        stoa__sql_next_solid(&scan, &token);
        if (token.kind == STOA__SQL_END)
            return false;
        if (matched == 3 && is_off(&token))
            return true;
        if (stoa__sql_is(&token, "pragma"))
            matched = 1;
        else if (matched == 1 && stoa__sql_is(&token, "foreign_keys"))
            matched = 2;
        else if (matched == 2 && token.size == 1 && (*token.text == '=' || *token.text == '('))
            matched = 3;
        else
            matched = 0;
    }
}

static stoa_status check_keys(struct run *run)
{
    static const char text[] = "PRAGMA main.foreign_key_check";

    return collection_sql_script(&run->call, text, sizeof text - 1, NULL, NULL, run->err);
}

static stoa_status run_script(struct run *run, const stoa__buffer *script, int64_t *count)
{
    void *native = run->call.entry.session->native;
    const bool off = turns_keys_off(script);
    const bool enforced = off && sqlite_enforces(native);
    stoa_status rc = enforced ? sqlite_enforce(native, false, run->err) : STOA_OK;

    if (rc != STOA_OK)
        return rc;
    rc = collection_sql_script(&run->call, (const char *)script->data, script->size, is_bracket,
                               count, run->err);
    if (rc == STOA_OK && off)
        rc = check_keys(run);
    if (enforced) {
        const stoa_status again = sqlite_enforce(native, true, rc == STOA_OK ? run->err : NULL);

        rc = rc == STOA_OK ? again : rc;
    }
    return rc;
}

static stoa_status read_script(const struct run *run, const struct migration *step,
                               stoa__buffer *script)
{
    const stoa_status rc =
        collection_migration_script(&run->folder, step, is_down(run), script, run->err);

    if (rc != STOA_OK)
        stoa__wrap(run->err, "Cannot %s", run->call.operation);
    return rc;
}

static void report(struct run *run, const struct migration *step, int64_t statements, bool applied)
{
    collection_rows_int64(&run->rows, step->version);
    collection_rows_string(&run->rows, is_down(run) ? "down" : "up");
    collection_rows_int64(&run->rows, statements);
    collection_rows_int64(&run->rows, applied);
}

static stoa_status run_step(struct run *run, const struct migration *step, int64_t after)
{
    stoa__buffer script = {0};
    int64_t count = 0;
    stoa_status rc = read_script(run, step, &script);

    if (rc == STOA_OK) {
        rc = run_script(run, &script, &count);
        if (rc != STOA_OK)
            stoa__wrap(run->err, "Failed to %s: migration %lld", run->call.operation,
                       (long long)step->version);
    }
    stoa__buffer_release(&script);
    if (rc == STOA_OK)
        rc = write_version(run, after);
    if (rc == STOA_OK && run->history)
        rc = collection_history_note(&run->call, &run->folder, step, is_down(run), run->err);
    report(run, step, count, !run->options.dry_run);
    return rc;
}

/* ---- a transaction of them ---- */

/* Under the lock: where are we, and does all we know agree with it? */
static stoa_status look(struct run *run)
{
    stoa_status rc = read_version(run);

    if (rc == STOA_OK && run->kept < 0)
        run->kept = run->version;
    if (rc == STOA_OK)
        rc = check_version(run);
    if (rc == STOA_OK)
        rc = collection_history_exists(&run->call, &run->history, run->err);
    if (rc == STOA_OK && run->history && run->options.history)
        rc = collection_history_check(&run->call, &run->folder, run->version, run->err);
    return rc;
}

/* DONE: nothing was left to run. */
static stoa_status run_steps(struct run *run, bool one)
{
    const struct migration *step;
    bool any = false;
    int64_t after;
    stoa_status rc = look(run);

    if (rc == STOA_OK && run->options.history && !run->history) {
        rc = collection_history_begin(&run->call, &run->folder, run->version, run->err);
        run->history = true;
    }
    while (rc == STOA_OK && (!any || !one) && (step = next_step(run, run->version, &after))) {
        any = true;
        rc = run_step(run, step, after);
    }
    if (rc == STOA_OK && any && run->version > 0)
        rc = collection_validate(&run->call, run->call.state->policy.rules_basic, run->err);
    return rc == STOA_OK && !any ? STOA_DONE : rc;
}

static stoa_status publish(struct run *run)
{
    return collection_rows_publish(&run->rows, &run->call, run->out, run->err);
}

/* The report is there before the commit: nothing fails behind that. */
static stoa_status end_transaction(struct run *run, bool one, stoa_status rc)
{
    if (rc == STOA_DONE || (rc == STOA_OK && !one)) {
        const stoa_status published = publish(run);

        rc = published == STOA_OK ? rc : published;
    }
    if (rc >= 0 && run->options.dry_run) {
        collection_write_cancel(&run->call);
        return rc;
    }
    rc = collection_write_end(&run->call, rc, run->err);
    if (rc >= 0)
        run->kept = run->version;
    else if (run->out && run->out->id) {
        stoa_result_close(*run->out);
        *run->out = (stoa_result){0};
    }
    return rc;
}

static stoa_status run_transaction(struct run *run, bool one)
{
    const stoa_status rc = collection_write_begin(&run->call, run->err);

    return rc == STOA_OK ? end_transaction(run, one, run_steps(run, one)) : rc;
}

static stoa_status run_all(struct run *run)
{
    const bool one = run->options.per_version && !run->options.dry_run;
    stoa_status rc;

    do
        rc = run_transaction(run, one);
    while (one && rc == STOA_OK);
    if (rc < 0 && run->kept >= 0)
        stoa__error_append(run->err, "the database is at version %lld", (long long)run->kept);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* ---- a plan ---- */

static stoa_status plan(struct run *run)
{
    const struct migration *step;
    int64_t version, after;
    stoa_status rc = look(run);

    version = run->version;
    while (rc == STOA_OK && (step = next_step(run, version, &after))) {
        stoa__buffer script = {0};

        rc = read_script(run, step, &script);
        report(run, step,
               collection_sql_count((const char *)script.data, script.size, is_bracket), false);
        stoa__buffer_release(&script);
        version = after;
    }
    return rc;
}

static stoa_status make_plan(struct run *run)
{
    stoa_status rc = collection_read_begin(&run->call, run->err);

    if (rc == STOA_OK)
        rc = collection_read_end(&run->call, plan(run), run->err);
    return rc == STOA_OK ? publish(run) : rc;
}

/* ---- in and out ---- */

static const struct stoa__setting settings_table[] = {
    {.key = "direction",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct options, direction),
     .choices = "up|down"},
    {.key = "plan", .type = STOA__SETTING_BOOL, .offset = offsetof(struct options, plan)},
    {.key = "dry_run", .type = STOA__SETTING_BOOL, .offset = offsetof(struct options, dry_run)},
    {.key = "per_version",
     .type = STOA__SETTING_BOOL,
     .offset = offsetof(struct options, per_version)},
    {.key = "allow_newer",
     .type = STOA__SETTING_BOOL,
     .offset = offsetof(struct options, allow_newer)},
    {.key = "history", .type = STOA__SETTING_BOOL, .offset = offsetof(struct options, history)},
};

static stoa_status collection_read_options(const stoa_option *options, int64_t option_count,
                                           struct options *out, stoa_error *err)
{
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add(&settings, options, option_count, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(&settings, "collection", settings_table,
                                 sizeof settings_table / sizeof *settings_table, out, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "collection", err);
    stoa__settings_release(&settings);
    return rc;
}

static stoa_status check_writable(const struct run *run)
{
    const struct stoa__entry *entry = &run->call.entry;
    stoa__buffer value = {0};
    stoa_status rc =
        entry->engine->property(entry->session->db->instance, "read_only", &value, run->err);

    if (rc == STOA_OK && value.size == 3 && memcmp(value.data, "yes", 3) == 0)
        rc = stoa__fail(run->err, STOA_ERR_READ_ONLY,
                        "Cannot from_migrations: read_only mode (use Database constructor to open "
                        "existing)");
    stoa__buffer_release(&value);
    return rc;
}

static stoa_status migrate(struct run *run, const char *folder, size_t size)
{
    stoa_status rc = collection_migration_folder_read(&run->folder, folder, size, run->err);

    if (rc == STOA_OK)
        rc = check_target(run);
    if (rc == STOA_OK && !run->options.plan)
        rc = check_writable(run);
    if (rc == STOA_OK)
        rc = collection_rows_init(&run->rows, fields, sizeof fields / sizeof *fields, run->err);
    if (rc == STOA_OK)
        rc = run->options.plan ? make_plan(run) : run_all(run);
    collection_rows_release(&run->rows);
    collection_migration_folder_release(&run->folder);
    return rc;
}

stoa_status stoa_collection_migrate(stoa_conn conn, stoa_op op, const char *folder,
                                    int64_t folder_size, int64_t target,
                                    const stoa_option *options, int64_t option_count,
                                    stoa_result *out, stoa_error *err)
{
    struct run run = {.target = target, .kept = -1, .out = out, .err = err};
    size_t size = 0;
    stoa_status rc;

    if (out)
        *out = (stoa_result){0};
    rc = stoa__text_size("folder", folder, folder_size, STOA__TARGET_BYTES_MAX, &size, err);
    if (rc == STOA_OK && (size == 0 || memchr(folder, '\0', size)))
        rc = stoa__fail(err, STOA_ERR_INVALID, "folder is empty or holds a NUL");
    if (rc == STOA_OK)
        rc = collection_read_options(options, option_count, &run.options, err);
    if (rc == STOA_OK)
        rc = collection_enter_bare(&run.call, conn, op,
                                   is_down(&run) ? "migrate_down" : "migrate_up", err);
    if (rc != STOA_OK)
        return rc;
    return collection_leave(&run.call, migrate(&run, folder, size));
}
