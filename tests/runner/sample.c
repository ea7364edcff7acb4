/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that end in every way a test can; runner_test.py reads what the runner says. */
#include "test.h"

#include <pthread.h>

static void pass(void)
{
    CHECK(1 + 1 == 2);
    CHECK_INT(UINT32_C(7), 7);
    CHECK_TEXT("stoa", "stoa");
    CHECK_HAS("no table named \"orders\"", "orders");
}

static void fail_condition(void)
{
    CHECK(1 + 1 == 3);
}

static void fail_number(void)
{
    CHECK_INT(1 + 1, 3);
}

static void fail_text(void)
{
    CHECK_TEXT(NULL, "three");
}

static void fail_part(void)
{
    CHECK_HAS("one and two", "three");
}

static void *fail_thread(void *unused)
{
    CHECK(unused != NULL);
    return NULL;
}

static void fail_on_a_thread(void)
{
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, fail_thread, NULL), 0);
    (void)pthread_join(thread, NULL);
}

static void crash(void)
{
    (void)raise(SIGKILL);
}

static void hang(void)
{
    for (;;)
        (void)pause();
}

static void *volatile leaked;

static void leak(void)
{
    leaked = malloc(100);
    leaked = NULL;
}

static void leave_a_process(void)
{
    if (fork() == 0)
        hang();
}

static void leave_a_file(void)
{
    char *path = test_path("left");
    FILE *file = fopen(path, "w");

    CHECK(file != NULL);
    CHECK_INT(fclose(file), 0);
    printf("# left %s\n", path);
    free(path);
}

TEST_MAIN({"a pass", pass}, {"a failed condition", fail_condition},
          {"a wrong number", fail_number}, {"a wrong text", fail_text},
          {"a missing part", fail_part}, {"a failure on a thread", fail_on_a_thread},
          {"a crash", crash}, {"a hang", hang}, {"a leak", leak},
          {"a process left behind", leave_a_process},
          {"a file left behind", leave_a_file})
