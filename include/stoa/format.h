/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/format.h: files as Arrow streams, both ways, in bounded memory: CSV, JSON lines, and
 * Arrow's own form, of which a batch is in memory. A stream is what stoa_insert(),
 * stoa_scan_register() and every other taker of Arrow data can be given.
 *
 * Reading CSV and JSON lines. A stream is read from a source: a file, bytes in memory or a
 * callback. Its columns have the types of the target schema where that has them, and those that
 * were inferred elsewhere.
 *
 *   Inference   looks at the first `sample_size` bytes and at nothing else, so it does not depend
 *               on threads or on how the bytes arrive. A column is the first of bool, int64,
 *               decimal128(38, 0) (whole numbers beyond 64 bits), float64 (or decimal128), date32,
 *               time64[us], timestamp[us], timestamp[us, UTC] that takes every value seen, or else
 *               utf8; so it is utf8 when all are NULL. Times with more than six digits behind the
 *               point make the unit ns. Numbers with a leading '+' or zeros ("007") are text, as
 *               they name something. stoa_format_columns() tells which value decided.
 *   Afterwards  nothing is widened: a value that its column does not take makes a bad row, and so
 *               do a wrong number of fields, text behind a closing quote, bytes that are not UTF-8
 *               and NUL bytes. `bad_rows` says what becomes of them; their texts name line, column
 *               and value. Lines count from 1 and a quoted line break counts as one.
 *   Encodings   UTF-8 alone, with or without a byte order mark. UTF-16 and UTF-32 are refused by
 *               name, and so are files that are no text (Arrow, Parquet, zip, bzip2, ...). gzip and
 *               zstd are unpacked where libz.so.1 or libzstd.so.1 is found.
 *
 * Settings of all readers
 *
 *   bad_rows       refuse | skip | keep | file: the first one ends the stream (refuse); counted;
 *                  counted and kept for stoa_format_bad_rows(); written to `bad_file` as CSV
 *   bad_rows_max   more of them end the stream with STOA_ERR_FULL (10000)
 *   bad_file       the path of that file, which must not be there
 *   sample_size    bytes inference looks at (1M); the first batch has their rows
 *   chunk_size     bytes that become one batch (1M)
 *   record_size    the longest record, in bytes (16M, at most 1G)
 *   threads        threads that parse, the caller's included; 1 makes none (the processors, 8 at
 *                  most)
 *   compression    auto | none | gzip | zstd (auto: by the first bytes)
 *   numbers        float | decimal | text: what numbers with a point are inferred as (float)
 *   times          yes | no: infer dates and times (yes)
 *   binary         base64 | hex: the text of binary columns (base64)
 *   nul            refuse | keep: NUL bytes in text (refuse)
 *
 * Settings of CSV reading
 *
 *   separator      auto, one ASCII character, or "tab" (auto: that of , ; tab | which cuts the
 *                  sample's records into the same number of fields, the more fields the better)
 *   quote          auto, none or one ASCII character (auto: ", or ' where the sample has no " and
 *                  whole fields in ')
 *   header         auto | yes | no (auto: the first record is one if its fields are not empty, no
 *                  two the same, and none a number, bool, date or time; or if all are columns of
 *                  the target)
 *   null           spellings of NULL, separated by commas; the empty field alone by default. A
 *                  quoted field is never NULL, but for an empty one of a column that isn't text
 *   skip_lines     lines to pass over before the header (0)
 *   types          infer | text: text makes every column utf8 that the target does not have
 *
 *   Records end with LF, CRLF or CR, mixed as they come. Empty lines are passed over; in a file of
 *   one column they are rows. Blanks around values that are not text are ignored. A quote inside an
 *   unquoted field is itself. Lists, structs and maps are JSON text. A quote that is never closed
 *   ends the stream, whatever `bad_rows` is.
 *
 * Settings of JSON lines reading
 *
 *   nested         struct | json: objects and arrays as struct and list columns, or as utf8 with
 *                  their JSON text (struct)
 *   unknown        refuse | ignore: keys of a line that the sample did not have make a bad row, or
 *                  are passed over
 *
 *   A line is an object; its keys are the columns, in the order they were first seen. A utf8 column
 *   takes strings as they are and every other value as its JSON text, so that is what values of
 *   different kinds become; where they are of different kinds inside a nested value, its whole
 *   column is JSON text. What is missing is NULL. Strings that are all dates or times are inferred
 *   as such, and no string as a number.
 *
 * Settings of writers
 *
 *   exists         error | replace: what to do with a file that is there (error). A file appears
 *                  under its name when it is complete
 *   binary         base64 | hex
 *   CSV only       separator (","), quote ("\""), header yes | no, null (the text of NULL, empty),
 *                  quoting needed | all, line_end lf | crlf (lf)
 *   JSON only      nulls write | omit
 *
 *   CSV: text is quoted where it must be, and where it is empty or reads as NULL, so that it comes
 *   back the same. Nested values are JSON text.
 *
 * Arrow's own form (IPC streams and files) has its types in it, so nothing of the above is asked:
 * stoa_ipc_open(), stoa_ipc_write().
 */
#ifndef STOA_FORMAT_H
#define STOA_FORMAT_H

#include "stoa/arrow.h"
#include "stoa/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Gives at most `capacity` more bytes: their number goes to `*size`, 0 at the end. On failure fills
 * `err` and returns < 0. Runs on the thread that opens or pulls the stream, one call at a time. */
typedef stoa_status (*stoa_read_bytes)(void *user_data, void *buffer, int64_t capacity,
                                       int64_t *size, stoa_error *err);

/* Takes all `size` bytes, or fills `err` and returns < 0. */
typedef stoa_status (*stoa_write_bytes)(void *user_data, const void *bytes, int64_t size,
                                        stoa_error *err);

/*
 * Where bytes come from: exactly one of `path`, `bytes` and `read`. `struct_size` is
 * sizeof(stoa_source); the rest may be zero where unused. A path may name a pipe or a device; "-"
 * is a file of that name.
 */
typedef struct stoa_source {
    int64_t struct_size;
    const char *path; /* path_size bytes, or STOA_NUL. */
    int64_t path_size;
    const void *bytes; /* Borrowed until the stream is released. */
    int64_t bytes_size;
    stoa_read_bytes read;
    void *user_data;      /* Of read. */
    stoa_release release; /* Runs once: with the stream, or when the call fails. May be NULL. */
    int64_t total;        /* Bytes `read` will give, for the progress; <= 0: unknown. */
} stoa_source;

/* Where bytes go: exactly one of `path` and `write`. */
typedef struct stoa_sink {
    int64_t struct_size; /* sizeof(stoa_sink) */
    const char *path;    /* path_size bytes, or STOA_NUL. */
    int64_t path_size;
    stoa_write_bytes write;
    void *user_data;      /* Of write. */
    stoa_release release; /* Runs once, when the call returns. May be NULL. */
} stoa_sink;

/*
 * Open CSV as a stream. Reads the sample. May block. Calls back (read, while the stream lives).
 *
 *   op       Deadline, cancel and progress (bytes of the source) of this call and of the stream,
 *            which keeps it.
 *   target   A struct's schema that says the types of the columns it names (ASCII case does not
 *            count), or by position where there is no header; it need not have them all. NULL for
 *            none. Borrowed for the call.
 *   out      The stream. It belongs to the thread that pulls it; threads of its own are named
 *            "stoa-parse".
 */
STOA_API stoa_status stoa_csv_open(stoa_op op, const stoa_source *source,
                                   const struct ArrowSchema *target, const stoa_option *options,
                                   int64_t option_count, struct ArrowArrayStream *out,
                                   stoa_error *err);

/* Open JSON lines as a stream, likewise. The columns are those of the sample, or, with a target,
 * the target's and then those of the sample it does not have. */
STOA_API stoa_status stoa_jsonl_open(stoa_op op, const stoa_source *source,
                                     const struct ArrowSchema *target, const stoa_option *options,
                                     int64_t option_count, struct ArrowArrayStream *out,
                                     stoa_error *err);

/*
 * Write a whole stream as CSV, or as JSON lines. May block. Calls back. The progress is rows.
 *
 *   stream   Taken on success; on failure the caller's to release, its position unspecified.
 *   rows     Out: how many were written. May be NULL.
 */
STOA_API stoa_status stoa_csv_write(stoa_op op, struct ArrowArrayStream *stream,
                                    const stoa_sink *sink, const stoa_option *options,
                                    int64_t option_count, int64_t *rows, stoa_error *err);
STOA_API stoa_status stoa_jsonl_write(stoa_op op, struct ArrowArrayStream *stream,
                                      const stoa_sink *sink, const stoa_option *options,
                                      int64_t option_count, int64_t *rows, stoa_error *err);

/*
 * Open Arrow's own form, a stream or a file, as a stream: what pyarrow.ipc and others write,
 * Feather (version 2) among it, also with buffers packed by lz4 or zstd. A file is read from its
 * beginning to its end. Every batch is checked in full. Not read: dictionaries that are added to,
 * numbers of big-endian machines, metadata before version 4. There are no settings. May block.
 * Calls back.
 */
STOA_API stoa_status stoa_ipc_open(stoa_op op, const stoa_source *source,
                                   const stoa_option *options, int64_t option_count,
                                   struct ArrowArrayStream *out, stoa_error *err);

/*
 * Write a whole stream in Arrow's own form, as stoa_csv_write() does. Columns with dictionaries are
 * written as what they stand for. Settings: exists, and
 *
 *   form   file | stream (file)
 */
STOA_API stoa_status stoa_ipc_write(stoa_op op, struct ArrowArrayStream *stream,
                                    const stoa_sink *sink, const stoa_option *options,
                                    int64_t option_count, int64_t *rows, stoa_error *err);

/* How a source is packed. */
enum { STOA_COMPRESSION_NONE = 0, STOA_COMPRESSION_GZIP = 1, STOA_COMPRESSION_ZSTD = 2 };

/* What a reader found and has done so far. The layout is frozen. */
typedef struct stoa_format_report {
    int64_t rows;        /* In the batches handed out. */
    int64_t bad_rows;    /* Skipped, kept or written to `bad_file`. */
    int64_t lines;       /* Passed with them, the header's included. */
    int64_t bytes;       /* Read from the source. */
    int64_t bytes_total; /* -1: unknown. */
    int32_t compression; /* STOA_COMPRESSION_* */
    int32_t separator;   /* CSV: the character. */
    int32_t quote;       /* CSV: the character; 0: none. */
    int32_t header;      /* CSV: 1 if there is one. */
} stoa_format_report;

/* All three: `stream` was made by stoa_csv_open() or stoa_jsonl_open() and may have ended or
 * failed; it is INVALID if not. Call them on the thread that pulls it. */
STOA_API stoa_status stoa_format_report_get(struct ArrowArrayStream *stream,
                                            stoa_format_report *out, stoa_error *err);

/* How each column got its type, as a stream of one row a column: name, type (both utf8), values and
 * nulls (int64, of the sample), why (utf8, a sentence). */
STOA_API stoa_status stoa_format_columns(struct ArrowArrayStream *stream,
                                         struct ArrowArrayStream *out, stoa_error *err);

/* The bad rows kept since the last call, which are then forgotten: line (int64), column (int32,
 * from 1; 0: the whole row), reason and text (utf8; bytes that are not become "?"). */
STOA_API stoa_status stoa_format_bad_rows(struct ArrowArrayStream *stream,
                                          struct ArrowArrayStream *out, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
