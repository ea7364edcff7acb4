/* SPDX-License-Identifier: Apache-2.0 */
/* What reading any format has in common: settings, the operation, bad rows, and the stream that is
 * handed out. The formats know how to parse. */
#ifndef STOA_FORMAT_READER_H
#define STOA_FORMAT_READER_H

#include "arrow/builder.h"
#include "base/settings.h"
#include "format/chunks.h"
#include "format/guess.h"
#include "format/sink.h"

enum stoa__bad_rows {
    STOA__BAD_REFUSE = 0,
    STOA__BAD_SKIP,
    STOA__BAD_KEEP,
    STOA__BAD_FILE
};

struct stoa__reader_settings {
    int32_t bad_rows; /* enum stoa__bad_rows */
    int64_t bad_rows_max;
    const char *bad_file;
    int64_t sample_size, chunk_size, record_size, threads;
    int32_t compression; /* enum stoa__source_packed */
    int32_t numbers;     /* enum stoa__guess_numbers */
    bool times;
    int32_t binary; /* 0: base64, 1: hexadecimal. */
    int32_t nul;    /* 0: refuse, 1: keep. */
};

/* How one column got its type. */
struct stoa__origin {
    bool given;        /* By the target. */
    stoa__guess guess; /* If not. */
    const char *why;   /* If not NULL, instead of the guess's own. */
};

typedef struct stoa__reader {
    const struct stoa__chunk_format *format;
    void (*end)(struct stoa__reader *reader); /* Releases it and frees what it is part of. */
    stoa__settings options;
    struct stoa__reader_settings settings;
    stoa__chunks chunks;
    struct stoa__object *op; /* Referenced; NULL: no limit. */
    long process;            /* Threads do not come along into a child. */
    stoa__arena arena;
    struct stoa__arrow_type *target; /* A struct; NULL: none. */
    struct stoa__arrow_type *type;   /* A struct. */
    struct stoa__origin *origins;    /* One a column. */
    stoa__rejects kept;
    stoa__sink bad_sink;
    bool bad_sink_open;
    int64_t passed_lines; /* Before the chunk that is parsed next. */
    stoa_format_report report;
} stoa__reader;

/*
 * What the public calls begin with: check the arguments, begin the call, make a zeroed struct of
 * `size` bytes that begins with a reader, take settings and open the source, whose release runs
 * once, whatever happens. On failure nothing is left to do.
 */
stoa_status stoa__reader_open(stoa_op op, const stoa_source *source,
                              const struct ArrowSchema *target, const stoa_option *options,
                              int64_t option_count, const struct ArrowArrayStream *out,
                              size_t size, stoa__call *call, stoa__reader **reader,
                              stoa_error *err);
/* After the format has read its own settings: read the sample, without its byte order mark.
 * *all: it is all there is. Other encodings are refused. */
stoa_status stoa__reader_sample(stoa__reader *reader, stoa__call *call, bool *all,
                                stoa_error *err);
/* Type and origins are there: hand the stream out. Takes the reader on success. */
stoa_status stoa__reader_export(stoa__reader *reader, stoa__call *call,
                                struct ArrowArrayStream *out, stoa_error *err);
/* All but the struct itself. */
void stoa__reader_release(stoa__reader *reader);

/* The target's column of this name, ignoring ASCII case; -1. */
int32_t stoa__reader_find(const stoa__reader *reader, const char *name, size_t size);

/* ---- for parsers, on any thread ---- */

/* A bad row at byte `at` of the chunk, [begin, end): true to go on. False: it is the chunk's
 * error. `column` as in stoa__fault. */
bool stoa__reader_bad_row(const stoa__reader *reader, struct stoa__chunk *chunk, size_t at,
                          int32_t column, size_t begin, size_t end, const stoa_error *error);
/* The chunk's error is `error`, at byte `at`. */
void stoa__reader_fail(struct stoa__chunk *chunk, size_t at, int32_t column,
                       const stoa_error *error);
/* Places of a parsed chunk are bytes until then; in order, and lines. */
void stoa__reader_settle(struct stoa__chunk *chunk);

/* ---- for the stream ---- */

/* Keep, write or count the bad rows of a chunk whose turn has come. FULL beyond bad_rows_max. */
stoa_status stoa__reader_take_rejects(stoa__reader *reader, stoa__call *call,
                                      struct stoa__chunk *chunk, stoa_error *err);
/* Put file, line and column of that chunk in front of what is wrong; gives its code. */
stoa_status stoa__reader_place(const stoa__reader *reader, const struct stoa__fault *fault,
                               stoa_error *err);

#endif
