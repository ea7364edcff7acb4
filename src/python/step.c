/* SPDX-License-Identifier: Apache-2.0 */
/* A Python aggregate, called a batch. */
#include "python/calls.h"

#include "base/error.h"

#include "base/ban.h"

static bool is_plain(const struct ArrowArray *column)
{
    return column->null_count == 0 || !column->buffers[0];
}

/* The values of a column, as a bytearray. */
static void *values_of(const struct stoa__python *python, const struct ArrowArray *arguments,
                       int64_t index, int32_t width)
{
    const struct ArrowArray *const column = arguments->children[index];
    const char *const values = column->buffers[1];
    const int64_t first = column->offset + arguments->offset;

    return python->bytearray_new(values ? values + first * width : NULL,
                                 (ptrdiff_t)(arguments->length * width));
}

/* NULL with an exception. */
static void *tuple_of(const struct stoa__python *python, const stoa_python_object *held,
                      uint64_t state, const struct ArrowArray *arguments)
{
    void *const tuple = python->tuple_new(arguments->n_children + 1);

    for (int64_t i = 0; tuple && i <= arguments->n_children; i++) {
        void *const item = i == 0 ? python->unsigned_new(state)
                                  : values_of(python, arguments, i - 1, held->widths[i - 1]);

        if (!item) {
            python->decref(tuple);
            return NULL;
        }
        (void)python->tuple_set(tuple, i, item);
    }
    return tuple;
}

static void *call_plain(const struct stoa__python *python, const stoa_python_object *held,
                        uint64_t state, const struct ArrowArray *arguments)
{
    void *const tuple = tuple_of(python, held, state, arguments);
    void *const object = tuple ? python->call(held->function, tuple, NULL) : NULL;

    if (tuple)
        python->decref(tuple);
    return object;
}

static void *call_other(const struct stoa__python *python, const stoa_python_object *held,
                        uint64_t state, const struct ArrowArray *arguments)
{
    void *const number = python->unsigned_new(state);
    void *const address = number ? python->address_new((void *)(uintptr_t)arguments) : NULL;
    void *const object =
        address ? python->call_with(held->convert, number, address, NULL) : NULL;

    if (address)
        python->decref(address);
    if (number)
        python->decref(number);
    return object;
}

static stoa_status step(const struct stoa__python *python, const stoa_python_object *held,
                        uint64_t *state, const struct ArrowArray *arguments, stoa_error *err)
{
    bool plain = true;
    int overflow = 0;
    long long number = 0;
    void *object;

    for (int64_t i = 0; i < arguments->n_children && plain; i++)
        plain = is_plain(arguments->children[i]);
    object = plain ? call_plain(python, held, *state, arguments)
                   : call_other(python, held, *state, arguments);
    if (object) {
        number = python->int_value(object, &overflow);
        python->decref(object);
    }
    if (!object || python->error_occurred())
        return stoa__python_fail(python, held, err);
    *state = (uint64_t)number;
    return STOA_OK;
}

stoa_status stoa__python_step(const struct stoa__python *python, stoa_python_object *held,
                              uint64_t *state, const struct ArrowArray *arguments, stoa_error *err)
{
    stoa_error unheard;
    int lock;

    if (!held || !state || !arguments)
        return stoa__fail(err, STOA_ERR_INVALID, "held, state or arguments is NULL");
    if (!python)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "the functions of CPython are not visible in this process");
    if (!stoa__python_enter(python, &lock))
        return stoa__fail(err, STOA_ERR_CLOSED, "the Python interpreter has ended");
    stoa_status rc = step(python, held, state, arguments, err ? err : &unheard);
    python->gil_release(lock);
    return rc;
}

stoa_status stoa_python_step(void *held, uint64_t *state, const struct ArrowArray *arguments,
                             stoa_error *err)
{
    return stoa__python_step(stoa__python(), held, state, arguments, err);
}
