/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ESCAPE = 27, ESCAPE_WAIT_MS = 50 };

static const char paste_on[] = "\x1b[?2004h", paste_off[] = "\x1b[?2004l";

/* What a handler needs, which cannot be given it: the settings of a terminal that is raw. */
static struct termios before_raw;

enum { HANDLER_COUNT = 4 };
static const int handled[HANDLER_COUNT] = {SIGWINCH, SIGTERM, SIGHUP, SIGQUIT};

/* Does nothing but end the read, which then says that the size has changed. */
static void on_resize(int number)
{
    (void)number;
}

static void on_end(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    tcsetattr(STDIN_FILENO, TCSANOW, &before_raw);
    (void)!write(STDOUT_FILENO, paste_off, sizeof paste_off - 1);
    sigaction(number, &action, NULL);
    raise(number); /* Comes through as soon as this one is left. */
}

int terminal_raw(struct terminal *terminal)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &before_raw) != 0)
        return 0;
    raw = before_raw;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    for (size_t i = 0; i < HANDLER_COUNT; i++) {
        struct sigaction action = {.sa_handler = handled[i] == SIGWINCH ? on_resize : on_end};
        sigaction(handled[i], &action, &terminal->actions[i]);
        if (terminal->actions[i].sa_handler == SIG_IGN)
            sigaction(handled[i], &terminal->actions[i], NULL);
    }
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0) {
        terminal_restore(terminal);
        return 0;
    }
    (void)!write(STDOUT_FILENO, paste_on, sizeof paste_on - 1);
    return 1;
}

void terminal_restore(struct terminal *terminal)
{
    (void)!write(STDOUT_FILENO, paste_off, sizeof paste_off - 1);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before_raw);
    for (size_t i = 0; i < HANDLER_COUNT; i++)
        sigaction(handled[i], &terminal->actions[i], NULL);
}

int terminal_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

int terminal_colors(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(fd) && !terminal_dumb() && (!no_color || !*no_color);
}

/* The next byte; KEY_END_OF_INPUT, or KEY_NONE when a signal or the time came first. */
static int next_byte(struct terminal *terminal, int wait_ms)
{
    if (terminal->at == terminal->end) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, wait_ms) <= 0)
            return KEY_NONE;
        ssize_t got = read(STDIN_FILENO, terminal->input, sizeof terminal->input);
        if (got <= 0)
            return got < 0 && errno == EINTR ? KEY_NONE : KEY_END_OF_INPUT;
        terminal->at = 0;
        terminal->end = (size_t)got;
    }
    return terminal->input[terminal->at++];
}

static int by_letter(int letter, int with_control)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return with_control ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return with_control ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

static int by_number(int number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    case 200:
        return KEY_PASTE_BEGIN;
    case 201:
        return KEY_PASTE_END;
    default:
        return KEY_NONE;
    }
}

/* What follows ESC [: numbers between semicolons, and a letter or '~'. */
static int control_sequence(struct terminal *terminal)
{
    int numbers[4] = {0}, count = 0;

    for (;;) {
        int byte = next_byte(terminal, ESCAPE_WAIT_MS);
        if (byte >= '0' && byte <= '9') {
            if (numbers[count] < 1000)
                numbers[count] = numbers[count] * 10 + byte - '0';
        } else if (byte == ';') {
            count += count < 3;
        } else if (byte == '~') {
            return by_number(numbers[0]);
        } else if (byte < 0x40 && byte >= 0) {
            continue;
        } else {
            return by_letter(byte, numbers[1] >= 3);
        }
    }
}

static int escape_sequence(struct terminal *terminal)
{
    int byte = next_byte(terminal, ESCAPE_WAIT_MS);
    switch (byte) {
    case '[':
        return control_sequence(terminal);
    case 'O':
        return by_letter(next_byte(terminal, ESCAPE_WAIT_MS), 0);
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_KILL_WORD;
    case 127:
    case 8:
        return KEY_KILL_WORD_BACK;
    default:
        return KEY_NONE;
    }
}

struct key terminal_key(struct terminal *terminal)
{
    struct key key = {.code = next_byte(terminal, -1)};

    if (key.code == ESCAPE) {
        key.code = escape_sequence(terminal);
        return key;
    }
    if (key.code < 0x20 || key.code == 127)
        return key;
    size_t size = key.code < 0xc0 ? 1 : key.code < 0xe0 ? 2 : key.code < 0xf0 ? 3 : 4;
    key.bytes[key.size++] = (char)key.code;
    while (key.size < size) {
        int byte = next_byte(terminal, ESCAPE_WAIT_MS);
        if (byte < 0x80) {
            key.code = KEY_NONE; /* Half a character is none. */
            return key;
        }
        key.bytes[key.size++] = (char)byte;
    }
    key.code = size == 1 && key.bytes[0] < 0 ? KEY_NONE : KEY_TEXT;
    return key;
}
