/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/csv.h"

#include "base/error.h"
#include "base/mem.h"
#include "collection/pattern.h"

#include <limits.h>
#include <string.h>

#include "base/ban.h"

#define OPTION(name, kind, list)                                                                   \
    {                                                                                              \
        .key = #name, .type = STOA__SETTING_##kind, .offset = offsetof(struct csv_options, name),  \
        .choices = (list)                                                                          \
    }

static const struct stoa__setting export_table[] = {
    OPTION(date_time_format, TEXT, NULL), OPTION(enum_labels, TEXT, NULL),
    OPTION(locale, TEXT, NULL),           OPTION(separator, TEXT, NULL),
    OPTION(separator_line, BOOL, NULL),
};

static const struct stoa__setting import_table[] = {
    OPTION(date_time_format, TEXT, NULL),
    OPTION(enum_labels, TEXT, NULL),
    OPTION(separator, TEXT, NULL),
    OPTION(mode, CHOICE, "replace|append|merge"),
    {.key = "columns",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct csv_options, some),
     .choices = "all|some"},
    {.key = "on_error",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct csv_options, skip),
     .choices = "refuse|skip"},
    {.key = "open_transaction",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct csv_options, refuse_transaction),
     .choices = "allow|refuse"},
};

static stoa_status read_separator(struct csv_call *csv, bool import, stoa_error *err)
{
    const char *text = csv->options.separator;

    if (strcmp(text, "auto") == 0 && import)
        csv->separator = 0;
    else if (strcmp(text, "tab") == 0)
        csv->separator = '\t';
    else if (text[0] > ' ' && text[0] < 127 && text[1] == '\0' && text[0] != '"')
        csv->separator = (uint8_t)text[0];
    else
        return stoa__fail(err, STOA_ERR_INVALID,
                          "separator '%s' is neither one ASCII character nor \"tab\"", text);
    return STOA_OK;
}

static stoa_status check_pattern(const char *pattern, bool import, stoa_error *err)
{
    const char *unknown = collection_pattern_unknown(pattern);

    if (unknown)
        return stoa__fail(err, STOA_ERR_INVALID, "date_time_format '%s': '%.2s' is not known",
                          pattern, unknown);
    if (import && *pattern && !collection_pattern_is_date(pattern))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "date_time_format '%s' does not say year and month, so it cannot be read",
                          pattern);
    return STOA_OK;
}

static stoa_status read_settings(struct csv_call *csv, const stoa_option *options, int64_t count,
                                 bool import, stoa_error *err)
{
    const struct stoa__setting *table = import ? import_table : export_table;
    const size_t size = import ? sizeof import_table / sizeof *import_table
                               : sizeof export_table / sizeof *export_table;
    stoa_status rc = stoa__settings_add(&csv->settings, options, count, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(&csv->settings, "csv", table, size, &csv->options, err);
    return rc == STOA_OK ? stoa__settings_finish(&csv->settings, "csv", err) : rc;
}

stoa_status collection_csv_options_read(struct csv_call *csv, const char *path, int64_t path_size,
                                        const stoa_option *options, int64_t option_count,
                                        bool import, stoa_error *err)
{
    size_t size = 0;
    stoa_status rc = stoa__text_size("path", path, path_size, PATH_MAX, &size, err);

    csv->options = (struct csv_options){.date_time_format = "",
                                        .enum_labels = "",
                                        .locale = "",
                                        .separator = import ? "auto" : ",",
                                        .separator_line = true};
    if (rc == STOA_OK && (size == 0 || memchr(path, '\0', size)))
        rc = stoa__fail(err, STOA_ERR_INVALID, "path is not the name of a file");
    if (rc == STOA_OK)
        rc = read_settings(csv, options, option_count, import, err);
    if (rc == STOA_OK)
        rc = read_separator(csv, import, err);
    if (rc == STOA_OK)
        rc = check_pattern(csv->options.date_time_format, import, err);
    if (rc == STOA_OK)
        rc = collection_enums_read(csv->options.enum_labels, csv->options.locale,
                                   &csv->settings.arena, &csv->enums, err);
    if (rc != STOA_OK)
        return rc;
    csv->path = stoa__arena_copy_text(&csv->settings.arena, path, size);
    return csv->path ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status collection_csv_find(struct csv_call *csv, const char *collection,
                                int64_t collection_size, int32_t kind, const char *group,
                                int64_t group_size, stoa_error *err)
{
    size_t size = 0;
    stoa_status rc =
        collection_get(csv->call, collection, collection_size, &csv->collection, err);

    if (rc == STOA_OK)
        rc = stoa__text_size("group", group, group_size, INT32_MAX, &size, err);
    if (rc == STOA_OK && (kind < STOA_GROUP_ANY || kind > STOA_GROUP_TIME_SERIES))
        rc = stoa__fail(err, STOA_ERR_INVALID, "kind is %d, not a STOA_GROUP", (int)kind);
    if (rc != STOA_OK)
        return rc;
    csv->table = size == 0 ? csv->collection
                           : collection_find_group(csv->collection, kind, group, size);
    if (!csv->table)
        return collection_fail(csv->call, err, STOA_ERR_NOT_FOUND,
                               "group not found: '%.*s' in collection '%s'", (int)size, group,
                               csv->collection->name);
    if (csv->table->unusable)
        return collection_fail(csv->call, err, STOA_ERR_INVALID, "%s", csv->table->unusable);
    return STOA_OK;
}

void collection_csv_release(struct csv_call *csv)
{
    stoa__settings_release(&csv->settings);
}

bool collection_csv_has_column(const struct collection_table *table, int32_t column)
{
    return table->role != ROLE_COLLECTION || column != table->id;
}
