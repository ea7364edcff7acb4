/* SPDX-License-Identifier: Apache-2.0 */
/* Finding Go runtimes: two of them in one process are unsupported by Go and crash. A library built
 * by Go carries an ELF note of owner "Go" and type 4, stripped or not. */
#ifndef STOA_ENGINE_ADBC_GO_RUNTIME_H
#define STOA_ENGINE_ADBC_GO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>

/* Does the file at `path` carry one? Read from the file, because the runtime starts while the
 * library is loaded. False as well for what is no 64-bit ELF file. */
bool adbc_go_in_file(const char *path);

/* Would the runtime of `path` (NULL: any) meet another one in this process? That one's file goes
 * to `name` ("the program itself" for the program). A file that is loaded already brings nothing
 * new. */
bool adbc_go_meets(const char *path, char *name, size_t capacity);

#endif
