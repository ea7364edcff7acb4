/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL as tokens: where strings, comments, names, placeholders and statements begin and
 * end. It never needs a grammar, accepts every byte string (the engine complains about
 * nonsense, not we), and allocates nothing. What stands on it: cutting a script into
 * statements, and sql_params.h.
 */
#ifndef STOA_TEXT_SQL_H
#define STOA_TEXT_SQL_H

#include "stoa/base.h"

#include <stdbool.h>

/* What differs between dialects. Doubled quotes inside '..', "..", `..` hold
 * everywhere. */
enum {
    STOA__SQL_BRACKET_NAMES = 1,    /* [name] is a name, not an index. */
    STOA__SQL_DOLLAR_QUOTES = 2,    /* $$..$$ and $tag$..$tag$ are strings. */
    STOA__SQL_ESCAPE_STRINGS = 4,   /* E'..' has backslash escapes. */
    STOA__SQL_NESTED_COMMENTS = 8,  /* Block comments nest. */
    STOA__SQL_SIGN_OPERATORS = 16,  /* ?| ?& ?? @> <@ @@ @? are operators. */
    STOA__SQL_COLON_OPERATORS = 32, /* A colon before a digit, or right behind a name,
                                       number, string, ] or ), is one: a[1:n], {'k':v}. */

    STOA__SQL_SQLITE = STOA__SQL_BRACKET_NAMES,
    STOA__SQL_POSTGRES = STOA__SQL_DOLLAR_QUOTES | STOA__SQL_ESCAPE_STRINGS |
                         STOA__SQL_NESTED_COMMENTS | STOA__SQL_SIGN_OPERATORS |
                         STOA__SQL_COLON_OPERATORS,
    STOA__SQL_DUCKDB = STOA__SQL_DOLLAR_QUOTES | STOA__SQL_ESCAPE_STRINGS |
                       STOA__SQL_NESTED_COMMENTS | STOA__SQL_COLON_OPERATORS
};

enum stoa__sql_kind {
    STOA__SQL_END = 0,
    STOA__SQL_SPACE,
    STOA__SQL_COMMENT, /* Line comments without their newline. */
    STOA__SQL_STRING,  /* '..', E'..', x'..' and dollar-quoted. */
    STOA__SQL_NAME,    /* Quoted. */
    STOA__SQL_WORD,    /* Keyword or bare name. */
    STOA__SQL_NUMBER,
    STOA__SQL_PARAM, /* ? ?12 $1 $name :name @name; not Tcl's $name(index). */
    STOA__SQL_SEMICOLON,
    STOA__SQL_OPERATOR /* Everything else, one operator or one byte. */
};

struct stoa__sql_token {
    enum stoa__sql_kind kind;
    bool open;        /* A string, name or block comment that the text ends inside of. */
    const char *text; /* In the input. */
    size_t size;
};

typedef struct stoa__sql {
    const char *text; /* Borrowed. */
    size_t size, at;
    uint32_t dialect; /* Flags above. */
} stoa__sql;

void stoa__sql_init(stoa__sql *sql, const char *text, size_t size, uint32_t dialect);
/* The next token; END again and again at the end. */
void stoa__sql_next(stoa__sql *sql, struct stoa__sql_token *out);
/* The next that is neither space nor comment. */
void stoa__sql_next_solid(stoa__sql *sql, struct stoa__sql_token *out);
/* Is it the bare word `word`, in any case of letters? */
bool stoa__sql_is(const struct stoa__sql_token *token, const char *word);

struct stoa__sql_statement {
    const char *text; /* From its first to its last solid token, without the semicolon.
                         Comments inside are kept, those around are not: it can stand
                         in parentheses. */
    size_t size;      /* 0: nothing but space and comments. */
    const char *word; /* Its first word, NULL if it begins otherwise. */
    size_t word_size;
    bool complete; /* Ended by a semicolon. */
    bool open;     /* The text ended inside a string, name, comment or BEGIN..END body. */
};

/*
 * Cut off the next statement. False, with a zero statement, when only space and comments
 * are left; a statement of size 0 is one of those "; ;" make. CREATE TRIGGER (FUNCTION,
 * PROCEDURE) .. BEGIN .. END is not cut inside. An unfinished comment at the end makes a
 * last, open statement.
 */
bool stoa__sql_split(stoa__sql *sql, struct stoa__sql_statement *out);

#endif
