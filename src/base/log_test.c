/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "test.h"

#include <poll.h>
#include <stdatomic.h>

struct listener {
    int32_t level;
    char text[STOA__LOG_LINE_BYTES_MAX + 1];
    _Atomic int lines, running, released;
    bool slow, logs, sets;
    bool deaf; /* Keeps nothing: lines come from several threads at once. */
};

static void hear(void *user_data, int32_t level, const char *text, int64_t size)
{
    struct listener *listener = user_data;

    listener->running++;
    CHECK_INT(listener->released, 0);
    if (listener->slow)
        stoa__sleep_ns(30000000);
    if (listener->logs)
        stoa__log(STOA_LOG_ERROR, "from inside");
    if (listener->sets)
        CHECK_INT(stoa_log_set(STOA_LOG_INFO, NULL, NULL, NULL, NULL), STOA_ERR_BUSY);
    if (!listener->deaf) {
        listener->level = level;
        memcpy(listener->text, text, (size_t)size);
        listener->text[size] = '\0';
    }
    listener->lines++;
    listener->running--;
}

static void let_go(void *user_data)
{
    struct listener *listener = user_data;

    CHECK_INT(listener->running, 0);
    listener->released++;
}

static void set(int32_t level, struct listener *listener)
{
    CHECK_INT(stoa_log_set(level, hear, listener, let_go, NULL), STOA_OK);
}

static void lines_reach_the_hook(void)
{
    static struct listener a, b;

    stoa__log(STOA_LOG_ERROR, "nobody hears %d", 1);
    set(STOA_LOG_WARNING, &a);
    stoa__log(STOA_LOG_INFO, "too low");
    CHECK_INT(a.lines, 0);
    stoa__log(STOA_LOG_ERROR, "disk %s", "gone");
    CHECK_INT(a.lines, 1);
    CHECK_INT(a.level, STOA_LOG_ERROR);
    CHECK_TEXT(a.text, "disk gone");
    set(STOA_LOG_DEBUG, &b);
    CHECK_INT(a.released, 1);
    stoa__log(STOA_LOG_DEBUG, "x");
    CHECK(a.lines == 1 && b.lines == 1);
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
    CHECK_INT(b.released, 1);
    stoa__log(STOA_LOG_ERROR, "x");
    CHECK_INT(b.lines, 1);
}

static void release_runs_once_on_every_path(void)
{
    static struct listener a;
    stoa_error err;

    CHECK_INT(stoa_log_set(0, hear, &a, let_go, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "0 is not one of STOA_LOG_*");
    CHECK_INT(a.released, 1);
    CHECK_INT(stoa_log_set(6, hear, &a, let_go, &err), STOA_ERR_INVALID);
    CHECK_INT(a.released, 2);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa_log_set(STOA_LOG_INFO, hear, &a, let_go, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(a.released, 3);
    CHECK_INT(stoa_log_set(STOA_LOG_INFO, NULL, &a, let_go, &err), STOA_OK);
    CHECK_INT(a.released, 4);
}

static void long_lines_are_cut_between_characters(void)
{
    static struct listener a;
    char text[2000];

    memset(text, 'x', sizeof text);
    memcpy(text + 1022, "\xc3\xa9", 3);
    set(STOA_LOG_INFO, &a);
    stoa__log(STOA_LOG_INFO, "%s", text);
    CHECK_INT(strlen(a.text), 1022);
    stoa__log(STOA_LOG_INFO, "a\xff");
    CHECK_TEXT(a.text, "a?");
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
}

static void a_hook_that_logs_is_not_called_again(void)
{
    static struct listener a = {.logs = true, .sets = true};

    set(STOA_LOG_INFO, &a);
    stoa__log(STOA_LOG_INFO, "x");
    CHECK_INT(a.lines, 1);
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
    CHECK_INT(a.released, 1);
}

static void log_once(void *argument)
{
    (void)argument;
    stoa__log(STOA_LOG_ERROR, "slowly");
}

static void replacing_waits_for_lines_on_their_way(void)
{
    static struct listener a = {.slow = true, .deaf = true};
    stoa__thread threads[2];

    set(STOA_LOG_INFO, &a);
    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "logger", log_once, NULL, NULL),
                  STOA_OK);
    while (a.running == 0 && a.lines == 0)
        stoa__sleep_ns(1000);
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
    CHECK(a.running == 0 && a.lines >= 1);
    CHECK_INT(a.released, 1);
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
}

static bool readable(int32_t fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, 0) == 1;
}

static void check_next(const char *right, int32_t level_right)
{
    char text[STOA__LOG_LINE_BYTES_MAX + 1];
    int64_t size = -1;
    int32_t level = -1;

    CHECK_INT(stoa_log_next(text, sizeof text - 1, &level, &size, NULL),
              right ? STOA_OK : STOA_TIMEOUT_EMPTY);
    text[size] = '\0';
    CHECK_TEXT(text, right ? right : "");
    CHECK_INT(level, level_right);
}

static void the_ring_keeps_lines_and_wakes(void)
{
    int32_t fd;

    check_next(NULL, 0);
    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &fd, NULL), STOA_OK);
    CHECK(fd >= 0 && !readable(fd));
    stoa__log(STOA_LOG_DEBUG, "too low");
    CHECK(!readable(fd));
    stoa__log(STOA_LOG_INFO, "one");
    stoa__log(STOA_LOG_WARNING, "two");
    CHECK(readable(fd));
    check_next("one", STOA_LOG_INFO);
    CHECK(readable(fd));
    check_next("two", STOA_LOG_WARNING);
    CHECK(!readable(fd));
    check_next(NULL, 0);
    CHECK_INT(stoa_log_ring(STOA_LOG_OFF, &fd, NULL), STOA_OK);
}

static void the_ring_drops_the_oldest(void)
{
    char text[16];
    int32_t fd;

    CHECK_INT(stoa_log_ring(STOA_LOG_DEBUG, &fd, NULL), STOA_OK);
    for (int i = 0; i < STOA__LOG_RING_LINES + 10; i++)
        stoa__log(STOA_LOG_INFO, "%d", i);
    for (int i = 10; i < STOA__LOG_RING_LINES + 10; i++) {
        CHECK(readable(fd));
        snprintf(text, sizeof text, "%d", i);
        check_next(text, STOA_LOG_INFO);
    }
    CHECK(!readable(fd));
    stoa__log(STOA_LOG_INFO, "left");
    CHECK_INT(stoa_log_ring(STOA_LOG_OFF, &fd, NULL), STOA_OK);
    CHECK(!readable(fd));
    check_next(NULL, 0);
    stoa__log(STOA_LOG_ERROR, "not kept");
    check_next(NULL, 0);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void reading_the_ring_with_bad_arguments(void)
{
    char text[8] = "........";
    int64_t size;
    int32_t level, fd = 7;
    stoa_error err;

    CHECK_INT(stoa_log_ring(9, &fd, &err), STOA_ERR_INVALID);
    CHECK_INT(fd, -1);
    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, NULL, &err), STOA_ERR_INVALID);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &fd, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(fd, -1);
    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &fd, &err), STOA_OK);
    stoa__log(STOA_LOG_INFO, "ab\xc3\xa9");
    CHECK_INT(stoa_log_next(NULL, 8, &level, &size, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_log_next(text, -1, &level, &size, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_log_next(text, 8, NULL, &size, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "level is NULL");
    CHECK_INT(stoa_log_next(text, 8, &level, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_log_next(text, 3, &level, &size, &err), STOA_OK);
    CHECK_INT(size, 2);
    CHECK_INT(text[3], '.');
    stoa__log(STOA_LOG_INFO, "x");
    CHECK_INT(stoa_log_next(NULL, 0, &level, &size, &err), STOA_OK);
    CHECK_INT(size, 0);
    CHECK_INT(stoa_log_ring(STOA_LOG_OFF, &fd, NULL), STOA_OK);
}

static void a_child_of_fork_has_a_ring_of_its_own(void)
{
    static struct listener a;
    int32_t fd, mine;
    int status = -1;
    pid_t child;

    set(STOA_LOG_WARNING, &a);
    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &fd, NULL), STOA_OK);
    stoa__log(STOA_LOG_INFO, "parent's");
    child = fork();
    if (child == 0) {
        check_next(NULL, 0);
        stoa__log(STOA_LOG_ERROR, "hook still hears");
        CHECK_INT(a.lines, 1);
        CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &mine, NULL), STOA_OK);
        CHECK(!readable(mine));
        stoa__log(STOA_LOG_INFO, "child's");
        check_next("child's", STOA_LOG_INFO);
        CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
        CHECK_INT(a.released, 1);
        _exit(47);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 47);
    CHECK(readable(fd));
    check_next("parent's", STOA_LOG_INFO);
    CHECK_INT(stoa_log_ring(STOA_LOG_OFF, &fd, NULL), STOA_OK);
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
}

static _Atomic bool enough;

static void log_much(void *argument)
{
    for (int i = 0; !enough; i++)
        stoa__log(STOA_LOG_INFO, "%s %d", (const char *)argument, i);
}

static void hooks_change_while_threads_log(void)
{
    static struct listener listeners[200];
    static char name[] = "thread";
    stoa__thread threads[2];
    int32_t fd;

    CHECK_INT(stoa_log_ring(STOA_LOG_INFO, &fd, NULL), STOA_OK);
    for (int i = 0; i < 200; i++)
        listeners[i].deaf = true;
    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "logger", log_much, name, NULL),
                  STOA_OK);
    for (int i = 0; i < 200; i++) {
        char text[64];
        int64_t size;
        int32_t level;

        CHECK_INT(stoa_log_set(i % 2 ? STOA_LOG_INFO : STOA_LOG_OFF, hear, &listeners[i],
                               let_go, NULL),
                  STOA_OK);
        CHECK(stoa_log_next(text, sizeof text, &level, &size, NULL) >= 0);
    }
    enough = true;
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
    CHECK_INT(stoa_log_set(STOA_LOG_OFF, NULL, NULL, NULL, NULL), STOA_OK);
    CHECK_INT(stoa_log_ring(STOA_LOG_OFF, &fd, NULL), STOA_OK);
    for (int i = 0; i < 200; i++)
        CHECK_INT(listeners[i].released, 1);
}

TEST_MAIN(
    {"lines reach the hook", lines_reach_the_hook},
    {"release runs once on every path", release_runs_once_on_every_path},
    {"long lines are cut between characters", long_lines_are_cut_between_characters},
    {"a hook that logs is not called again", a_hook_that_logs_is_not_called_again},
    {"replacing waits for lines on their way", replacing_waits_for_lines_on_their_way},
    {"the ring keeps lines and wakes", the_ring_keeps_lines_and_wakes},
    {"the ring drops the oldest", the_ring_drops_the_oldest},
    {"reading the ring with bad arguments", reading_the_ring_with_bad_arguments},
    {"a child of fork has a ring of its own", a_child_of_fork_has_a_ring_of_its_own},
    {"hooks change while threads log", hooks_change_while_threads_log})
