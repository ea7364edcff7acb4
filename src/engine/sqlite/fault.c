/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's codes and messages turned into ours (sqlite-arrow.md 10). Messages decide where SQLite
 * has no code. */
#include "base/error.h"
#include "engine/sqlite/memory_vfs.h"
#include "engine/sqlite/sqlite.h"

#include <string.h>

#include "base/ban.h"

struct fault {
    stoa_status status;
    const char *sqlstate;
    uint32_t flags;
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t size = strlen(text);
    size_t with_size = strlen(with);
    return size >= with_size && strcmp(text + size - with_size, with) == 0;
}

enum where { BEGINS, ENDS, HAS };

static bool matches(const char *text, enum where where, const char *part)
{
    if (where == BEGINS)
        return begins(text, part);
    return where == ENDS ? ends(text, part) : strstr(text, part) != NULL;
}

/* SQLITE_ERROR: the message is all there is. */
static struct fault by_message(const char *text)
{
    static const struct {
        const char *text;
        enum where where;
        struct fault fault;
    } table[] = {
        {"no such table", BEGINS, {STOA_ERR_NOT_FOUND, "42S02", 0}},
        {"no such view", BEGINS, {STOA_ERR_NOT_FOUND, "42S02", 0}},
        {"no such index", BEGINS, {STOA_ERR_NOT_FOUND, "42S12", 0}},
        {"no such trigger", BEGINS, {STOA_ERR_NOT_FOUND, "42704", 0}},
        {"no such column", BEGINS, {STOA_ERR_NOT_FOUND, "42S22", 0}},
        {" has no column named ", HAS, {STOA_ERR_NOT_FOUND, "42S22", 0}},
        {"no such function", BEGINS, {STOA_ERR_NOT_FOUND, "42883", 0}},
        {"no such collation sequence", BEGINS, {STOA_ERR_NOT_FOUND, "42704", 0}},
        {"no such savepoint", BEGINS, {STOA_ERR_NOT_FOUND, "3B001", 0}},
        {"no such database", BEGINS, {STOA_ERR_NOT_FOUND, "3D000", 0}},
        {"unknown database", BEGINS, {STOA_ERR_NOT_FOUND, "3D000", 0}},
        {"no such module", BEGINS, {STOA_ERR_NOT_FOUND, "42704", 0}},
        {"no such rowid", BEGINS, {STOA_ERR_NOT_FOUND, "02000", 0}},
        {"already exists", ENDS, {STOA_ERR_EXISTS, "42S01", 0}},
        {"there is already ", BEGINS, {STOA_ERR_EXISTS, "42S01", 0}},
        {"already in use", ENDS, {STOA_ERR_EXISTS, "42710", 0}},
        {"duplicate column name", BEGINS, {STOA_ERR_EXISTS, "42S21", 0}},
        {"syntax error", ENDS, {STOA_ERR_SYNTAX, "42601", 0}},
        {"incomplete input", ENDS, {STOA_ERR_SYNTAX, "42601", 0}},
        {"unrecognized token", BEGINS, {STOA_ERR_SYNTAX, "42601", 0}},
        {"integer overflow", BEGINS, {STOA_ERR_TYPE, "22003", 0}},
        {"malformed JSON", BEGINS, {STOA_ERR_TYPE, "22032", 0}},
        {"cannot commit - no transaction", BEGINS, {STOA_ERR_INVALID, "25000", 0}},
        {"cannot rollback - no transaction", BEGINS, {STOA_ERR_INVALID, "25000", 0}},
        {"cannot VACUUM - SQL statements in progress", BEGINS, {STOA_ERR_BUSY, "HY010", 0}},
        {"cannot start a transaction within", BEGINS, {STOA_ERR_INVALID, "25000", 0}},
        {"attempt to write a readonly", BEGINS, {STOA_ERR_READ_ONLY, "25006", 0}},
        {"out of memory", ENDS, {STOA_ERR_NOMEM, "HY001", 0}}, /* Of a virtual table. */
        {" is locked", ENDS, {STOA_ERR_BUSY, "55006", 0}}, /* DETACH while it is read. */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (matches(text, table[i].where, table[i].text))
            return table[i].fault;
    return (struct fault){STOA_ERR_INVALID, "42000", 0};
}

static struct fault by_constraint(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return (struct fault){STOA_ERR_CONSTRAINT, "23505", 0};
    case SQLITE_CONSTRAINT_NOTNULL:
        return (struct fault){STOA_ERR_CONSTRAINT, "23502", 0};
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return (struct fault){STOA_ERR_CONSTRAINT, "23503", 0};
    case SQLITE_CONSTRAINT_CHECK:
        return (struct fault){STOA_ERR_CONSTRAINT, "23514", 0};
    case SQLITE_CONSTRAINT_DATATYPE:
        return (struct fault){STOA_ERR_TYPE, "22018", 0};
    default:
        return (struct fault){STOA_ERR_CONSTRAINT, "23000", 0};
    }
}

static struct fault by_primary(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return by_constraint(code);
    case SQLITE_MISMATCH:
        return (struct fault){STOA_ERR_TYPE, "22018", 0};
    case SQLITE_BUSY:
        return code == SQLITE_BUSY_SNAPSHOT
                   ? (struct fault){STOA_ERR_LOCKED, "40001", STOA_ERROR_RETRYABLE}
                   : (struct fault){STOA_ERR_LOCKED, "55P03", STOA_ERROR_RETRYABLE};
    case SQLITE_LOCKED:
        return (struct fault){STOA_ERR_BUSY, "HY010", 0};
    case SQLITE_INTERRUPT:
        return (struct fault){STOA_ERR_CANCELLED, "57014", 0};
    case SQLITE_ABORT:
        return (struct fault){STOA_ERR_CLOSED, "24000", 0};
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? (struct fault){STOA_ERR_NOMEM, "HY001", 0}
                                          : (struct fault){STOA_ERR_IO, "58030", 0};
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
        return (struct fault){STOA_ERR_IO, "58030", 0};
    case SQLITE_FULL:
        return (struct fault){STOA_ERR_FULL, "53100", 0};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return (struct fault){STOA_ERR_CORRUPT, "XX001", 0};
    case SQLITE_READONLY:
        return (struct fault){STOA_ERR_READ_ONLY, "25006", 0};
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return (struct fault){STOA_ERR_READ_ONLY, "42501", 0};
    case SQLITE_NOMEM:
        return (struct fault){STOA_ERR_NOMEM, "HY001", 0};
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
        return (struct fault){STOA_ERR_INVALID, "22001", 0};
    default:
        return (struct fault){STOA_ERR_INTERNAL, "XX000", 0};
    }
}

static const char *read_only_preface(int code)
{
    switch (code) {
    case SQLITE_READONLY_DBMOVED:
        return "the file was moved or deleted since it was opened: ";
    case SQLITE_READONLY_DIRECTORY:
        return "no journal can be made in the file's folder: ";
    case SQLITE_READONLY_ROLLBACK:
        return "a writer died and its journal must be rolled back; open the file once for "
               "writing: ";
    case SQLITE_READONLY_RECOVERY:
    case SQLITE_READONLY_CANTINIT:
        return "its write-ahead log must be recovered; open the file once for writing: ";
    default:
        return "";
    }
}

/* What stands before SQLite's own words, where these alone would puzzle. */
static const char *preface(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
        return code == SQLITE_BUSY_SNAPSHOT
                   ? "somebody else wrote since this transaction began reading; roll back and "
                     "begin again for writing: "
                   : "another connection or process has the database: ";
    case SQLITE_LOCKED:
        return "a result of this connection is still being read: ";
    case SQLITE_ABORT:
        return "the result was ended by a rollback: ";
    case SQLITE_READONLY:
        return read_only_preface(code);
    case SQLITE_CANTOPEN:
        return code == SQLITE_MEMORY_TORN
                   ? "beside a database in memory a transaction writes to one attached file, or to "
                     "several in WAL mode: "
                   : "";
    default:
        return "";
    }
}

/* Did a write that failed perhaps reach the file? Not while its transaction is open: then all of
 * it can be taken back. */
static bool in_doubt(const struct sqlite_session *session, int code)
{
    return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM &&
           code != SQLITE_IOERR_READ && code != SQLITE_IOERR_SHORT_READ && session->holds_gate &&
           sqlite3_get_autocommit(session->db);
}

static stoa_status fail_as(struct sqlite_session *session, int code, stoa_error *err)
{
    const char *text = sqlite3_errmsg(session->db);
    struct fault fault =
        (code & 0xff) == SQLITE_ERROR ? by_message(text) : by_primary(code);
    stoa_status status = stoa__fail(err, fault.status, "%s%s", preface(code), text);

    stoa__error_engine(err, code, fault.sqlstate);
    stoa__error_position(err, sqlite3_error_offset(session->db));
    stoa__error_flag(err, fault.flags);
    if (in_doubt(session, code))
        stoa__error_flag(err, STOA_ERROR_IN_DOUBT);
    return status;
}

stoa_status sqlite_fail(struct sqlite_session *session, int code, stoa_error *err)
{
    const int primary = code & 0xff;
    stoa_status status;

    if (session->failure.code != STOA_OK) {
        status = session->failure.code;
        stoa__error_copy(err, &session->failure);
        session->failure.code = STOA_OK;
    } else if ((primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY) && session->call &&
               session->call->stop != STOA_OK) {
        status = stoa__call_fail(session->call, err);
        stoa__error_engine(err, code, "57014");
    } else {
        status = fail_as(session, code, err);
    }
    if (session->in_transaction && sqlite3_get_autocommit(session->db)) {
        session->in_transaction = false;
        stoa__error_flag(err, STOA_ERROR_ROLLED_BACK);
        stoa__error_append(err, "the open transaction was rolled back");
    }
    return status;
}
