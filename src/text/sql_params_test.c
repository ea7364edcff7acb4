/* SPDX-License-Identifier: Apache-2.0 */
#include "text/sql_params.h"

#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

enum { SQLITE = STOA__SQL_SQLITE, POSTGRES = STOA__SQL_POSTGRES };

/* The parameters alone. */
static stoa_status read_params(const char *text, size_t size, stoa__sql_params *params,
                               stoa_error *err)
{
    stoa__buffer out = {0};
    const stoa_status rc = stoa__sql_translate(text, size, SQLITE, STOA__SQL_STYLE_QUESTION, &out,
                                               params, err);

    stoa__buffer_release(&out);
    return rc;
}

/* The translated text, then the number at each place, then the names. */
static const char *translated(const char *text, uint32_t dialect,
                              enum stoa__sql_style style)
{
    static char trace[1024];
    stoa__buffer out = {0};
    stoa__sql_params params;
    size_t at;

    CHECK_INT(
        stoa__sql_translate(text, strlen(text), dialect, style, &out, &params, NULL),
        STOA_OK);
    at = (size_t)snprintf(trace, sizeof(trace), "%.*s |", (int)out.size,
                          out.data ? (const char *)out.data : "");
    for (int32_t i = 0; i < params.place_count; i++)
        at += (size_t)snprintf(trace + at, sizeof(trace) - at, " %d", params.places[i]);
    at += (size_t)snprintf(trace + at, sizeof(trace) - at, " |");
    for (int32_t i = 0; i < params.count; i++)
        at += (size_t)snprintf(trace + at, sizeof(trace) - at, " %.*s",
                               params.items[i].name ? (int)params.items[i].name_size : 1,
                               params.items[i].name ? params.items[i].name : "?");
    stoa__buffer_release(&out);
    stoa__sql_params_release(&params);
    CHECK(!params.items && !params.places && params.count == 0);
    return trace;
}

static void each_style_is_written(void)
{
    const char *text = "select ?, :a, $2, @b, '?', :a -- ?";

    CHECK_TEXT(translated(text, SQLITE, STOA__SQL_STYLE_QUESTION),
               "select ?, ?, ?, ?, '?', ? -- ? | 1 2 2 3 2 | ? a b");
    CHECK_TEXT(translated(text, SQLITE, STOA__SQL_STYLE_NUMBER),
               "select ?1, ?2, ?2, ?3, '?', ?2 -- ? | 1 2 2 3 2 | ? a b");
    CHECK_TEXT(translated(text, SQLITE, STOA__SQL_STYLE_DOLLAR),
               "select $1, $2, $2, $3, '?', $2 -- ? | 1 2 2 3 2 | ? a b");
    CHECK_TEXT(translated("limit? offset(:a)", SQLITE, STOA__SQL_STYLE_DOLLAR),
               "limit $1 offset($2) | 1 2 | ? a");
    CHECK_TEXT(translated("", SQLITE, STOA__SQL_STYLE_DOLLAR), " | |");
    CHECK_TEXT(translated("select 1", SQLITE, STOA__SQL_STYLE_DOLLAR), "select 1 | |");
}

static void numbers_follow_the_rules(void)
{
    CHECK_TEXT(translated("? ? ?", SQLITE, STOA__SQL_STYLE_NUMBER),
               "?1 ?2 ?3 | 1 2 3 | ? ? ?");
    CHECK_TEXT(translated("?5 ?", SQLITE, STOA__SQL_STYLE_QUESTION),
               "? ? | 5 6 | ? ? ? ? ? ?");
    CHECK_TEXT(translated("$2 $1", SQLITE, STOA__SQL_STYLE_NUMBER), "?2 ?1 | 2 1 | ? ?");
    CHECK_TEXT(translated(":a $a @a :A", SQLITE, STOA__SQL_STYLE_NUMBER),
               "?1 ?1 ?1 ?2 | 1 1 1 2 | a A");
    CHECK_TEXT(translated(":1 :2 :1", SQLITE, STOA__SQL_STYLE_NUMBER),
               "?1 ?2 ?1 | 1 2 1 | 1 2");
    CHECK_TEXT(translated("?007", SQLITE, STOA__SQL_STYLE_DOLLAR),
               "$7 | 7 | ? ? ? ? ? ? ?");
}

static void operators_are_left_alone(void)
{
    CHECK_TEXT(
        translated("a::int = ? and b ?| c and d ?? e", POSTGRES, STOA__SQL_STYLE_DOLLAR),
        "a::int = $1 and b ?| c and d ? e | 1 | ?");
    CHECK_TEXT(translated("d ?? e", POSTGRES, STOA__SQL_STYLE_QUESTION), "d ?? e | |");
}

static void the_first_places_are_known(void)
{
    const char *text = "select :b, ?4, :b";
    stoa__sql_params params;

    CHECK_INT(read_params(text, strlen(text), &params, NULL), STOA_OK);
    CHECK_INT(params.count, 4);
    CHECK_INT(params.place_count, 3);
    CHECK_INT(params.items[0].position, 7);
    CHECK_INT(params.items[1].position, -1);
    CHECK(!params.items[1].name);
    CHECK_INT(params.items[3].position, 11);
    CHECK_INT(stoa__sql_params_find(&params, "b", 1), 1);
    CHECK_INT(stoa__sql_params_find(&params, "B", 1), 0);
    CHECK_INT(stoa__sql_params_find(&params, "", 0), 0);
    stoa__sql_params_release(&params);
}

static void numbers_out_of_bounds_are_refused(void)
{
    static const char *const bad[] = {"x ?0", "x $0", "x ?32767",
                                      "x ?99999999999999999999", "x ?32766, ?"};
    static const int64_t positions[] = {2, 2, 2, 2, 10};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        stoa__buffer out = {0};
        stoa__sql_params params;
        stoa_error err;

        CHECK_INT(stoa__sql_translate(bad[i], strlen(bad[i]), SQLITE,
                                      STOA__SQL_STYLE_DOLLAR, &out, &params, &err),
                  STOA_ERR_SYNTAX);
        CHECK_INT(err.position, positions[i]);
        CHECK_HAS(err.text, "beyond 1 to 32766");
        CHECK_INT(out.size, 0);
        CHECK(!params.items && params.count == 0);
        stoa__buffer_release(&out);
    }
}

static void thousands_of_names_are_told_apart(void)
{
    stoa__buffer text = {0};
    stoa__sql_params params;
    stoa_error err;

    for (int i = 0; i < STOA__PARAM_COUNT_MAX / 2; i++)
        CHECK_INT(stoa__buffer_format(&text, ":n%d,", i), STOA_OK);
    for (int i = 0; i < STOA__PARAM_COUNT_MAX / 2; i++)
        CHECK_INT(stoa__buffer_format(&text, "@n%d,", i), STOA_OK);
    CHECK_INT(
        read_params((const char *)text.data, text.size, &params, NULL),
        STOA_OK);
    CHECK_INT(params.count, STOA__PARAM_COUNT_MAX / 2);
    CHECK_INT(params.place_count, STOA__PARAM_COUNT_MAX);
    for (int32_t i = 0; i < params.place_count; i++)
        CHECK_INT(params.places[i], i % params.count + 1);
    CHECK_INT(stoa__sql_params_find(&params, "n16382", 6), 16383);
    stoa__sql_params_release(&params);
    CHECK_INT(stoa__buffer_append_text(&text, "?"), STOA_OK);
    CHECK_INT(
        read_params((const char *)text.data, text.size, &params, &err),
        STOA_ERR_SYNTAX);
    stoa__buffer_release(&text);
}

static void a_known_name_counts_when_no_new_one_would(void)
{
    const char *text = ":a ?32766 :a";
    stoa__sql_params params;

    CHECK_INT(read_params(text, strlen(text), &params, NULL), STOA_OK);
    CHECK_INT(params.count, STOA__PARAM_COUNT_MAX);
    CHECK_INT(params.places[2], 1);
    stoa__sql_params_release(&params);
}

static void memory_failures_leave_nothing(void)
{
    const char *text =
        ":a :b :c :d :e :f :g :h :i :j :k :l ? ? ? ? ? ? ? ? :m :n :o :p :q :r";
    const int64_t before = stoa__mem_allocations();

    for (int nth = 0;; nth++) {
        stoa__buffer out = {0};
        stoa__sql_params params;
        stoa_error err;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa__sql_translate(text, strlen(text), SQLITE, STOA__SQL_STYLE_DOLLAR, &out,
                                 &params, &err);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK)
            CHECK_INT(params.count, 26);
        else
            CHECK(rc == STOA_ERR_NOMEM && err.code == STOA_ERR_NOMEM && out.size == 0 &&
                  !params.items && !params.places);
        stoa__buffer_release(&out);
        stoa__sql_params_release(&params);
        CHECK_INT(stoa__mem_allocations(), before);
        if (rc == STOA_OK) {
            CHECK(nth >= 5);
            break;
        }
    }
}

TEST_MAIN({"each style is written", each_style_is_written},
          {"numbers follow the rules", numbers_follow_the_rules},
          {"operators are left alone", operators_are_left_alone},
          {"the first places are known", the_first_places_are_known},
          {"numbers out of bounds are refused", numbers_out_of_bounds_are_refused},
          {"thousands of names are told apart", thousands_of_names_are_told_apart},
          {"a known name counts when no new one would",
           a_known_name_counts_when_no_new_one_would},
          {"memory failures leave nothing", memory_failures_leave_nothing})
