/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64 (RFC 4648 section 4: '+', '/', padded, one line). */
#ifndef STOA_TEXT_BASE64_H
#define STOA_TEXT_BASE64_H

#include "base/buffer.h"

/* Append. STOA_ERR_NOMEM alone. */
stoa_status stoa__base64_encode(const void *bytes, size_t size, stoa__buffer *out);

/* Append the bytes of the whole text. STOA_ERR_TYPE, with nothing appended, for other
 * characters, missing or wrong padding, or spare bits that are not zero (each value has
 * one text). */
stoa_status stoa__base64_decode(const char *text, size_t size, stoa__buffer *out,
                                stoa_error *err);

#endif
