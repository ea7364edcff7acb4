/* SPDX-License-Identifier: Apache-2.0 */
/* What column_json.c (scalars, and which reader a column takes) and column_json_nested.c
 * (lists, maps, structs, unions) share. Nobody else's. */
#ifndef STOA_ARROW_COLUMN_JSON_H
#define STOA_ARROW_COLUMN_JSON_H

#include "arrow/builder.h"
#include "arrow/cell.h"
#include "text/json.h"

/* Where in the JSON a value is; a chain on the stack, written out only for an error. */
struct stoa__json_place {
    const struct stoa__json_place *up;
    const char *name; /* NULL: an item of an array. */
    int64_t index;
};

struct stoa__json_reader {
    stoa__json json;
    stoa__buffer scratch; /* Unescaped text. */
    stoa_error *err;
};

/* Put the path in front of what is wrong; `code` is passed on. */
stoa_status stoa__json_at(struct stoa__json_reader *reader,
                          const struct stoa__json_place *place, stoa_status code);
/* What a sentence calls a token: "an object". */
const char *stoa__json_token_name(enum stoa__json_kind kind);
/* TYPE: the token is not a value of the column's type. */
stoa_status stoa__json_refuse(struct stoa__json_reader *reader,
                              const struct stoa__json_place *place,
                              const struct stoa__column *column,
                              const struct stoa__json_token *token);
/* The next token. */
stoa_status stoa__json_read(struct stoa__json_reader *reader,
                            struct stoa__json_token *token);
/* The value of a string token: in the input, or unescaped in `scratch`. */
stoa_status stoa__json_token_value(struct stoa__json_reader *reader,
                                   const struct stoa__json_token *token,
                                   const char **text, size_t *size);

/* Append the value that begins with `token`. On failure the column may hold a part. */
stoa_status stoa__json_read_value(struct stoa__json_reader *reader,
                                  const struct stoa__json_place *place,
                                  struct stoa__column *column,
                                  const struct stoa__json_token *token);
/* The same where the kind of the target column is known. */
stoa_status stoa__json_read_list(struct stoa__json_reader *reader,
                                 const struct stoa__json_place *place,
                                 struct stoa__column *column,
                                 const struct stoa__json_token *token);
stoa_status stoa__json_read_map(struct stoa__json_reader *reader,
                                const struct stoa__json_place *place,
                                struct stoa__column *column,
                                const struct stoa__json_token *token);
stoa_status stoa__json_read_struct(struct stoa__json_reader *reader,
                                   const struct stoa__json_place *place,
                                   struct stoa__column *column,
                                   const struct stoa__json_token *token);
stoa_status stoa__json_read_union(struct stoa__json_reader *reader,
                                  const struct stoa__json_place *place,
                                  struct stoa__column *column,
                                  const struct stoa__json_token *token);

#endif
