/* SPDX-License-Identifier: Apache-2.0 */
/* Plausible sensor readings as an Arrow stream, made as they are asked for: the demo's data. It is
 * also how any program makes a stream for Stoa: four callbacks and a struct. */
#ifndef STOA_CLI_SENSORS_H
#define STOA_CLI_SENSORS_H

#include "stoa/arrow.h"

/* `rows` readings: time (timestamp, us, UTC), sensor (utf8), temperature (float64), humidity
 * (float64, some missing), battery (int64). After `fail_after` rows, if that is >= 0, the stream
 * reports a failure, as a broken producer would. 0, or an errno. */
int sensors_open(int64_t rows, int64_t fail_after, struct ArrowArrayStream *out);

#endif
