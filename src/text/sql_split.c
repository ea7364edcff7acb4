/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a text: the second half of sql.h. */
#include "text/sql.h"


#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* How far a statement has shown that it has a body of statements. */
enum body {
    BODY_UNDECIDED, /* Only EXPLAIN, or nothing, so far. */
    BODY_CREATE,    /* CREATE and words that may stand before TRIGGER. */
    BODY_POSSIBLE,  /* CREATE .. TRIGGER: a BEGIN would open it. */
    BODY_OPEN,
    BODY_NONE
};

/* The tokens of one statement, as far as the cut depends on them. */
struct cutter {
    enum body body;
    bool after_point;     /* The last solid token was a point: a name follows. */
    bool at_inner_start;  /* In the body, before the first token of a statement. */
    bool after_inner_end; /* In the body, behind an END that stands alone. */
};

static bool is_any(const struct stoa__sql_token *token, const char *const *words)
{
    for (; *words; words++) {
        if (stoa__sql_is(token, *words))
            return true;
    }
    return false;
}

static enum body next_body(const struct cutter *cutter,
                           const struct stoa__sql_token *token)
{
    static const char *const explaining[] = {"EXPLAIN", "QUERY", "PLAN", "ANALYZE", NULL};
    static const char *const between[] = {"TEMP",    "TEMPORARY",  "OR",
                                          "REPLACE", "CONSTRAINT", NULL};
    static const char *const holders[] = {"TRIGGER", "FUNCTION", "PROCEDURE", NULL};

    switch (cutter->body) {
    case BODY_UNDECIDED:
        if (stoa__sql_is(token, "CREATE"))
            return BODY_CREATE;
        return is_any(token, explaining) ? BODY_UNDECIDED : BODY_NONE;
    case BODY_CREATE:
        if (is_any(token, holders))
            return BODY_POSSIBLE;
        return is_any(token, between) ? BODY_CREATE : BODY_NONE;
    case BODY_POSSIBLE:
        return stoa__sql_is(token, "BEGIN") && !cutter->after_point ? BODY_OPEN
                                                                    : BODY_POSSIBLE;
    case BODY_OPEN:
    case BODY_NONE:
    default:
        return cutter->body;
    }
}

/* Take note of a solid token; true when it is the semicolon that ends the statement. */
static bool take(struct cutter *cutter, const struct stoa__sql_token *token)
{
    const bool semicolon = token->kind == STOA__SQL_SEMICOLON;

    if (cutter->body == BODY_OPEN) {
        if (semicolon && cutter->after_inner_end)
            return true;
        cutter->after_inner_end = cutter->at_inner_start && stoa__sql_is(token, "END");
        cutter->at_inner_start = semicolon;
        return false;
    }
    if (semicolon)
        return true;
    cutter->body = next_body(cutter, token);
    cutter->at_inner_start = cutter->body == BODY_OPEN; /* "BEGIN END;" is empty. */
    cutter->after_point = token->size == 1 && *token->text == '.';
    return false;
}

bool stoa__sql_split(stoa__sql *sql, struct stoa__sql_statement *out)
{
    struct cutter cutter = {BODY_UNDECIDED, false, false, false};
    struct stoa__sql_token token;

    assert(sql && out);
    memset(out, 0, sizeof(*out));
    out->text = sql->text ? sql->text + sql->at : NULL;
    for (;;) {
        stoa__sql_next(sql, &token);
        if (token.kind == STOA__SQL_END)
            break;
        out->open = token.open;
        if (token.kind == STOA__SQL_SPACE || token.kind == STOA__SQL_COMMENT)
            continue;
        if (take(&cutter, &token)) {
            out->complete = true;
            return true;
        }
        if (out->size == 0) {
            out->text = token.text;
            out->word = token.kind == STOA__SQL_WORD ? token.text : NULL;
            out->word_size = token.kind == STOA__SQL_WORD ? token.size : 0;
        }
        out->size = (size_t)(token.text - out->text) + token.size;
    }
    if (cutter.body == BODY_OPEN && !cutter.after_inner_end)
        out->open = true;
    if (out->size > 0 || out->open)
        return true;
    memset(out, 0, sizeof(*out));
    return false;
}
