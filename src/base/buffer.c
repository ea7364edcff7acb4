/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { CAPACITY_MIN = 64 };

stoa_status stoa__buffer_reserve(stoa__buffer *buffer, size_t more)
{
    size_t need, capacity;
    uint8_t *data;

    if (more <= buffer->capacity - buffer->size)
        return STOA_OK;
    if (stoa__add_overflow(buffer->size, more, &need) || need > PTRDIFF_MAX / 2)
        return STOA_ERR_NOMEM;
    capacity = buffer->capacity * 2;
    if (capacity < need)
        capacity = need;
    capacity = (capacity + CAPACITY_MIN - 1) / CAPACITY_MIN * CAPACITY_MIN;
    data = stoa__alloc_aligned(capacity);
    if (!data)
        return STOA_ERR_NOMEM;
    if (buffer->size > 0)
        memcpy(data, buffer->data, buffer->size);
    stoa__free(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    return STOA_OK;
}

stoa_status stoa__buffer_append(stoa__buffer *buffer, const void *bytes, size_t size)
{
    stoa_status rc = stoa__buffer_reserve(buffer, size);

    if (rc != STOA_OK || size == 0)
        return rc;
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    return STOA_OK;
}

stoa_status stoa__buffer_append_byte(stoa__buffer *buffer, uint8_t byte)
{
    stoa_status rc = stoa__buffer_reserve(buffer, 1);

    if (rc != STOA_OK)
        return rc;
    buffer->data[buffer->size++] = byte;
    return STOA_OK;
}

stoa_status stoa__buffer_append_text(stoa__buffer *buffer, const char *text)
{
    return stoa__buffer_append(buffer, text, strlen(text));
}

stoa_status stoa__buffer_append_zero(stoa__buffer *buffer, size_t size)
{
    stoa_status rc = stoa__buffer_reserve(buffer, size);

    if (rc != STOA_OK || size == 0)
        return rc;
    memset(buffer->data + buffer->size, 0, size);
    buffer->size += size;
    return STOA_OK;
}

stoa_status stoa__buffer_format(stoa__buffer *buffer, const char *format, ...)
{
    va_list args;
    stoa_status rc;
    int size;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0)
        return STOA_ERR_NOMEM; /* More than INT_MAX bytes. */
    rc = stoa__buffer_reserve(buffer, (size_t)size + 1);
    if (rc != STOA_OK)
        return rc;
    va_start(args, format);
    vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, args);
    va_end(args);
    buffer->size += (size_t)size;
    return STOA_OK;
}

stoa_status stoa__buffer_terminate(stoa__buffer *buffer)
{
    stoa_status rc = stoa__buffer_reserve(buffer, 1);

    if (rc == STOA_OK)
        buffer->data[buffer->size] = 0;
    return rc;
}

void stoa__buffer_release(stoa__buffer *buffer)
{
    stoa__free(buffer->data);
    *buffer = (stoa__buffer){0};
}

uint8_t *stoa__buffer_take(stoa__buffer *buffer)
{
    uint8_t *data = buffer->data;

    *buffer = (stoa__buffer){0};
    return data;
}
