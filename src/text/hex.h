/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal digits. */
#ifndef STOA_TEXT_HEX_H
#define STOA_TEXT_HEX_H

#include "base/buffer.h"

/* Append in lower case. STOA_ERR_NOMEM alone. */
stoa_status stoa__hex_encode(const void *bytes, size_t size, stoa__buffer *out);

/* Append the bytes of the whole text, either case. STOA_ERR_TYPE, with nothing appended,
 * for an odd number of digits or another character. */
stoa_status stoa__hex_decode(const char *text, size_t size, stoa__buffer *out,
                             stoa_error *err);

/* The value of one digit, or -1. */
int stoa__hex_digit(char digit);

#endif
