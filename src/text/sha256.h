/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) of bytes that are all there: to tell whether a file was changed. */
#ifndef STOA_TEXT_SHA256_H
#define STOA_TEXT_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { STOA__SHA256_SIZE = 32 };

void stoa__sha256(const void *bytes, size_t size, uint8_t out[STOA__SHA256_SIZE]);

#endif
