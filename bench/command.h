/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as sides of a comparison: Stoa's command line against others. */
#ifndef STOA_BENCH_COMMAND_H
#define STOA_BENCH_COMMAND_H

#include <stdint.h>

#define COMMAND_STOA "build/release/cli/stoa"
#define COMMAND_PYTHON "build/bench-peers/venv/bin/python"

/* Seconds `argv` (which ends with NULL) takes from its start to its end, its output thrown away.
 * Stops the program when it fails. `peak` (may be NULL) is its greatest memory in bytes. */
double command_run(const char *const *argv, int64_t *peak);

/* What is still to be written is, so that nobody pays for another's. */
void command_settle(void);

#endif
