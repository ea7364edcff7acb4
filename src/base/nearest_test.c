/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "test.h"

static const char *of(const char *word)
{
    static const char *const names[] = {"journal", "synchronous", "busy_timeout", "mode",
                                        "wal"};
    stoa__nearest nearest = stoa__nearest_start(word, strlen(word));

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        stoa__nearest_offer(&nearest, names[i], strlen(names[i]));
    return nearest.best;
}

static void slips_are_seen_through(void)
{
    CHECK_TEXT(of("jurnal"), "journal");
    CHECK_TEXT(of("jorunal"), "journal");
    CHECK_TEXT(of("Journal"), "journal");
    CHECK_TEXT(of("busy-timeout"), "busy_timeout");
    CHECK_TEXT(of("busytimeout"), "busy_timeout");
    CHECK_TEXT(of("sync"), NULL);
    CHECK_TEXT(of("synchronos"), "synchronous");
    CHECK_TEXT(of("mod"), "mode");
    CHECK_TEXT(of("wall"), "wal");
}

static void what_is_far_is_not_suggested(void)
{
    CHECK_TEXT(of("password"), NULL);
    CHECK_TEXT(of(""), NULL);
    CHECK_TEXT(of("x"), NULL);
    CHECK_TEXT(of("xy"), NULL);
    CHECK_TEXT(of("a word that is so long that nobody has ever typed it by hand"), NULL);
}

static void the_nearest_of_several_wins(void)
{
    stoa__nearest nearest = stoa__nearest_start("tabel", 5);

    stoa__nearest_offer(&nearest, "label", 5);
    stoa__nearest_offer(&nearest, "table", 5);
    stoa__nearest_offer(&nearest, "cable", 5);
    CHECK_TEXT(nearest.best,
               "label"); /* The first of equals: label and table are one away. */
    nearest = stoa__nearest_start("tabel", 5);
    stoa__nearest_offer(&nearest, "cable|x", 5);
    stoa__nearest_offer(&nearest, "table|x", 5);
    CHECK_INT(nearest.best_size, 5);
    CHECK(strncmp(nearest.best, "table", 5) == 0);
}

static void names_of_any_size_are_safe(void)
{
    char name[300];
    stoa__nearest nearest = stoa__nearest_start("aaaa", 4);

    memset(name, 'a', sizeof name);
    for (size_t size = sizeof name; size > 5; size--)
        stoa__nearest_offer(&nearest, name, size);
    CHECK(!nearest.best);
    stoa__nearest_offer(&nearest, name, 5);
    CHECK_INT(nearest.best_size, 5);
    nearest = stoa__nearest_start(name, 48);
    stoa__nearest_offer(&nearest, name, 48);
    CHECK_INT(nearest.distance, 0);
}

TEST_MAIN({"slips are seen through", slips_are_seen_through},
          {"what is far is not suggested", what_is_far_is_not_suggested},
          {"the nearest of several wins", the_nearest_of_several_wins},
          {"names of any size are safe", names_of_any_size_are_safe})
