/* SPDX-License-Identifier: Apache-2.0 */
/* CPython as it is found in the process: functions of its stable ABI, and the few of every version
 * since 3.10 that tell whether the interpreter ends. */
#ifndef STOA_PYTHON_INTERPRETER_H
#define STOA_PYTHON_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

struct stoa__python {
    /* The interpreter and its lock. */
    int (*is_initialized)(void);
    int (*is_finalizing)(void);
    int (*gil_check)(void);
    int (*gil_ensure)(void);
    void (*gil_release)(int state);
    /* Objects. */
    void (*incref)(void *object);
    void (*decref)(void *object);
    void *(*type_of)(void *object);
    void *(*call)(void *callable, void *arguments, void *keywords);
    void *(*call_with)(void *callable, ...); /* Objects, up to NULL. */
    void *(*tuple_new)(ptrdiff_t count);
    int (*tuple_set)(void *tuple, ptrdiff_t index, void *object); /* Takes the reference. */
    /* Values. */
    void *(*bool_new)(long value);
    void *(*int_new)(long long value);
    void *(*unsigned_new)(unsigned long long value);
    void *(*address_new)(void *address);
    void *(*float_new)(double value);
    void *(*text_new)(const char *bytes, ptrdiff_t size);
    void *(*bytes_new)(const char *bytes, ptrdiff_t size);
    void *(*bytearray_new)(const char *bytes, ptrdiff_t size);
    long long (*int_value)(void *object, int *overflow);
    double (*float_value)(void *object);
    const char *(*text_value)(void *object, ptrdiff_t *size);
    int (*bytes_value)(void *object, char **bytes, ptrdiff_t *size);
    void *none, *true_object, *int_type, *bool_type, *float_type, *text_type, *bytes_type;
    /* Exceptions. */
    void (*error_fetch)(void **type, void **value, void **trace);
    void (*error_normalize)(void **type, void **value, void **trace);
    int (*error_set_trace)(void *value, void *trace);
    void *(*error_occurred)(void); /* Borrowed. */
    void (*error_clear)(void);
    /* Capsules. */
    const char *(*capsule_name)(void *capsule);
    void *(*capsule_pointer)(void *capsule, const char *name);
};

/* NULL: there is no CPython in this process. Any thread. */
const struct stoa__python *stoa__python(void);

/* Take the GIL if that can still be done: not of an interpreter that is gone, nor of one that ends
 * on another thread. `state` is for gil_release(). */
bool stoa__python_enter(const struct stoa__python *python, int *state);

#endif
