/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample of CSV says: separator, quote, header and the types of the columns. */
#include "format/csv.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "format/table.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum {
    DETECT_RECORDS = 200, /* Enough to tell a separator from a comma in a text. */
    DETECT_BYTES = 1 << 18,
    NAME_DIGITS = 24
};

/* ---- separator and quote ---- */

/* How well records of the sample agree on their number of fields: per thousand, and what it is. */
struct score {
    int64_t same;
    int32_t fields;
};

static struct score score_of(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size,
                             bool all)
{
    struct stoa__csv_record record;
    struct score score = {0, 0};
    int64_t records = 0, same = 0;
    size_t at = 0;

    while (at < size && records < DETECT_RECORDS) {
        stoa__csv_read_record(dialect, text, size, at, NULL, 0, &record);
        if (record.how != STOA__CSV_WHOLE && !(all && record.how == STOA__CSV_CUT) && records > 0)
            break;
        at = record.next;
        if (record.end == record.begin)
            continue;
        if (records++ == 0)
            score.fields = record.field_count;
        same += record.field_count == score.fields && record.garbage == 0;
    }
    score.same = records > 0 ? 1000 * same / records : 0;
    return score;
}

static uint8_t detect_separator(stoa__csv_dialect dialect, const uint8_t *text, size_t size,
                                bool all)
{
    static const uint8_t candidates[] = {',', ';', '\t', '|'};
    struct score best = {0, 1};
    uint8_t found = ',';

    for (size_t i = 0; i < sizeof candidates; i++) {
        struct score score;

        dialect.separator = candidates[i];
        score = score_of(&dialect, text, size, all);
        if (score.fields > 1 && (best.fields == 1 || score.same > best.same ||
                                 (score.same == best.same && score.fields > best.fields))) {
            best = score;
            found = candidates[i];
        }
    }
    return found;
}

/* Is every ' of the text at the edge of a field? */
static bool has_apostrophes(uint8_t separator, const uint8_t *text, size_t size)
{
    bool open = false, any = false;

    for (size_t i = 0; i < size; i++) {
        const uint8_t before = i > 0 ? text[i - 1] : '\n';
        const uint8_t after = i + 1 < size ? text[i + 1] : '\n';

        if (text[i] != '\'')
            continue;
        if (!open && before != separator && before != '\n' && before != '\r' && before != '\'')
            return false;
        if (open && after != separator && after != '\n' && after != '\r' && after != '\'')
            return false;
        open = !open;
        any = true;
    }
    return any && !open;
}

/* One ASCII character that is neither a line end nor a NUL. */
static bool one_character(const char *text)
{
    return text[0] > 0 && text[1] == '\0' && text[0] != '\n' && text[0] != '\r';
}

static stoa_status fixed_character(const char *key, const char *value, const char *words,
                                   uint8_t *out, stoa_error *err)
{
    if (!one_character(value))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "setting '%s' is '%.20s', which is neither %s nor one ASCII character",
                          key, value, words);
    *out = (uint8_t)value[0];
    return STOA_OK;
}

static stoa_status check_dialect(const stoa__csv *csv, stoa_error *err)
{
    if (csv->dialect.quote == csv->dialect.separator)
        return stoa__fail(err, STOA_ERR_INVALID, "separator and quote are both '%c'",
                          csv->dialect.quote);
    return STOA_OK;
}

stoa_status stoa__csv_detect(stoa__csv *csv, const uint8_t *text, size_t size, bool all,
                             stoa_error *err)
{
    const char *separator = csv->settings.separator, *quote = csv->settings.quote;
    const bool guess_quote = strcmp(quote, "auto") == 0;
    stoa_status rc = STOA_OK;

    all = all && size <= DETECT_BYTES;
    size = size < DETECT_BYTES ? size : DETECT_BYTES;
    csv->dialect = (stoa__csv_dialect){',', '"'};
    if (strcmp(quote, "none") == 0)
        csv->dialect.quote = 0;
    else if (!guess_quote)
        rc = fixed_character("quote", quote, "auto, none", &csv->dialect.quote, err);
    if (rc != STOA_OK)
        return rc;
    if (strcmp(separator, "tab") == 0)
        csv->dialect.separator = '\t';
    else if (strcmp(separator, "auto") == 0)
        csv->dialect.separator = detect_separator(csv->dialect, text, size, all);
    else
        rc = fixed_character("separator", separator, "auto, tab", &csv->dialect.separator, err);
    if (rc == STOA_OK && guess_quote && !memchr(text, '"', size) &&
        has_apostrophes(csv->dialect.separator, text, size))
        csv->dialect.quote = '\'';
    return rc == STOA_OK ? check_dialect(csv, err) : rc;
}

/* ---- the header ---- */

static stoa_status take_name(stoa__csv *csv, const uint8_t *text, size_t begin, size_t end,
                             struct stoa__csv_header *out, int32_t index, stoa_error *err)
{
    const bool quoted =
        csv->dialect.quote && end - begin > 1 && text[begin] == csv->dialect.quote;
    stoa__buffer name = {0};
    stoa_status rc;

    if (quoted)
        rc = stoa__unquote(text + begin + 1, end - begin - 2, csv->dialect.quote, &name);
    else
        rc = stoa__buffer_append(&name, text + begin, end - begin);
    if (rc == STOA_OK) {
        out->sizes[index] = name.size;
        out->names[index] = stoa__arena_copy_text(&csv->reader.arena, (char *)name.data, name.size);
    }
    stoa__buffer_release(&name);
    return rc == STOA_OK && out->names[index] ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status stoa__csv_read_header(stoa__csv *csv, const uint8_t *text, size_t size, size_t begin,
                                  struct stoa__csv_header *out, stoa_error *err)
{
    stoa__arena *arena = &csv->reader.arena;
    struct stoa__csv_record record = {.next = begin};
    uint32_t *ends;
    stoa_status rc = STOA_OK;
    size_t at;

    *out = (struct stoa__csv_header){0};
    do {
        begin = record.next;
        stoa__csv_read_record(&csv->dialect, text, size, begin, NULL, 0, &record);
    } while (record.end == record.begin && record.next > begin && record.next < size);
    out->next = record.next;
    out->cut = record.how != STOA__CSV_WHOLE;
    if (record.end == record.begin)
        return STOA_OK;
    if (record.field_count > STOA__COLUMN_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_FULL, "%s, line 1 has %d fields; %d are the most",
                          csv->reader.chunks.source.name, record.field_count,
                          STOA__COLUMN_COUNT_MAX);
    out->count = record.field_count;
    out->names = stoa__arena_alloc_zero(arena, (size_t)out->count, sizeof *out->names);
    out->sizes = stoa__arena_alloc_zero(arena, (size_t)out->count, sizeof *out->sizes);
    ends = stoa__arena_alloc_zero(arena, (size_t)out->count, sizeof *ends);
    if (!out->names || !out->sizes || !ends)
        return stoa__fail_nomem(err);
    stoa__csv_read_record(&csv->dialect, text, size, begin, ends, out->count, &record);
    at = begin;
    for (int32_t i = 0; rc == STOA_OK && i < out->count; i++) {
        rc = take_name(csv, text, at, ends[i], out, i, err);
        at = ends[i] + 1U;
    }
    return rc;
}

static bool repeated(const struct stoa__csv_header *header, int32_t index)
{
    for (int32_t i = 0; i < index; i++)
        if (header->sizes[i] == header->sizes[index] &&
            memcmp(header->names[i], header->names[index], header->sizes[i]) == 0)
            return true;
    return false;
}

bool stoa__csv_is_header(const stoa__csv *csv, const struct stoa__csv_header *header)
{
    bool known = csv->reader.target != NULL, words = true;

    if (header->count == 0 || csv->settings.header == 2)
        return false;
    if (csv->settings.header == 1)
        return true;
    for (int32_t i = 0; i < header->count && (known || words); i++) {
        const char *name = header->names[i];
        const size_t size = header->sizes[i];

        known = known && stoa__reader_find(&csv->reader, name, size) >= 0;
        words = words && size > 0 && size <= STOA__NAME_BYTES_MAX &&
                !stoa__guess_is_value(name, size) && !repeated(header, i);
    }
    return known || words;
}

/* ---- types ---- */

/* column1, column2, ... for those without a name. */
static const char *number_name(stoa__arena *arena, int32_t index)
{
    stoa__buffer name = {0};
    char *copy = NULL;

    if (stoa__buffer_format(&name, "column%d", index + 1) == STOA_OK)
        copy = stoa__arena_copy_text(arena, (char *)name.data, name.size);
    stoa__buffer_release(&name);
    return copy;
}

static stoa_status check_name(const stoa__csv *csv, const struct stoa__csv_header *header,
                              int32_t index, stoa_error *err)
{
    stoa_error why = {0};

    if (header->sizes[index] > STOA__NAME_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%s, header, column %d: its name has %zu bytes, more than %d",
                          csv->reader.chunks.source.name, index + 1, header->sizes[index],
                          STOA__NAME_BYTES_MAX);
    if (stoa__check_text(header->names[index], header->sizes[index], false, &why) != STOA_OK)
        return stoa__fail(err, STOA_ERR_TYPE, "%s, header, column %d: %s",
                          csv->reader.chunks.source.name, index + 1, why.text);
    return STOA_OK;
}

/* The target's column for the file's; NULL. */
static const struct stoa__arrow_type *target_of(const stoa__csv *csv,
                                                const struct stoa__csv_header *header,
                                                int32_t index)
{
    const struct stoa__arrow_type *target = csv->reader.target;
    int32_t found = index;

    if (!target)
        return NULL;
    /* Of several columns of one name each is at its own place. */
    if (csv->header && !(index < target->child_count &&
                         stoa__name_is(header->names[index], header->sizes[index],
                                       target->children[index].name)))
        found = stoa__reader_find(&csv->reader, header->names[index], header->sizes[index]);
    return found >= 0 && found < target->child_count ? &target->children[found] : NULL;
}

static stoa_status guess_record(stoa__csv *csv, const uint8_t *text, size_t begin,
                                const uint32_t *ends, int64_t line, stoa__buffer *scratch)
{
    const struct stoa__guess_rules rules = {csv->reader.settings.numbers,
                                            csv->reader.settings.times};
    size_t at = begin;

    for (int32_t i = 0; i < csv->column_count; at = ends[i++] + 1U) {
        stoa__guess *guess = &csv->reader.origins[i].guess;
        const uint8_t *field = text + at;
        size_t size = ends[i] - at;
        const bool quoted =
            csv->dialect.quote && size > 1 && *field == csv->dialect.quote;

        if (csv->reader.origins[i].given)
            continue;
        scratch->size = 0;
        if (quoted) {
            if (stoa__unquote(field + 1, size - 2, csv->dialect.quote, scratch) != STOA_OK)
                return STOA_ERR_NOMEM;
            field = scratch->data;
            size = scratch->size;
        }
        for (; !quoted && size > 0 && (*field == ' ' || *field == '\t'); size--)
            field++;
        while (!quoted && size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\t'))
            size--;
        if (quoted ? size == 0 : stoa__is_null_word(&csv->nulls, field, size))
            guess->nulls++;
        else if (csv->settings.types == 1 || size == 0)
            stoa__guess_text(guess, (const char *)field, size, line);
        else
            stoa__guess_value(guess, &rules, (const char *)field, size, line);
    }
    return STOA_OK;
}

static stoa_status guess_sample(stoa__csv *csv, size_t begin, const uint8_t *text, size_t size,
                                bool all, stoa_error *err)
{
    uint32_t *ends = stoa__alloc_zero((size_t)csv->column_count, sizeof *ends);
    struct stoa__csv_record record = {0};
    stoa__buffer scratch = {0};
    int64_t line = 1 + csv->settings.skip_lines + stoa__count_lines(text, begin);
    stoa_status rc = STOA_OK;

    if (!ends)
        return stoa__fail_nomem(err);
    for (size_t at = begin; rc == STOA_OK && at < size; at = record.next) {
        stoa__csv_read_record(&csv->dialect, text, size, at, ends, csv->column_count, &record);
        if (record.how == STOA__CSV_OPEN || (record.how == STOA__CSV_CUT && !all))
            break;
        if (record.field_count == csv->column_count && record.garbage == 0 &&
            record.end > record.begin)
            rc = guess_record(csv, text, at, ends, line, &scratch);
        line += stoa__count_lines(text + at, record.next - at);
    }
    stoa__buffer_release(&scratch);
    stoa__free(ends);
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status make_type(stoa__csv *csv, const struct stoa__csv_header *header, int32_t index,
                             struct stoa__arrow_type *out, stoa_error *err)
{
    const struct stoa__guess_rules rules = {csv->reader.settings.numbers,
                                            csv->reader.settings.times};
    const struct stoa__arrow_type *target = target_of(csv, header, index);
    stoa__arena *arena = &csv->reader.arena;
    const char *name = NULL;

    if (target) {
        *out = *target;
        return STOA_OK;
    }
    if (csv->header && header->sizes[index] > 0)
        name = header->names[index];
    else
        name = number_name(arena, index);
    if (!name)
        return stoa__fail_nomem(err);
    return stoa__guess_type(&csv->reader.origins[index].guess, &rules, name, arena, out, err);
}

stoa_status stoa__csv_infer(stoa__csv *csv, const struct stoa__csv_header *header,
                            const uint8_t *text, size_t size, bool all, stoa_error *err)
{
    stoa__reader *reader = &csv->reader;
    const size_t count = (size_t)csv->column_count;
    struct stoa__arrow_type *fields =
        stoa__arena_alloc_zero(&reader->arena, count + 1, sizeof *fields);
    stoa_status rc = STOA_OK;

    reader->origins = stoa__arena_alloc_zero(&reader->arena, count + 1, sizeof *reader->origins);
    if (!fields || !reader->origins)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < csv->column_count; i++) {
        reader->origins[i].given = target_of(csv, header, i) != NULL;
        if (csv->settings.types == 1)
            reader->origins[i].why = "types=text was asked for";
        if (csv->header)
            rc = check_name(csv, header, i, err);
    }
    if (rc == STOA_OK && count > 0)
        rc = guess_sample(csv, csv->header ? header->next : 0, text, size, all, err);
    for (int32_t i = 0; rc == STOA_OK && i < csv->column_count; i++)
        rc = make_type(csv, header, i, &fields[i], err);
    if (rc == STOA_OK)
        rc = stoa__struct_type(fields, csv->column_count, &reader->arena, &reader->type, err);
    return rc;
}
