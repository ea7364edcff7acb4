/* SPDX-License-Identifier: Apache-2.0 */
#include "text/sql.h"

#include "test.h"

static uint64_t seed = UINT64_C(0x5eed0006);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

enum { SQLITE = STOA__SQL_SQLITE, POSTGRES = STOA__SQL_POSTGRES };

/* "kind:text " for every token but spaces; a '!' for one that is open. */
static const char *tokens_of(const char *text, uint32_t dialect)
{
    static const char letters[] = "$ CSNW#P;O";
    static char trace[1024];
    struct stoa__sql_token token;
    size_t at = 0, covered = 0;
    stoa__sql sql;

    stoa__sql_init(&sql, text, strlen(text), dialect);
    for (;;) {
        stoa__sql_next(&sql, &token);
        if (token.kind == STOA__SQL_END)
            break;
        CHECK(token.text == text + covered);
        covered += token.size;
        if (token.kind != STOA__SQL_SPACE)
            at += (size_t)snprintf(trace + at, sizeof(trace) - at, "%s%c%s%.*s",
                                   at ? " " : "", letters[token.kind],
                                   token.open ? "!" : ":", (int)token.size, token.text);
    }
    CHECK_INT(covered, strlen(text));
    trace[at] = '\0';
    return trace;
}

static void words_numbers_and_operators(void)
{
    CHECK_TEXT(tokens_of("SELECT a.b1,_c$2 FROM t", SQLITE),
               "W:SELECT W:a O:. W:b1 O:, W:_c$2 W:FROM W:t");
    CHECK_TEXT(tokens_of("1 1.5 .5 1e5 1e-5 1.e+5 0x1F-1 1_000", SQLITE),
               "#:1 #:1.5 #:.5 #:1e5 #:1e-5 #:1.e+5 #:0x1F O:- #:1 #:1_000");
    CHECK_TEXT(tokens_of("a<=b<>c->>'d'||e::text", SQLITE),
               "W:a O:<= W:b O:<> W:c O:->> S:'d' O:|| W:e O::: W:text");
    CHECK_TEXT(tokens_of("0xe+1", SQLITE), "#:0xe O:+ #:1");
    CHECK_TEXT(tokens_of("gr\xc3\xbc\xc3\x9f"
                         "e",
                         SQLITE),
               "W:gr\xc3\xbc\xc3\x9f"
               "e");
    CHECK_TEXT(tokens_of("a-- b\n--c", SQLITE), "W:a C:-- b C:--c");
    CHECK_TEXT(tokens_of("a/*b*/c", SQLITE), "W:a C:/*b*/ W:c");
    CHECK_TEXT(tokens_of("", SQLITE), "");
}

static void strings_and_names_end_where_they_end(void)
{
    CHECK_TEXT(tokens_of("'it''s' 'a\\' x'00' N'n'", SQLITE),
               "S:'it''s' S:'a\\' S:x'00' S:N'n'");
    CHECK_TEXT(tokens_of("\"a\"\"b\" `c``d` [e f]", SQLITE),
               "N:\"a\"\"b\" N:`c``d` N:[e f]");
    CHECK_TEXT(tokens_of("a[1]", 0), "W:a O:[ #:1 O:]");
    CHECK_TEXT(tokens_of("E'a\\'b' e''", POSTGRES), "S:E'a\\'b' S:e''");
    CHECK_TEXT(tokens_of("e'a'", SQLITE), "W:e S:'a'");
    CHECK_TEXT(tokens_of("$$a;'b$$ $t$ $$ $x$ $t$", POSTGRES),
               "S:$$a;'b$$ S:$t$ $$ $x$ $t$");
    CHECK_TEXT(tokens_of("a$$b$$", POSTGRES), "W:a$$b$$");
    CHECK_TEXT(tokens_of("/*a/*b*/c*/d", POSTGRES), "C:/*a/*b*/c*/ W:d");
    CHECK_TEXT(tokens_of("/*a/*b*/c*/d", SQLITE), "C:/*a/*b*/ W:c O:* O:/ W:d");
    CHECK_TEXT(tokens_of("/*/ */", SQLITE), "C:/*/ */");
}

static void what_has_no_end_is_open(void)
{
    CHECK_TEXT(tokens_of("'a''", SQLITE), "S!'a''");
    CHECK_TEXT(tokens_of("'", SQLITE), "S!'");
    CHECK_TEXT(tokens_of("a \"b", SQLITE), "W:a N!\"b");
    CHECK_TEXT(tokens_of("[b", SQLITE), "N![b");
    CHECK_TEXT(tokens_of("/* x *", SQLITE), "C!/* x *");
    CHECK_TEXT(tokens_of("/*/*a*/", POSTGRES), "C!/*/*a*/");
    CHECK_TEXT(tokens_of("$a$ $b$", POSTGRES), "S!$a$ $b$");
    CHECK_TEXT(tokens_of("E'\\'", POSTGRES), "S!E'\\'");
    CHECK_TEXT(tokens_of("E'\\", POSTGRES), "S!E'\\");
}

static void placeholders_are_told_from_operators(void)
{
    CHECK_TEXT(tokens_of("? ?12 $1 $a :b1 @c_ :1", SQLITE),
               "P:? P:?12 P:$1 P:$a P::b1 P:@c_ P::1");
    CHECK_TEXT(tokens_of("a::int :: b a:=1", SQLITE),
               "W:a O::: W:int O::: W:b W:a O::= #:1");
    CHECK_TEXT(tokens_of("'?' \"?\" [?] -- ?\n/*?*/", SQLITE),
               "S:'?' N:\"?\" N:[?] C:-- ? C:/*?*/");
    CHECK_TEXT(tokens_of("a ?| b ?& c ?? d", POSTGRES), "W:a O:?| W:b O:?& W:c O:?? W:d");
    CHECK_TEXT(tokens_of("?|?", SQLITE), "P:? O:| P:?");
    CHECK_TEXT(tokens_of("a<@b@>c@@d@?e#>>f", POSTGRES),
               "W:a O:<@ W:b O:@> W:c O:@@ W:d O:@? W:e O:#>> W:f");
    CHECK_TEXT(tokens_of("a<@b", SQLITE), "W:a O:< P:@b");
    CHECK_TEXT(tokens_of("a[1:2] a[b:c] {'k':v} x=:v", POSTGRES),
               "W:a O:[ #:1 O:: #:2 O:] W:a O:[ W:b O:: W:c O:] O:{ S:'k' O:: W:v O:} "
               "W:x O:= P::v");
    CHECK_TEXT(tokens_of("$$1", SQLITE), "O:$ P:$1");
    CHECK_TEXT(tokens_of("$1$2", POSTGRES), "P:$1 P:$2");
    CHECK_TEXT(tokens_of("$ : @ ::", SQLITE), "O:$ O:: O:@ O:::");
}

static void solid_tokens_are_compared_without_case(void)
{
    const char *text = "/* a */ CREATE -- b\n \"stream\" Stream";
    struct stoa__sql_token token;
    stoa__sql sql;

    stoa__sql_init(&sql, text, strlen(text), SQLITE);
    stoa__sql_next_solid(&sql, &token);
    CHECK(stoa__sql_is(&token, "create"));
    CHECK(!stoa__sql_is(&token, "creat"));
    stoa__sql_next_solid(&sql, &token);
    CHECK_INT(token.kind, STOA__SQL_NAME);
    CHECK(!stoa__sql_is(&token, "\"stream\"")); /* A name is no keyword. */
    stoa__sql_next_solid(&sql, &token);
    CHECK(stoa__sql_is(&token, "STREAM"));
    stoa__sql_next_solid(&sql, &token);
    CHECK_INT(token.kind, STOA__SQL_END);
    stoa__sql_next_solid(&sql, &token);
    CHECK_INT(token.kind, STOA__SQL_END);
}

/* The statements of a text, each as [size-text|word]; '.' complete, '!' open. */
static const char *statements_of(const char *text, uint32_t dialect)
{
    static char trace[2048];
    struct stoa__sql_statement statement;
    size_t at = 0;
    stoa__sql sql;

    stoa__sql_init(&sql, text, strlen(text), dialect);
    while (stoa__sql_split(&sql, &statement))
        at += (size_t)snprintf(trace + at, sizeof(trace) - at, "[%.*s|%.*s%s%s]",
                               (int)statement.size, statement.text,
                               (int)statement.word_size,
                               statement.word ? statement.word : "",
                               statement.complete ? "." : "", statement.open ? "!" : "");
    CHECK(!statement.text && !statement.word && statement.size == 0);
    trace[at] = '\0';
    return trace;
}

static void scripts_are_cut_at_semicolons(void)
{
    CHECK_TEXT(statements_of("", SQLITE), "");
    CHECK_TEXT(statements_of(" -- nothing\n /* at all */ ", SQLITE), "");
    CHECK_TEXT(statements_of("select 1", SQLITE), "[select 1|select]");
    CHECK_TEXT(statements_of(" select 1 ; ", SQLITE), "[select 1|select.]");
    CHECK_TEXT(statements_of("a;b;c", SQLITE), "[a|a.][b|b.][c|c]");
    CHECK_TEXT(statements_of(";;", SQLITE), "[|.][|.]");
    CHECK_TEXT(statements_of("(select 1);", SQLITE), "[(select 1)|.]");
    CHECK_TEXT(statements_of("a ';' \";\" [;] `;` -- ;\n/*;*/ b;c", SQLITE),
               "[a ';' \";\" [;] `;` -- ;\n/*;*/ b|a.][c|c]");
    CHECK_TEXT(statements_of("a $$;$$;b", POSTGRES), "[a $$;$$|a.][b|b]");
}

static void comments_around_a_statement_are_left_out(void)
{
    CHECK_TEXT(statements_of("-- x\nselect /* y */ 1 -- z\n", SQLITE),
               "[select /* y */ 1|select]");
    CHECK_TEXT(statements_of("select 1; -- z", SQLITE), "[select 1|select.]");
    CHECK_TEXT(statements_of("select 1 -- z\n;", SQLITE), "[select 1|select.]");
}

static void bodies_of_triggers_are_not_cut(void)
{
    CHECK_TEXT(statements_of("create trigger t after insert on a begin update b set "
                             "c=case when 1 then 2 end; delete from d; end; select 1",
                             SQLITE),
               "[create trigger t after insert on a begin update b set c=case when 1 "
               "then 2 end; delete from d; end|create.][select 1|select]");
    CHECK_TEXT(statements_of("CREATE TEMP TRIGGER t BEGIN a; END; b;", SQLITE),
               "[CREATE TEMP TRIGGER t BEGIN a; END|CREATE.][b|b.]");
    CHECK_TEXT(statements_of("EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END -- x\n;b",
                             SQLITE),
               "[EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END|EXPLAIN.][b|b]");
    CHECK_TEXT(
        statements_of("create trigger t when new.begin > 1 begin a; end; b", SQLITE),
        "[create trigger t when new.begin > 1 begin a; end|create.][b|b]");
    CHECK_TEXT(statements_of("create trigger t execute function f(); b", POSTGRES),
               "[create trigger t execute function f()|create.][b|b]");
    CHECK_TEXT(statements_of("create or replace function f() begin atomic a; b; end; c",
                             POSTGRES),
               "[create or replace function f() begin atomic a; b; end|create.][c|c]");
    CHECK_TEXT(statements_of("create table t(a); begin; end;", SQLITE),
               "[create table t(a)|create.][begin|begin.][end|end.]");
    CHECK_TEXT(statements_of("create trigger t begin a; end", SQLITE),
               "[create trigger t begin a; end|create]");
    CHECK_TEXT(statements_of("create trigger t begin a;", SQLITE),
               "[create trigger t begin a;|create!]");
    CHECK_TEXT(statements_of("create trigger t begin a", SQLITE),
               "[create trigger t begin a|create!]");
    CHECK_TEXT(statements_of("create trigger t begin end; b", SQLITE),
               "[create trigger t begin end|create.][b|b]");
}

static void unfinished_texts_are_open(void)
{
    CHECK_TEXT(statements_of("select 'a", SQLITE), "[select 'a|select!]");
    CHECK_TEXT(statements_of("select 1 /* x", SQLITE), "[select 1|select!]");
    CHECK_TEXT(statements_of("select 1; /* x", SQLITE), "[select 1|select.][|!]");
    CHECK_TEXT(statements_of("select 'a' --", SQLITE), "[select 'a'|select]");
}

/* Whatever the bytes: tokens cover the text, and pieces never overlap. */
static void any_bytes_are_tokens(void)
{
    static const char alphabet[] = "aE$1?:@;'\"`[]-/*\n .x|&\\\xc3\0(e+>";

    for (int i = 0; i < 100000; i++) {
        const size_t size = random_word() % 24;
        const uint32_t dialect = (uint32_t)random_word() & 63;
        char *text = malloc(size + 1);
        struct stoa__sql_statement statement;
        const char *end = text;
        stoa__sql sql;
        struct stoa__sql_token token;
        size_t covered = 0;

        for (size_t k = 0; k < size; k++)
            text[k] = alphabet[random_word() % (sizeof(alphabet) - 1)];
        stoa__sql_init(&sql, text, size, dialect);
        for (stoa__sql_next(&sql, &token); token.kind != STOA__SQL_END;
             stoa__sql_next(&sql, &token)) {
            CHECK(token.text == text + covered);
            covered += token.size;
            CHECK(!token.open || covered == size);
        }
        CHECK_INT(covered, size);
        stoa__sql_init(&sql, text, size, dialect);
        while (stoa__sql_split(&sql, &statement)) {
            CHECK(statement.text >= end &&
                  statement.text + statement.size <= text + size);
            CHECK(!(statement.complete && statement.open));
            end = statement.text + statement.size;
        }
        free(text);
    }
}

TEST_MAIN({"words, numbers and operators", words_numbers_and_operators},
          {"strings and names end where they end", strings_and_names_end_where_they_end},
          {"what has no end is open", what_has_no_end_is_open},
          {"placeholders are told from operators", placeholders_are_told_from_operators},
          {"solid tokens are compared without case",
           solid_tokens_are_compared_without_case},
          {"scripts are cut at semicolons", scripts_are_cut_at_semicolons},
          {"comments around a statement are left out",
           comments_around_a_statement_are_left_out},
          {"bodies of triggers are not cut", bodies_of_triggers_are_not_cut},
          {"unfinished texts are open", unfinished_texts_are_open},
          {"any bytes are tokens", any_bytes_are_tokens})
