/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of Arrow's IPC that are packed one by one: a length, then a frame of LZ4 or zstd. */
#ifndef STOA_FORMAT_IPC_UNPACK_H
#define STOA_FORMAT_IPC_UNPACK_H

#include "stoa/base.h"

#include <stddef.h>

/* BodyCompression.codec, and none. */
enum stoa__ipc_codec { STOA__IPC_PLAIN = -1, STOA__IPC_LZ4 = 0, STOA__IPC_ZSTD = 1 };

/* `*out` is a piece of stoa__alloc_aligned with 8 zeros behind its `*size` bytes. `*total` grows
 * by them, up to a bound: FULL. CORRUPT for what is not what it claims to be. */
stoa_status stoa__ipc_unpack(int64_t codec, const uint8_t *packed, size_t packed_size,
                             size_t *total, uint8_t **out, size_t *size, stoa_error *err);

#endif
