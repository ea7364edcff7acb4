/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/cast.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/cast_parts.h"
#include "arrow/cast_types.h"
#include "arrow/cell.h"
#include "arrow/shape.h"
#include "arrow/validate.h"
#include "base/error.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* What went wrong in a row, with the row and the column in front. */
static stoa_status fail_row(const struct stoa__arrow_path *path, int64_t row,
                            const stoa_error *cause, stoa_error *err)
{
    if (cause->code == STOA_ERR_NOMEM)
        return stoa__fail_nomem(err);
    if (!path->up) /* A column by itself: whoever has it cast tells which. */
        return stoa__fail(err, cause->code, "row %lld: %s", (long long)row, cause->text);
    return stoa__arrow_fail(path, "batch", err, cause->code, "row %lld: %s",
                            (long long)row, cause->text);
}

static stoa_status cast_row(const struct stoa__arrow_type *from,
                            const struct ArrowArray *array, int64_t row,
                            struct stoa__column *column, stoa_error *err)
{
    struct stoa__cell cell;

    stoa__cell_at(from, array, row, &cell);
    if (cell.null && !column->type->nullable &&
        stoa__column_target(column)->type->kind != STOA__ARROW_NULL)
        return stoa__fail(err, STOA_ERR_TYPE, "null where the type is not nullable");
    return stoa__cell_cast(&cell, column, err);
}

/* Cell by cell: every pair of types that there is. */
static stoa_status cast_cells(const struct stoa__arrow_path *path,
                              const struct stoa__arrow_type *from,
                              const struct ArrowArray *array,
                              const struct stoa__arrow_type *to, struct ArrowArray *out,
                              stoa_error *err)
{
    struct stoa__builder builder;
    stoa_error cause = {0};
    stoa_status rc = stoa__builder_init(&builder, to, array->length, err);

    for (int64_t row = 0; rc == STOA_OK && row < array->length; row++) {
        rc = cast_row(from, array, row, &builder.root, &cause);
        if (rc != STOA_OK)
            rc = fail_row(path, row, &cause, err);
    }
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

static stoa_status null_column(const struct stoa__arrow_type *to, int64_t rows,
                               struct ArrowArray *out, stoa_error *err)
{
    struct stoa__builder builder;
    stoa_status rc = stoa__builder_init(&builder, to, rows, err);

    for (int64_t row = 0; rc == STOA_OK && row < rows; row++)
        rc = stoa__column_append_null(&builder.root, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

static stoa_status cast_column(const struct stoa__arrow_path *path,
                               const struct stoa__arrow_type *from,
                               const struct ArrowArray *array,
                               const struct stoa__arrow_type *to, struct ArrowArray *out,
                               stoa_error *err);

/* Field by field, which is the fast way, where no row of the struct itself is NULL
 * (what its fields hold in such a row need not be castable). */
static stoa_status cast_fields(const struct stoa__arrow_path *path,
                               const struct stoa__arrow_type *from,
                               const struct ArrowArray *array,
                               const struct stoa__arrow_type *to, struct ArrowArray *out,
                               stoa_error *err)
{
    stoa_status rc = stoa__array_init(out, 1, to->child_count, err);

    for (int32_t i = 0; rc == STOA_OK && i < to->child_count; i++) {
        int32_t source = stoa__cast_field(from, to, i);
        struct stoa__arrow_path below =
            stoa__arrow_path_below(path, to->children[i].name, i);
        struct ArrowArray made = {0};
        if (source < 0) {
            rc = null_column(&to->children[i], array->length, &made, err);
        } else {
            struct ArrowArray window = *array->children[source];
            window.offset += array->offset;
            window.length = array->length;
            window.null_count = -1;
            rc = cast_column(&below, &from->children[source], &window, &to->children[i],
                             &made, err);
        }
        if (rc == STOA_OK)
            stoa__array_adopt(out->children[i], &made);
    }
    if (rc == STOA_OK)
        out->length = array->length;
    else
        stoa__array_release(out);
    return rc;
}

static stoa_status cast_column(const struct stoa__arrow_path *path,
                               const struct stoa__arrow_type *from,
                               const struct ArrowArray *array,
                               const struct stoa__arrow_type *to, struct ArrowArray *out,
                               stoa_error *err)
{
    bool has_bitmap = from->dictionary || from->kind < STOA__ARROW_DENSE_UNION;
    bool no_null = has_bitmap && from->kind != STOA__ARROW_NULL && !from->dictionary &&
                   stoa__cast_null_count(array) == 0;
    stoa_status rc;

    if ((to->nullable || no_null || !from->nullable) && stoa__cast_is_copy(from, to))
        return stoa__array_copy(from, array, out, err);
    if (to->nullable || no_null) {
        rc = stoa__cast_numbers(from, array, to, out, err);
        if (rc != STOA_DONE)
            return rc;
    }
    if (no_null && from->kind == STOA__ARROW_STRUCT && !to->dictionary &&
        to->kind == STOA__ARROW_STRUCT)
        return cast_fields(path, from, array, to, out, err);
    return cast_cells(path, from, array, to, out, err);
}

stoa_status stoa__arrow_cast(const struct stoa__arrow_type *from,
                             const struct ArrowArray *array,
                             const struct stoa__arrow_type *to, struct ArrowArray *out,
                             stoa_error *err)
{
    const struct stoa__arrow_path root = {0};
    stoa_status rc;

    *out = (struct ArrowArray){0};
    rc = stoa__cast_types_check(&root, from, to, err);
    if (rc == STOA_OK)
        rc = cast_column(&root, from, array, to, out, err);
    assert((rc == STOA_OK) == (out->release != NULL));
    return rc;
}

stoa_status stoa_batch_cast(const struct ArrowSchema *from,
                            const struct ArrowArray *batch, const struct ArrowSchema *to,
                            struct ArrowArray *out, stoa_error *err)
{
    struct stoa__arrow_type *from_type = NULL;
    struct stoa__arrow_type *to_type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (!out)
        return stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    *out = (struct ArrowArray){0};
    if (!from || !batch || !to)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL",
                          !from   ? "from"
                          : batch ? "to"
                                  : "batch");
    rc = stoa__arrow_type_parse(from, &arena, &from_type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(to, &arena, &to_type, err);
    if (rc ==
        STOA_OK) /* In full: cells are read wherever offsets, codes and views say. */
        rc = stoa__arrow_validate(from_type, batch, STOA_CHECK_FULL, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_cast(from_type, batch, to_type, out, err);
    stoa__arena_release(&arena);
    return rc;
}
