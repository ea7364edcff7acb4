/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer with checked arithmetic. Its data is 64-byte aligned (Arrow's wish). */
#ifndef STOA_BASE_BUFFER_H
#define STOA_BASE_BUFFER_H

#include "stoa/base.h"

#include <stdbool.h>

typedef struct stoa__buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
} stoa__buffer;

/* All-zero is a valid empty buffer. Growth doubles. All fail with STOA_ERR_NOMEM alone. */
stoa_status stoa__buffer_reserve(stoa__buffer *buffer, size_t more);
stoa_status stoa__buffer_append(stoa__buffer *buffer, const void *bytes, size_t size);
stoa_status stoa__buffer_append_byte(stoa__buffer *buffer, uint8_t byte);
stoa_status stoa__buffer_append_text(stoa__buffer *buffer, const char *text); /* Without the NUL. */
stoa_status stoa__buffer_append_zero(stoa__buffer *buffer, size_t size);
stoa_status stoa__buffer_format(stoa__buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ensure a NUL behind the last byte, not counted in size. */
stoa_status stoa__buffer_terminate(stoa__buffer *buffer);
/* Leaves all-zero; accepts all-zero. */
void stoa__buffer_release(stoa__buffer *buffer);
/* Hand the memory over (to be freed with stoa__free); leaves all-zero. */
uint8_t *stoa__buffer_take(stoa__buffer *buffer);

#endif
