/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 64-bit hash of bytes for fingerprints and keys. It is *persisted*: the answer for
 * given bytes and seed never changes, on any machine; hash_test.c holds the vectors. Not
 * for secrets, and not against somebody who chooses the bytes: a table that may be
 * flooded bounds its chains itself.
 */
#ifndef STOA_TEXT_HASH_H
#define STOA_TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>

/* `seed` is 0, or the hash of what came before: hash(b, hash(a, 0)) covers both and the
 * cut. */
uint64_t stoa__hash(const void *bytes, size_t size, uint64_t seed);
/* The same for one number: hash of its eight bytes, little-endian. */
uint64_t stoa__hash_number(uint64_t number, uint64_t seed);

#endif
