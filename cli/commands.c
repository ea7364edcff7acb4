/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that move and keep data: each opens its databases, does one thing, and ends. */
#include "cli.h"
#include "dot.h"
#include "transfer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char import_help[] =
    "usage: stoa import TARGET FILE... TABLE [--SETTING VALUE...]\n"
    "\n"
    "Read files into a table; the table is made, with inferred types, when it is not there. A\n"
    "file is imported whole or not at all. \"-\" is standard input; gzip and zstd are unpacked.\n"
    "\n"
    "  stoa import app.db trades.csv trades\n"
    "  stoa import app.db events.jsonl events\n"
    "  stoa import app.db frame.arrow frame                     Arrow and Feather files, too\n"
    "  stoa import app.db 2024-*.csv.gz trades --mode append\n"
    "  stoa import app.db export.txt t --separator tab --header no --null 'NA,-'\n"
    "  stoa import app.db trades.csv trades --bad-rows keep     bad rows go to trades_bad_rows\n"
    "  stoa import app.db trades.csv trades --bad-rows file --bad-file bad.csv\n"
    "  stoa import app.db trades.csv trades --mode upsert --keys id\n"
    "  zcat trades.gz | stoa import app.db - trades --quiet\n"
    "\n"
    "Settings of readers are in stoa/format.h, those of writing (mode, keys, truncate, index,\n"
    "strict, ...) in stoa/ingest.h.\n";

static const char export_help[] =
    "usage: stoa export TARGET TABLE|SQL FILE [--SETTING VALUE...]\n"
    "\n"
    "Write a table, or the rows of a query, to a file. The file appears when it is complete.\n"
    "\n"
    "  stoa export app.db trades trades.csv\n"
    "  stoa export app.db \"select * from trades where price > 10\" high.csv --exists replace\n"
    "  stoa export app.db trades trades.jsonl\n"
    "  stoa export app.db trades trades.arrow\n"
    "  stoa export app.db trades - --format arrow --form stream | program\n"
    "  stoa export app.db trades - --separator ';' --null NULL | head\n";

static const char copy_help[] =
    "usage: stoa copy TARGET TABLE|SQL TARGET TABLE [--key COLUMN] [--SETTING VALUE...]\n"
    "\n"
    "Stream rows from one database into another, whatever their engines. All or nothing; with\n"
    "--key batch by batch, each acknowledged, in the key's order and from the greatest key on\n"
    "that the destination has: what was interrupted goes on where it stopped.\n"
    "\n"
    "  stoa copy old.db trades new.db trades\n"
    "  stoa copy app.db \"select * from trades where day = '2024-01-02'\" day.db trades\n"
    "  stoa copy app.db trades archive.db trades --key id\n";

static const char check_help[] =
    "usage: stoa check TARGET [--quick]\n"
    "\n"
    "Look for damage: every page, row, index and key, or with --quick not the indexes' content.\n"
    "Exit status 1 when there is any.\n"
    "\n"
    "  stoa check app.db && stoa backup app.db app.bak\n";

static const char backup_help[] =
    "usage: stoa backup TARGET FILE [--replace]\n"
    "\n"
    "Copy a database while others use it. FILE must not be there, or is replaced with --replace,\n"
    "once the copy is complete and synced.\n"
    "\n"
    "  stoa backup app.db app-$(date +%F).db\n";

/* 1 when the command is to go on; else `*code` is how it ends. */
static int begin(struct args *args, const char *help, int least, int most, int *code)
{
    if (args_take(args, "help")) {
        fputs(help, stdout);
        *code = CLI_OK;
        return 0;
    }
    if (args->count < least || args->count > most) {
        fputs(help, stderr);
        *code = CLI_USAGE;
        return 0;
    }
    interrupt_catch();
    return 1;
}

static int end(struct session *session, stoa_status rc)
{
    if (rc == STOA_OK)
        rc = session_close(session);
    if (rc < 0)
        session_tell(session, NULL);
    session_release(session);
    return session_exit(rc);
}

static void take_settings(struct args *args, struct transfer *transfer)
{
    transfer->format = args_take(args, "format");
    transfer->quiet = args_take(args, "quiet") != NULL;
    for (int64_t i = 0; i < args->option_count; i++)
        transfer_setting(transfer, args->options[i].key, args->options[i].value);
}

static stoa_status import_files(struct session *session, struct args *args,
                                struct transfer *transfer)
{
    stoa_status rc = STOA_OK;
    for (int i = 1; rc == STOA_OK && i < args->count - 1; i++) {
        transfer->file = args->words[i];
        rc = transfer_import(session, transfer);
    }
    return rc;
}

/* Whether the target is a file of SQLite's that is not there yet. */
static int is_new_file(const char *target)
{
    const char *path = strncmp(target, "sqlite:", 7) == 0 ? target + 7 : target;
    return !strpbrk(path, ":?") && access(path, F_OK) != 0;
}

/* Into a new file with a rollback journal, which has nothing to keep of an empty file, so that each
 * page is written once; its write-ahead log it gets afterwards. */
static stoa_status import_new(struct session *session, struct args *args,
                              struct transfer *transfer)
{
    static const stoa_option plain = {"journal", "delete"}, usual = {"journal", "wal"};
    stoa_status rc = session_open(session, args->words[0], &plain, 1);

    if (rc != STOA_OK)
        return rc;
    rc = import_files(session, args, transfer);
    if (rc < 0)
        session_tell(session, NULL);
    stoa_status reopened = session_open(session, args->words[0], &usual, 1);
    if (rc == STOA_OK)
        return reopened;
    session->told = 1; /* The first failure is the one that counts. */
    return rc;
}

int cli_import(struct args *args)
{
    struct transfer transfer = {0};
    struct session session;
    int code;

    if (!begin(args, import_help, 3, 1 << 20, &code))
        return code;
    take_settings(args, &transfer);
    transfer.table = args->words[args->count - 1];
    session_init(&session);
    stoa_status rc = STOA_OK;
    if (is_new_file(args->words[0])) {
        rc = import_new(&session, args, &transfer);
    } else {
        rc = session_open(&session, args->words[0], NULL, 0);
        if (rc == STOA_OK)
            rc = import_files(&session, args, &transfer);
    }
    return end(&session, rc);
}

int cli_export(struct args *args)
{
    struct transfer transfer = {0};
    struct session session;
    int code;

    if (!begin(args, export_help, 3, 3, &code))
        return code;
    take_settings(args, &transfer);
    transfer.table = args->words[1];
    transfer.file = args->words[2];
    session_init(&session);
    stoa_status rc = session_open(&session, args->words[0], NULL, 0);
    if (rc == STOA_OK)
        rc = transfer_export(&session, &transfer);
    return end(&session, rc);
}

int cli_copy(struct args *args)
{
    struct transfer transfer = {0};
    struct session from, to;
    int code;

    if (!begin(args, copy_help, 4, 4, &code))
        return code;
    const char *key = args_take(args, "key");
    transfer.quiet = args_take(args, "quiet") != NULL;
    for (int64_t i = 0; i < args->option_count; i++)
        transfer.writing[transfer.writing_count++] = args->options[i];
    session_init(&from);
    session_init(&to);
    stoa_status rc = session_open(&from, args->words[0], NULL, 0);
    if (rc == STOA_OK) {
        rc = session_open(&to, args->words[2], NULL, 0);
        if (rc < 0)
            from.error = to.error;
    }
    if (rc == STOA_OK)
        rc = transfer_copy(&from, &to, args->words[1], args->words[3], key, &transfer);
    code = end(&from, rc);
    return rc == STOA_OK && code == CLI_OK ? end(&to, rc) : (session_release(&to), code);
}

int cli_check(struct args *args)
{
    struct session session;
    int code;

    if (!begin(args, check_help, 1, 1, &code))
        return code;
    int quick = args_take(args, "quick") != NULL;
    session_init(&session);
    stoa_status rc = session_open(&session, args->words[0], args->options, args->option_count);
    if (rc == STOA_OK)
        rc = care_check(&session, quick ? STOA_CHECK_QUICK : STOA_CHECK_INTEGRITY);
    return end(&session, rc);
}

int cli_backup(struct args *args)
{
    struct session session;
    int code;

    if (!begin(args, backup_help, 2, 2, &code))
        return code;
    int replace = args_take(args, "replace") != NULL;
    session_init(&session);
    stoa_status rc = session_open(&session, args->words[0], args->options, args->option_count);
    if (rc == STOA_OK)
        rc = care_backup(&session, args->words[1], replace);
    return end(&session, rc);
}
