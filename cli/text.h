/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that grow, and memory that is there or ends the program: a command line has nothing better
 * to do without it. */
#ifndef STOA_CLI_TEXT_H
#define STOA_CLI_TEXT_H

#include <stddef.h>

/* `size` bytes with a NUL behind them once anything was added. All zero is empty. */
struct text {
    char *data;
    size_t size, capacity;
};

void text_add(struct text *text, const char *bytes, size_t size);
void text_put(struct text *text, const char *string);
void text_char(struct text *text, char byte);
__attribute__((format(printf, 2, 3))) void text_format(struct text *text, const char *format, ...);
void text_clear(struct text *text);
void text_release(struct text *text);

/* The bytes, also of an empty text. Borrowed until the next change. */
const char *text_string(const struct text *text);

/* An identifier in double quotes, a literal in single ones. */
void text_identifier(struct text *text, const char *name);
void text_literal(struct text *text, const char *value);

/* Zeroed memory, memory of another size, a copy. They print a sentence and exit on failure. */
void *cli_new(size_t count, size_t size);
void *cli_grow(void *block, size_t count, size_t size);
char *cli_string(const char *string);
char *cli_string_size(const char *bytes, size_t size);

#endif
