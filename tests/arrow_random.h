/* SPDX-License-Identifier: Apache-2.0 */
/* Random Arrow schemas and arrays of every type, for tests that say "whatever it is".
 * The same seed gives the same data; print it when a check fails. */
#ifndef STOA_TESTS_ARROW_RANDOM_H
#define STOA_TESTS_ARROW_RANDOM_H

#include "arrow/type.h"

struct arrow_random {
    uint64_t state;
    /* Chance of a NULL where the type allows it, in percent. 25 after
     * arrow_random_seed(). */
    int32_t null_percent;
    /* Only values that their ISO text can say: no dates beyond the year 9999. */
    bool calendar_only;
};

struct stoa__column;

void arrow_random_seed(struct arrow_random *random, uint64_t seed);
uint64_t arrow_random_next(struct arrow_random *random);
/* 0 <= value < `count`. */
int64_t arrow_random_below(struct arrow_random *random, int64_t count);

/* The format strings of all types without children, and how many they are. */
extern const char *const arrow_random_formats[];
extern const int32_t arrow_random_format_count;

/* A schema of one node, with room for zeroed children, to be released by its
 * `release`. */
void arrow_random_node(struct ArrowSchema *out, const char *format, const char *name,
                       bool nullable, int64_t child_count);
/* A field of any type, nested up to `depth` levels (0: scalars and dictionaries of
 * them). */
void arrow_random_field(struct arrow_random *random, int32_t depth, const char *name,
                        struct ArrowSchema *out);
/* A struct of `columns` such fields, as a batch has. */
void arrow_random_schema(struct arrow_random *random, int32_t depth, int32_t columns,
                         struct ArrowSchema *out);

/* One random row, as the type allows. */
void arrow_random_append(struct arrow_random *random, struct stoa__column *column);
/* `rows` random rows; the columns of a struct lie at offsets of their own. */
void arrow_random_array(struct arrow_random *random, const struct stoa__arrow_type *type,
                        int64_t rows, struct ArrowArray *out);

/* The same values in the same order, whatever the encoding: types that differ only in
 * dictionaries, run ends, and widths of offsets. */
bool arrow_random_same(const struct stoa__arrow_type *a_type, const struct ArrowArray *a,
                       const struct stoa__arrow_type *b_type, const struct ArrowArray *b);

#endif
