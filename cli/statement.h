/* SPDX-License-Identifier: Apache-2.0 */
/* Where a statement of SQL ends, as far as quotes, comments and trigger bodies tell. */
#ifndef STOA_CLI_STATEMENT_H
#define STOA_CLI_STATEMENT_H

#include <stddef.h>

/* Bytes of the first statement of `sql`, its semicolon included; 0 when it has no end yet. */
size_t statement_end(const char *sql, size_t size);

/* Whether all of `sql` is complete: statements that end, and nothing but blanks behind them. */
int statement_complete(const char *sql);

/* Bytes of the blank, comment or quoted piece that begins here, closed or not; 0 for all else. */
size_t statement_piece(const char *sql, size_t size);

/* Whether the byte is part of a word: a letter, a digit, an underscore, or of a character beyond
 * ASCII. */
int statement_in_word(char byte);

/* Whether there is nothing in it to run: blanks, comments, semicolons. */
int statement_empty(const char *sql, size_t size);

#endif
