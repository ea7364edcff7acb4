/* SPDX-License-Identifier: Apache-2.0 */
/* The format strings of the Arrow C data interface: text in, kind and parameters out. It does not
 * look at children. */
#ifndef STOA_ARROW_FORMAT_H
#define STOA_ARROW_FORMAT_H

#include "arrow/type.h"

/*
 * Fill kind, unit, width, precision, scale, list_size, zone and union_ids of the zeroed `type`;
 * `child_count` is how many children the format asks for, -1 for any number. On TYPE `problem`
 * says what is wrong, for a sentence that already quotes the format; else only NOMEM.
 */
stoa_status stoa__arrow_format_parse(const char *format, size_t size, stoa__arena *arena,
                                     struct stoa__arrow_type *type, int32_t *child_count,
                                     const char **problem);

#endif
