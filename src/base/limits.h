/* SPDX-License-Identifier: Apache-2.0 */
/* Every bound of the library with its reason. A bound named here appears in the error that
 * reports it. */
#ifndef STOA_BASE_LIMITS_H
#define STOA_BASE_LIMITS_H

enum {
    /* Longest name of a table, column, setting or function: four times what any engine takes. */
    STOA__NAME_BYTES_MAX = 4096,
    /* Nesting of an Arrow schema or of JSON text: recursion is bounded by it. */
    STOA__DEPTH_MAX = 64,
    /* Children of one Arrow type and columns of one table: SQLite's own hard limit is 32,767. */
    STOA__COLUMN_COUNT_MAX = 32767,
    /* Arrow metadata of one field; a hostile producer could claim 2 GiB. */
    STOA__METADATA_BYTES_MAX = 1 << 24,
    STOA__METADATA_COUNT_MAX = 65536,
    /* Fields of one Arrow schema, nested ones included. Its nodes may point to each other in a
     * lattice that would unfold without end. */
    STOA__ARROW_NODE_COUNT_MAX = 1 << 17,
    /* Names, formats and metadata of one Arrow schema together. */
    STOA__ARROW_SCHEMA_BYTES_MAX = 1 << 26,
    /* The longest format is a union of 128 type ids, or a timestamp with its zone. */
    STOA__ARROW_FORMAT_BYTES_MAX = 1024,
    STOA__ARROW_ZONE_BYTES_MAX = 255,
    /* Data buffers of one view column: peers make one per some hundred kilobytes. */
    STOA__ARROW_VIEW_BUFFER_COUNT_MAX = 1 << 20,
    /* Settings of one call or one target text. */
    STOA__OPTION_COUNT_MAX = 256,
    STOA__TARGET_BYTES_MAX = 65536,
    /* Rows in one batch a caller may ask for (16 Mi): keeps 32-bit arithmetic on rows safe. */
    STOA__BATCH_ROWS_MAX = 1 << 24,
    STOA__BATCH_ROWS_DEFAULT = 65536,
    /* Prepared statements kept by a session, keyed by text; each holds some kilobytes. */
    STOA__STATEMENT_CACHE_COUNT = 64,
    /* A statement longer than this is prepared each time instead of being a cache key. */
    STOA__STATEMENT_CACHE_SQL_BYTES_MAX = 16384,
    /* Idle sessions a database keeps for the next stoa_connect(). */
    STOA__POOL_IDLE_MAX = 8,
    /* Tables of one push, parameters of one statement. */
    STOA__PUSH_TABLE_COUNT_MAX = 65536,
    STOA__PARAM_COUNT_MAX = 32766,
    /* Lines and bytes of the log ring. */
    STOA__LOG_LINE_BYTES_MAX = 1024,
    STOA__LOG_RING_LINES = 256,
    /* One record of CSV or JSON lines: it must be in memory as a whole, twice while it is
     * converted, and 32-bit offsets must count it. */
    STOA__RECORD_BYTES_DEFAULT = 1 << 24,
    STOA__RECORD_BYTES_MAX = 1 << 30,
    /* Text that becomes one batch: below it a batch costs more than its rows, above it some of
     * them on each thread are all that a bounded import may hold. */
    STOA__CHUNK_BYTES_MIN = 1 << 12,
    STOA__CHUNK_BYTES_DEFAULT = 1 << 20,
    STOA__CHUNK_BYTES_MAX = 1 << 26,
    /* Threads that parse one file: beyond, reading it is what takes the time. */
    STOA__PARSE_THREADS_DEFAULT = 8,
    STOA__PARSE_THREADS_MAX = 64,
    /* Bad rows passed over: a file with more is another kind of file. */
    STOA__BAD_ROWS_DEFAULT = 10000,
    /* An append another thread may write along with its own: what takes longer than a commit is
     * worth a transaction of its own, and whoever writes must not be kept from its own call. */
    STOA__ALONG_ROWS_MAX = 1000,
    STOA__ALONG_BYTES_MAX = 1 << 16,
    STOA__ALONG_PART_COUNT_MAX = 8,
    /* Appends in one transaction: more gain little, and each waits for all. */
    STOA__ALONG_COUNT_MAX = 64,
    /* Memory of one Lua runner: some million values read at once; a script that eats more is ended
     * before it takes the process with it. Also what a script's text may be. */
    STOA__LUA_BYTES_MAX = 1 << 28,
    /* What a script returns, as JSON: more belongs into a file. */
    STOA__LUA_JSON_BYTES_MAX = 1 << 26,
    STOA__LUA_JSON_DEPTH_MAX = 32,
    /* Lua's instructions between two looks at the operation: some ten microseconds. */
    STOA__LUA_HOOK_STEPS = 1000,
    /* Rows of a column in a Lua table: a stray index must not ask for all memory there is. */
    STOA__LUA_ROW_COUNT_MAX = 1 << 24,
    /* A tick runs at least this often while a call works or waits. */
    STOA__TICK_INTERVAL_MS = 50,
};

/* Bytes of one Arrow buffer we are ready to believe in: beyond it lengths are noise. */
#define STOA__BUFFER_BYTES_MAX INT64_C(0x0000ffffffffffff)

/* Rows of one Arrow array, offset included: nothing with a byte a row gets there. */
#define STOA__ARROW_ROW_COUNT_MAX INT64_C(0x0000010000000000)

#endif
