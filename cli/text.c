/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include "cli.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void no_memory(void)
{
    fputs("stoa: out of memory\n", stderr);
    exit(CLI_FAILED);
}

void *cli_new(size_t count, size_t size)
{
    void *block = calloc(count > 0 ? count : 1, size);
    if (!block)
        no_memory();
    return block;
}

void *cli_grow(void *block, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        no_memory();
    void *grown = realloc(block, count > 0 ? count * size : size);
    if (!grown)
        no_memory();
    return grown;
}

char *cli_string_size(const char *bytes, size_t size)
{
    char *copy = cli_new(size + 1, 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *cli_string(const char *string)
{
    return cli_string_size(string, strlen(string));
}

static void reserve(struct text *text, size_t more)
{
    if (text->capacity - text->size > more)
        return;
    text->capacity = (text->size + more + 1) * 2;
    text->data = cli_grow(text->data, text->capacity, 1);
}

void text_add(struct text *text, const char *bytes, size_t size)
{
    reserve(text, size);
    if (size > 0)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_put(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_char(struct text *text, char byte)
{
    text_add(text, &byte, 1);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    reserve(text, (size_t)size);
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)size;
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_release(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

const char *text_string(const struct text *text)
{
    return text->data ? text->data : "";
}

static void put_quoted(struct text *text, const char *string, char quote)
{
    text_char(text, quote);
    for (; *string; string++) {
        if (*string == quote)
            text_char(text, quote);
        text_char(text, *string);
    }
    text_char(text, quote);
}

void text_identifier(struct text *text, const char *name)
{
    put_quoted(text, name, '"');
}

void text_literal(struct text *text, const char *value)
{
    put_quoted(text, value, '\'');
}
