/* SPDX-License-Identifier: Apache-2.0 */
/* gzip and zstd through the system's libraries, loaded when first needed. It does no input. */
#ifndef STOA_FORMAT_UNPACK_H
#define STOA_FORMAT_UNPACK_H

#include "stoa/base.h"

#include <stdbool.h>

typedef struct stoa__unpack stoa__unpack;

/* `compression` is STOA_COMPRESSION_GZIP or _ZSTD. UNSUPPORTED, naming where the library was
 * looked for. */
stoa_status stoa__unpack_new(int32_t compression, stoa__unpack **out, stoa_error *err);

/*
 * Unpack some of `input`, which may be empty inside of a frame, into `output`; *taken and *given
 * say how much. *between: a member or frame has ended and no other has begun, so that the input may
 * end here. CORRUPT for bytes that are not what they claim to be.
 */
stoa_status stoa__unpack_run(stoa__unpack *unpack, const uint8_t *input, size_t input_size,
                             uint8_t *output, size_t output_size, size_t *taken,
                             size_t *given, bool *between, stoa_error *err);
void stoa__unpack_free(stoa__unpack *unpack); /* NULL allowed. */

#endif
