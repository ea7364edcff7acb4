/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test runner: a list of sentences and functions, each run in a process of its own.
 * The parent prints TAP, so a test that crashes, hangs or leaks is still named, and the
 * rest run.
 *
 *     static void closing_twice_is_harmless(void)
 *     {
 *         CHECK_INT(count(), 0);
 *     }
 *     TEST_MAIN({"closing twice is harmless", closing_twice_is_harmless})
 *
 * `x_test part` runs the tests whose name contains the part. STOA_TEST_SECONDS bounds
 * each test (300); STOA_TEST_NOFORK=1 runs them in one process, for a debugger.
 */
#ifndef STOA_TEST_H
#define STOA_TEST_H

#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A check that fails says where and what, and ends its test. It may stand in any function
 * and on any thread. What was got comes first, what is right second. */
#define CHECK(condition) test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, right)                                                            \
    test_check_int((long long)(got), (long long)(right), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, right) test_check_text((got), (right), __FILE__, __LINE__, #got)
/* `part` stands somewhere in `text`; for error sentences. */
#define CHECK_HAS(text, part) test_check_has((text), (part), __FILE__, __LINE__, #text)

#define TEST_MAIN(...)                                                                   \
    static const struct test test_list[] = {__VA_ARGS__};                                \
    int main(int argc, char **argv)                                                      \
    {                                                                                    \
        const size_t count = sizeof(test_list) / sizeof(test_list[0]);                   \
        return test_run_all(test_list, count, argc > 1 ? argv[1] : "");                  \
    }

struct test {
    const char *name;
    void (*run)(void);
};

/* The process the running test began in, which names its directory even after a fork. */
static pid_t test_pid;

/* LeakSanitizer would only add noise to a failure that is already told: so not exit(). */
static inline _Noreturn void test_fail(void)
{
    fflush(stdout);
    _exit(1);
}

static inline void test_check(bool holds, const char *file, int line, const char *what)
{
    if (holds)
        return;
    printf("# %s:%d: %s does not hold\n", file, line, what);
    test_fail();
}

static inline void test_check_int(long long got, long long right, const char *file,
                                  int line, const char *what)
{
    if (got == right)
        return;
    printf("# %s:%d: %s is %lld, not %lld\n", file, line, what, got, right);
    test_fail();
}

static inline void test_check_text(const char *got, const char *right, const char *file,
                                   int line, const char *what)
{
    /* Not by their addresses, lest gcc thinks that what is freed later is a literal. */
    if (got && right ? strcmp(got, right) == 0 : !got && !right)
        return;
    printf("# %s:%d: %s is \"%s\", not \"%s\"\n", file, line, what, got ? got : "(NULL)",
           right ? right : "(NULL)");
    test_fail();
}

static inline void test_check_has(const char *text, const char *part, const char *file,
                                  int line, const char *what)
{
    if (text && strstr(text, part))
        return;
    printf("# %s:%d: %s is \"%s\", without \"%s\"\n", file, line, what,
           text ? text : "(NULL)", part);
    test_fail();
}

static inline void test_dir_name(char *name, size_t size, pid_t pid)
{
    const char *parent = getenv("TMPDIR");

    (void)snprintf(name, size, "%s/stoa-test-%ld", parent ? parent : "/tmp", (long)pid);
}

/* The path of `name` in the test's own directory, which is made by the first call and
 * removed after the test with all it holds. Owned by the caller: free(). */
static inline char *test_path(const char *name)
{
    char dir[256], *path = NULL;

    test_dir_name(dir, sizeof(dir), test_pid);
    (void)mkdir(dir, 0700);
    CHECK(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

static inline int test_remove(const char *path, const struct stat *info, int kind,
                              struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

/* What the test left behind: its directory, and processes that keep our output open. */
static inline void test_sweep(pid_t pid, bool forked)
{
    char dir[256];

    if (forked)
        (void)kill(-pid, SIGKILL);
    test_dir_name(dir, sizeof(dir), pid);
    (void)nftw(dir, test_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline unsigned test_seconds(void)
{
    const char *text = getenv("STOA_TEST_SECONDS");
    const long seconds = text ? strtol(text, NULL, 10) : 0;

    return seconds > 0 ? (unsigned)seconds : 300;
}

static inline void test_run_child(const struct test *test)
{
    test_pid = getpid();
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(test_seconds());
    test->run();
    exit(0); /* Not _exit(): LeakSanitizer may still turn this into a failure. */
}

static inline bool test_run_forked(const struct test *test)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        test_run_child(test);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return false;
    test_sweep(child, true);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        printf("# still running after %u s\n", test_seconds());
    else if (WIFSIGNALED(status))
        printf("# killed by signal %d, %s\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) > 1)
        printf("# exit code %d: a sanitizer, or exit() in the test\n",
               WEXITSTATUS(status));
    return status == 0;
}

static inline bool test_run_here(const struct test *test)
{
    test_pid = getpid();
    test->run();
    test_sweep(test_pid, false);
    return true;
}

static inline int test_run_all(const struct test *list, size_t count, const char *part)
{
    const bool here = getenv("STOA_TEST_NOFORK") != NULL;
    int planned = 0, number = 0, failed = 0;

    for (size_t i = 0; i < count; i++)
        planned += strstr(list[i].name, part) != NULL;
    printf("1..%d\n", planned);
    for (size_t i = 0; i < count; i++) {
        if (!strstr(list[i].name, part))
            continue;
        const bool passed = here ? test_run_here(&list[i]) : test_run_forked(&list[i]);

        failed += !passed;
        printf("%s %d - %s\n", passed ? "ok" : "not ok", ++number, list[i].name);
    }
    return failed > 0 || planned == 0;
}

#endif
