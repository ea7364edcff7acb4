/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include "text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Set by the signal, read by the operation's tick: the one thing a handler may touch. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
}

void interrupt_catch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action = {.sa_handler = on_interrupt}, before;
        sigaction(numbers[i], &action, &before);
        if (before.sa_handler == SIG_IGN) /* In the background, or under nohup. */
            sigaction(numbers[i], &before, NULL);
    }
}

int interrupt_seen(void)
{
    return interrupted;
}

int interrupt_final(void)
{
    return interrupted != 0 && interrupted != SIGINT;
}

void interrupt_clear(void)
{
    if (!interrupt_final())
        interrupted = 0;
}

double cli_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void put_amount(struct text *text, const char *unit, double amount)
{
    if (strcmp(unit, "bytes") == 0)
        text_format(text, "%.1f MB", amount / 1e6);
    else if (amount >= 1e6)
        text_format(text, "%.2fM %s", amount / 1e6, unit);
    else
        text_format(text, "%.0f %s", amount, unit);
}

static void put_bar(struct text *text, double part)
{
    enum { WIDTH = 24 };
    int full = (int)(part * WIDTH + 0.5);
    for (int i = 0; i < WIDTH; i++)
        text_put(text, i < full ? "█" : "░");
    text_format(text, " %3.0f%%  ", part * 100);
}

static void draw(struct progress *progress, double now)
{
    double seconds = now - progress->begun;
    int64_t done = 0, total = -1;
    struct text text = {0};

    if (stoa_op_progress(progress->op, &done, &total, NULL) != STOA_OK)
        return;
    if (total <= 0)
        total = progress->total;
    double part = total > 0 ? (double)done / (double)total : 0;
    part = part > 1 ? 1 : part;
    text_format(&text, "\r\x1b[K%s  ", progress->what);
    if (total > 0)
        put_bar(&text, part);
    if (done > 0 && *progress->unit) {
        put_amount(&text, progress->unit, (double)done);
        text_put(&text, "  ");
        put_amount(&text, progress->unit, (double)done / seconds);
        text_put(&text, "/s  ");
    }
    if (part > 0.01)
        text_format(&text, "%.0f s left", seconds / part - seconds);
    else
        text_format(&text, "%.1f s", seconds);
    fwrite(text.data, 1, text.size, stderr);
    fflush(stderr);
    text_release(&text);
    progress->showed = 1;
    progress->drawn = now;
}

static int32_t tick(void *user_data)
{
    struct progress *progress = user_data;
    if (progress->on) {
        double now = cli_now();
        if (now - progress->begun > 0.5 && now - progress->drawn > 0.1)
            draw(progress, now);
    }
    return interrupted != 0;
}

stoa_status progress_begin(struct progress *progress, const char *what, const char *unit,
                           stoa_error *err)
{
    *progress = (struct progress){.what = what, .unit = unit, .begun = cli_now()};
    progress->on = what && isatty(STDERR_FILENO);
    return stoa_op_open(-1, tick, progress, NULL, &progress->op, err);
}

stoa_status progress_second(struct progress *progress, stoa_op *out, stoa_error *err)
{
    return stoa_op_open(-1, tick, progress, NULL, out, err);
}

void progress_hide(struct progress *progress)
{
    if (!progress)
        return;
    if (progress->showed)
        fputs("\r\x1b[K", stderr);
    progress->showed = progress->on = 0;
}

double progress_end(struct progress *progress)
{
    double seconds = cli_now() - progress->begun;
    stoa_op_close(progress->op);
    progress_hide(progress);
    *progress = (struct progress){0};
    return seconds;
}
