/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV files of collections and groups: what export and import share.
 *
 *   csv.c           options, which table, which columns
 *   csv_export.c    stoa_collection_export_csv()
 *   csv_file.c      records and cells of a file, in bounded memory
 *   csv_cell.c      a cell of a column as a value that can be stored
 *   csv_import.c    stoa_collection_import_csv(): the file from its header to its last row
 *   csv_elements.c  rows that are elements
 *   csv_groups.c    rows of groups
 */
#ifndef STOA_COLLECTION_CSV_H
#define STOA_COLLECTION_CSV_H

#include "base/settings.h"
#include "collection/enums.h"
#include "collection/sql.h"

enum csv_mode { CSV_REPLACE, CSV_APPEND, CSV_MERGE };

struct csv_options {
    const char *date_time_format, *enum_labels, *locale, *separator;
    bool separator_line;
    int32_t mode; /* enum csv_mode */
    int32_t some; /* columns=some */
    int32_t skip; /* on_error=skip */
    int32_t refuse_transaction;
};

/* What a call is about. */
struct csv_call {
    struct collection_call *call;
    stoa__settings settings; /* Texts of the options. */
    struct csv_options options;
    struct collection_enums enums;
    const struct collection_table *collection;
    const struct collection_table *table; /* The collection, or its group. */
    char *path;
    uint8_t separator; /* 0: by the file. */
};

/* Read the options of an export or an import, before the call is entered. */
stoa_status collection_csv_options_read(struct csv_call *csv, const char *path, int64_t path_size,
                                        const stoa_option *options, int64_t option_count,
                                        bool import, stoa_error *err);
/* Find the table; a group size of 0 is the collection itself. */
stoa_status collection_csv_find(struct csv_call *csv, const char *collection,
                                int64_t collection_size, int32_t kind, const char *group,
                                int64_t group_size, stoa_error *err);
void collection_csv_release(struct csv_call *csv);

/* Does the file have this column? All but the `id` of a collection. */
bool collection_csv_has_column(const struct collection_table *table, int32_t column);

#endif
