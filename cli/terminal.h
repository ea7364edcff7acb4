/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: raw mode while a line is edited, the bytes it sends as keys, what it can show. */
#ifndef STOA_CLI_TERMINAL_H
#define STOA_CLI_TERMINAL_H

#include <signal.h>
#include <stddef.h>
#include <termios.h>

/* Keys that are no character; Ctrl and a letter is the letter's number in the alphabet. */
enum {
    KEY_END_OF_INPUT = -1,
    KEY_NONE = -2, /* A sequence nobody knows, or a resize: draw again. */
    KEY_LEFT = -3,
    KEY_RIGHT = -4,
    KEY_UP = -5,
    KEY_DOWN = -6,
    KEY_HOME = -7,
    KEY_END = -8,
    KEY_DELETE = -9,
    KEY_WORD_LEFT = -10,
    KEY_WORD_RIGHT = -11,
    KEY_KILL_WORD = -12,      /* Alt-D */
    KEY_KILL_WORD_BACK = -13, /* Alt-Backspace */
    KEY_PASTE_BEGIN = -14,
    KEY_PASTE_END = -15,
    KEY_TEXT = -16 /* `bytes` are a character. */
};

struct key {
    int code;
    char bytes[4];
    size_t size;
};

struct terminal {
    struct sigaction actions[4]; /* Of the signals that have another one while it is raw. */
    unsigned char input[256];
    size_t at, end;
};

/* 0 when standard input cannot be edited on. Until terminal_restore() a signal that ends the
 * program leaves the terminal as it was. */
int terminal_raw(struct terminal *terminal);
void terminal_restore(struct terminal *terminal);

/* Whether it has no cursor to move and no colours: TERM is "dumb" or says nothing. */
int terminal_dumb(void);
/* Whether what is written to `fd` may be coloured: a terminal that is not dumb, and no NO_COLOR. */
int terminal_colors(int fd);

/* Waits for a key. */
struct key terminal_key(struct terminal *terminal);

#endif
