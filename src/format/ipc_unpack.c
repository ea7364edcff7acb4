/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LZ4 is simple enough to be read here:
 *
 *   frame    | 04 22 4d 18 | flags | block size | [int64 size] [int32 dictionary] | checksum |
 *            | blocks: int32 size, top bit: not packed | bytes | [int32 checksum] | ... int32 0 |
 *   block    sequences: | token | [more of the literals' length] | literals |
 *                       | uint16 distance | [more of the match's length] |
 */
#include "format/ipc_unpack.h"

#include "base/error.h"
#include "base/mem.h"
#include "format/unpack.h"
#include "stoa/format.h"

#include <string.h>

#include "base/ban.h"

/* What one batch may become, and how much smaller a frame can be than what is in it. */
#define UNPACKED_MAX ((size_t)1 << 32)
enum { LZ4_RATIO_MAX = 256, ZSTD_RATIO_MAX = 1 << 16 };

enum { LZ4_INDEPENDENT = 0x20, LZ4_BLOCK_SUM = 0x10, LZ4_SIZE = 0x08, LZ4_DICTIONARY = 0x01 };

/* A length of 15 goes on in bytes, of which one below 255 is the last. */
static bool long_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
    uint8_t byte = 255;

    while (byte == 255) {
        if (*at == end)
            return false;
        byte = *(*at)++;
        *length += byte;
    }
    return true;
}

/* Block [at, end) to `to`; what is between `begin` and it may be copied from. NULL: damaged. */
static uint8_t *lz4_block(const uint8_t *at, const uint8_t *end, const uint8_t *begin, uint8_t *to,
                          const uint8_t *to_end)
{
    while (at < end) {
        const uint8_t token = *at++;
        size_t literals = token >> 4, match = (token & 15) + 4U, distance;

        if (literals == 15 && !long_length(&at, end, &literals))
            return NULL;
        if (literals > (size_t)(end - at) || literals > (size_t)(to_end - to))
            return NULL;
        memcpy(to, at, literals);
        to += literals;
        at += literals;
        if (at == end)
            return to; /* The last sequence has literals alone. */
        if (end - at < 2)
            return NULL;
        distance = (size_t)at[0] | (size_t)at[1] << 8;
        at += 2;
        if (match == 19 && !long_length(&at, end, &match))
            return NULL;
        if (distance == 0 || distance > (size_t)(to - begin) || match > (size_t)(to_end - to))
            return NULL;
        for (; match > 0; match--, to++)
            *to = *(to - distance); /* They may overlap. */
    }
    return to;
}

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

/* The size of the frame's header; 0: it is none, or has what is not known here. */
static size_t lz4_header(const uint8_t *packed, size_t size, uint8_t *flags)
{
    size_t header = 7;

    if (size < 7 || load32(packed) != 0x184d2204)
        return 0;
    *flags = packed[4];
    if (*flags >> 6 != 1 || (*flags & LZ4_DICTIONARY))
        return 0;
    header += *flags & LZ4_SIZE ? 8 : 0;
    return header <= size ? header : 0;
}

static bool unpack_lz4(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size)
{
    const uint8_t *end = packed + packed_size;
    uint8_t flags = 0, *to = out;
    size_t header = lz4_header(packed, packed_size, &flags);

    if (header == 0)
        return false;
    for (packed += header; end - packed >= 4;) {
        const uint32_t word = load32(packed), block = word & 0x7fffffff;

        packed += 4;
        if (word == 0)
            return to == out + size;
        if (block > (size_t)(end - packed))
            return false;
        if (word >> 31) {
            if (block > (size_t)(out + size - to))
                return false;
            memcpy(to, packed, block);
            to += block;
        } else {
            to = lz4_block(packed, packed + block, flags & LZ4_INDEPENDENT ? to : out, to,
                           out + size);
            if (!to)
                return false;
        }
        packed += block;
        if (flags & LZ4_BLOCK_SUM) {
            if (end - packed < 4)
                return false;
            packed += 4;
        }
    }
    return false;
}

/* There is a byte of room behind `out`, so that too much is noticed and the end of a frame seen. */
static stoa_status unpack_zstd(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size,
                               bool *good, stoa_error *err)
{
    stoa__unpack *unpack = NULL;
    size_t at = 0, given = 0;
    bool between = true;
    stoa_status rc = stoa__unpack_new(STOA_COMPRESSION_ZSTD, &unpack, err);

    while (rc == STOA_OK && at < packed_size && given <= size) {
        size_t taken = 0, more = 0;

        rc = stoa__unpack_run(unpack, packed + at, packed_size - at, out + given,
                              size - given + 1, &taken, &more, &between, err);
        at += taken;
        given += more;
        if (taken == 0 && more == 0)
            break;
    }
    stoa__unpack_free(unpack);
    *good = rc == STOA_OK && at == packed_size && given == size && between;
    return rc;
}

stoa_status stoa__ipc_unpack(int64_t codec, const uint8_t *packed, size_t packed_size,
                             size_t *total, uint8_t **out, size_t *size, stoa_error *err)
{
    int64_t told = 0;
    bool good = true;
    stoa_status rc = STOA_OK;

    *out = NULL;
    if (codec != STOA__IPC_LZ4 && codec != STOA__IPC_ZSTD)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "its buffers are packed in a way (number %lld) not known here",
                          (long long)codec);
    if (packed_size < 8)
        return stoa__fail(err, STOA_ERR_CORRUPT, "a packed buffer has no length");
    memcpy(&told, packed, sizeof told);
    if (told == -1) /* It would not have become smaller. */
        told = (int64_t)packed_size - 8, codec = STOA__IPC_PLAIN;
    if (told > 0 && (size_t)told / (codec == STOA__IPC_LZ4 ? LZ4_RATIO_MAX : ZSTD_RATIO_MAX) >
                        packed_size)
        return stoa__fail(err, STOA_ERR_CORRUPT, "a packed buffer claims to be %lld bytes",
                          (long long)told);
    if (told < 0 || (uint64_t)told > UNPACKED_MAX || (*total += (size_t)told) > UNPACKED_MAX)
        return stoa__fail(err, STOA_ERR_FULL, "a batch of packed buffers is larger than %zu bytes",
                          UNPACKED_MAX);
    *size = (size_t)told;
    *out = stoa__alloc_aligned(*size + 8);
    if (!*out)
        return stoa__fail_nomem(err);
    memset(*out + *size, 0, 8);
    if (codec == STOA__IPC_PLAIN)
        memcpy(*out, packed + 8, *size);
    else if (codec == STOA__IPC_LZ4)
        good = unpack_lz4(packed + 8, packed_size - 8, *out, *size);
    else
        rc = unpack_zstd(packed + 8, packed_size - 8, *out, *size, &good, err);
    if (rc == STOA_OK && !good)
        rc = stoa__fail(err, STOA_ERR_CORRUPT, "a packed buffer is damaged");
    if (rc != STOA_OK) {
        stoa__free(*out);
        *out = NULL;
    }
    return rc;
}
