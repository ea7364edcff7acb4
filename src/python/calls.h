/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of stoa/python.h, given the interpreter: NULL where there is none. */
#ifndef STOA_PYTHON_CALLS_H
#define STOA_PYTHON_CALLS_H

#include "python/interpreter.h"
#include "stoa/python.h"

void stoa__python_capsule_free(const struct stoa__python *python, void *capsule);
stoa_status stoa__python_hold(const struct stoa__python *python, stoa_python_object *held,
                              stoa_error *err);
void stoa__python_release(const struct stoa__python *python, stoa_python_object *held);
stoa_status stoa__python_row(const struct stoa__python *python, stoa_python_object *held,
                             const stoa_rows *arguments, stoa_value *result,
                             const uint8_t **result_bytes, stoa_error *err);
stoa_status stoa__python_step(const struct stoa__python *python, stoa_python_object *held,
                              uint64_t *state, const struct ArrowArray *arguments, stoa_error *err);

/* row.c: have the package write the exception that is set into `err`. CALLBACK. */
stoa_status stoa__python_fail(const struct stoa__python *python, const stoa_python_object *held,
                              stoa_error *err);

#endif
