/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a statement: how many, their names, and the same statement with
 * placeholders in another style, so that one program runs on every engine.
 *
 * Numbering: `?12` and `$12` are number 12. `?` is one more than the largest so far. A
 * name gets one more than the largest so far where it first stands, and the same number
 * after. `:a`, `@a` and `$a` are the same name, `:A` is another.
 */
#ifndef STOA_TEXT_SQL_PARAMS_H
#define STOA_TEXT_SQL_PARAMS_H

#include "base/buffer.h"
#include "text/sql.h"

enum stoa__sql_style {
    STOA__SQL_STYLE_QUESTION = 1, /* `?`, each place a position of its own. */
    STOA__SQL_STYLE_NUMBER,       /* `?12` */
    STOA__SQL_STYLE_DOLLAR        /* `$12` */
};

struct stoa__sql_param {
    const char *name; /* Without its sign, in the SQL text. NULL: only a number. */
    size_t name_size;
    int64_t position; /* Of its first place in the text; -1: it has none. */
};

/* All-zero is empty. */
typedef struct stoa__sql_params {
    struct stoa__sql_param *items; /* Parameter number n is items[n - 1]. */
    int32_t count;                 /* The largest number. */
    int32_t *places;               /* Parameter number at each place, in order. */
    int32_t place_count;
} stoa__sql_params;

/* Number of the parameter `name` (without its sign), from 1; 0 if there is none. */
int32_t stoa__sql_params_find(const stoa__sql_params *params, const char *name,
                              size_t size);

/* Leaves all-zero; accepts all-zero. */
void stoa__sql_params_release(stoa__sql_params *params);

/*
 * Append the text with each placeholder rewritten; everything else is kept byte for byte,
 * but with DOLLAR the operator `??` becomes the `?` it stands for, and a placeholder
 * right behind a word gets a space before it. Also reads the parameters, whose names point
 * into the text. With QUESTION position i of the engine takes parameter places[i]; with the
 * others position n takes parameter n. SYNTAX with the position for a number of 0 or above
 * STOA__PARAM_COUNT_MAX (or more places than that); NOMEM. On failure nothing is appended.
 */
stoa_status stoa__sql_translate(const char *text, size_t size, uint32_t dialect,
                                enum stoa__sql_style style, stoa__buffer *out,
                                stoa__sql_params *params, stoa_error *err);

#endif
