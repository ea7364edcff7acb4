/* SPDX-License-Identifier: Apache-2.0 */
/* What type the texts of a column have: each value rules out the types it is not of, and the first
 * type left in a fixed order is the answer, with the value that ruled out the one before it. It
 * depends on the values alone, not on their order. */
#ifndef STOA_FORMAT_GUESS_H
#define STOA_FORMAT_GUESS_H

#include "arrow/type.h"

enum stoa__guess_type {
    STOA__GUESS_BOOL = 0,
    STOA__GUESS_INT,
    STOA__GUESS_WHOLE, /* Beyond 64 bits: decimal128(38, 0). */
    STOA__GUESS_NUMBER,
    STOA__GUESS_DATE,
    STOA__GUESS_TIME,
    STOA__GUESS_TIMESTAMP,
    STOA__GUESS_ZONED,
    STOA__GUESS_TEXT,
    STOA__GUESS_COUNT
};

enum stoa__guess_numbers {
    STOA__NUMBERS_FLOAT = 0,
    STOA__NUMBERS_DECIMAL,
    STOA__NUMBERS_TEXT
};

struct stoa__guess_rules {
    int32_t numbers; /* enum stoa__guess_numbers */
    bool times;
};

enum { STOA__GUESS_EXCERPT = 40 };

typedef struct stoa__guess {
    uint32_t out; /* Bits of the types that were ruled out. */
    int64_t values, nulls;
    int32_t scale, whole; /* Digits behind and before the point. */
    int32_t fraction;     /* Digits of a second. */
    bool others;          /* Values were seen that are no strings (JSON). */
    /* Of each type: the first value that ruled it out, and its line from 1. */
    char against[STOA__GUESS_COUNT][STOA__GUESS_EXCERPT];
    int64_t line[STOA__GUESS_COUNT];
} stoa__guess;

/* All-zero is a guess of nothing. */
void stoa__guess_value(stoa__guess *guess, const struct stoa__guess_rules *rules,
                       const char *text, size_t size, int64_t line);
/* A value that is a string already: a date, a time or text. */
void stoa__guess_string(stoa__guess *guess, const struct stoa__guess_rules *rules,
                        const char *text, size_t size, int64_t line);
/* Only text is left. */
void stoa__guess_text(stoa__guess *guess, const char *text, size_t size, int64_t line);
/* Values of one type alone, such as JSON's true. */
void stoa__guess_only(stoa__guess *guess, enum stoa__guess_type type, const char *text,
                      size_t size, int64_t line);

enum stoa__guess_type stoa__guess_answer(const stoa__guess *guess);
/* Its type, of `name`, which is copied. */
stoa_status stoa__guess_type(const stoa__guess *guess, const struct stoa__guess_rules *rules,
                             const char *name, stoa__arena *arena,
                             struct stoa__arrow_type *out, stoa_error *err);
/* A sentence, with a NUL. */
void stoa__guess_why(const stoa__guess *guess, char *text, size_t capacity);

/* Is the text a value of a type that is not text? */
bool stoa__guess_is_value(const char *text, size_t size);

/* true and false in lower, upper or title case. */
bool stoa__bool_word(const char *text, size_t size, bool *value);

#endif
