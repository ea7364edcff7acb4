/* SPDX-License-Identifier: Apache-2.0 */
/* The file formats the library reads and writes, by name. */
#ifndef STOA_CLI_FORMATS_H
#define STOA_CLI_FORMATS_H

#include "stoa.h"

#define FORMAT_NAMES "csv, jsonl or arrow"

/* With `guessed` types are inferred: the target counts, and there is a report. */
struct format {
    const char *name;
    int guessed;
    stoa_status (*open)(stoa_op op, const stoa_source *source, const struct ArrowSchema *target,
                        const stoa_option *options, int64_t option_count,
                        struct ArrowArrayStream *out, stoa_error *err);
    stoa_status (*write)(stoa_op op, struct ArrowArrayStream *stream, const stoa_sink *sink,
                         const stoa_option *options, int64_t option_count, int64_t *rows,
                         stoa_error *err);
};

/* By the end of its name: .csv and .tsv, .jsonl, .ndjson and .json, .arrow, .arrows and .feather,
 * packed (.gz, .zst) or not. NULL for others. */
const struct format *format_of_file(const char *file);

/* Why nothing should be written under such a name, when no format is asked for; NULL: it may. */
const char *format_refusal(const char *file);
/* What such a name says is between fields; NULL: nothing. */
const char *format_separator(const char *file);

/* By name, or, when that is NULL, by the file's, which is CSV where that says nothing. NULL for a
 * name nobody knows. */
const struct format *format_find(const char *name, const char *file);

#endif
