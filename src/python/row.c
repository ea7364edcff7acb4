/* SPDX-License-Identifier: Apache-2.0 */
/* A Python function, called once a row. */
#include "python/calls.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

/* ---- arguments ---- */

static const char *bytes_of(const stoa_value *value, const stoa_rows *rows)
{
    return value->b > 0 ? (const char *)rows->bytes + value->a : "";
}

/* A new reference; NULL with an exception, or without one for a type that is not taken. */
static void *argument(const struct stoa__python *python, const stoa_value *value,
                      const stoa_rows *rows)
{
    double real;

    switch (value->type) {
    case STOA_TYPE_NULL:
        python->incref(python->none);
        return python->none;
    case STOA_TYPE_BOOL:
        return python->bool_new(value->a != 0);
    case STOA_TYPE_INT8:
    case STOA_TYPE_INT16:
    case STOA_TYPE_INT32:
    case STOA_TYPE_INT64:
    case STOA_TYPE_UINT8:
    case STOA_TYPE_UINT16:
    case STOA_TYPE_UINT32:
        return python->int_new(value->a);
    case STOA_TYPE_UINT64:
        return python->unsigned_new((uint64_t)value->a);
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        memcpy(&real, &value->a, sizeof real);
        return python->float_new(real);
    case STOA_TYPE_TEXT:
    case STOA_TYPE_SYMBOL:
        return python->text_new(bytes_of(value, rows), (ptrdiff_t)value->b);
    case STOA_TYPE_BYTES:
        return python->bytes_new(bytes_of(value, rows), (ptrdiff_t)value->b);
    default:
        return NULL;
    }
}

/* A tuple; NULL as above, then with the number of the argument in `wrong`. */
static void *arguments_of(const struct stoa__python *python, const stoa_rows *rows, int32_t *wrong)
{
    void *tuple = python->tuple_new(rows->column_count);

    for (int32_t i = 0; tuple && i < rows->column_count; i++) {
        void *item = argument(python, &rows->values[i], rows);
        if (!item) {
            *wrong = i + 1;
            python->decref(tuple);
            return NULL;
        }
        (void)python->tuple_set(tuple, i, item);
    }
    return tuple;
}

/* ---- failing ---- */

static bool told(const struct stoa__python *python, const stoa_python_object *held, void *problem,
                 stoa_error *err)
{
    void *address = python->address_new(err);
    void *said = address ? python->call_with(held->fail, problem, address, NULL) : NULL;

    if (address)
        python->decref(address);
    if (said)
        python->decref(said);
    return said != NULL;
}

/* A second exception, such as the next Ctrl-C, takes the place of the first. */
stoa_status stoa__python_fail(const struct stoa__python *python, const stoa_python_object *held,
                              stoa_error *err)
{
    bool heard = false;

    for (int attempt = 0; attempt < 2 && !heard; attempt++) {
        void *type = NULL;
        void *problem = NULL;
        void *trace = NULL;
        python->error_fetch(&type, &problem, &trace);
        python->error_normalize(&type, &problem, &trace);
        if (problem && trace)
            (void)python->error_set_trace(problem, trace);
        heard = problem && told(python, held, problem, err);
        if (trace)
            python->decref(trace);
        if (problem)
            python->decref(problem);
        if (type)
            python->decref(type);
    }
    if (!heard) {
        python->error_clear();
        (void)stoa__fail(err, STOA_ERR_CALLBACK, "the Python function raised an exception");
    }
    return STOA_ERR_CALLBACK;
}

/* ---- results ---- */

/* Text and bytes are lent until the next call. */
static void lend(const struct stoa__python *python, stoa_python_object *held, void *object)
{
    void *before = held->last;

    python->incref(object);
    held->last = object;
    if (before)
        python->decref(before);
}

/* False: the package has to convert it. */
static bool plain(const struct stoa__python *python, stoa_python_object *held, void *object,
                  stoa_value *result, const uint8_t **result_bytes)
{
    void *type = python->type_of(object);
    int overflow = 0;
    ptrdiff_t size = 0;

    python->decref(type); /* Its object keeps it. */
    if (type == python->int_type) {
        result->a = python->int_value(object, &overflow);
        result->type = overflow ? STOA_TYPE_NULL : STOA_TYPE_INT64;
    } else if (type == python->float_type) {
        double real = python->float_value(object);
        memcpy(&result->a, &real, sizeof real);
        result->type = STOA_TYPE_FLOAT64;
    } else if (type == python->bool_type) {
        result->a = object == python->true_object;
        result->type = STOA_TYPE_BOOL;
    } else if (type == python->text_type) {
        *result_bytes = (const uint8_t *)python->text_value(object, &size);
        result->type = *result_bytes ? STOA_TYPE_TEXT : STOA_TYPE_NULL;
    } else if (type == python->bytes_type) {
        char *bytes = NULL;
        (void)python->bytes_value(object, &bytes, &size);
        *result_bytes = (const uint8_t *)bytes;
        result->type = STOA_TYPE_BYTES;
    }
    if (result->type == STOA_TYPE_NULL)
        return false;
    if (result->type == STOA_TYPE_TEXT || result->type == STOA_TYPE_BYTES) {
        result->a = 0;
        result->b = size;
        lend(python, held, object);
    }
    return true;
}

static bool converted(const struct stoa__python *python, const stoa_python_object *held,
                      void *object, stoa_value *result, const uint8_t **result_bytes)
{
    void *said = NULL;
    void *value = NULL;
    void *bytes = NULL;

    python->error_clear(); /* A text that UTF-8 cannot hold: the package will say so. */
    value = python->address_new(result);
    bytes = python->address_new((void *)result_bytes);
    if (value && bytes)
        said = python->call_with(held->convert, object, value, bytes, NULL);
    if (value)
        python->decref(value);
    if (bytes)
        python->decref(bytes);
    if (said)
        python->decref(said);
    return said != NULL;
}

/* ---- the call ---- */

static stoa_status call(const struct stoa__python *python, stoa_python_object *held,
                        const stoa_rows *arguments, stoa_value *result,
                        const uint8_t **result_bytes, stoa_error *err)
{
    int32_t wrong = 0;
    void *given = arguments_of(python, arguments, &wrong);
    void *object = given ? python->call(held->function, given, NULL) : NULL;
    stoa_status rc = STOA_OK;

    if (!given && wrong > 0 && !python->error_occurred())
        rc = stoa__fail(err, STOA_ERR_TYPE, "argument %d is of a type that is not taken here",
                        wrong);
    else if (!object ||
             (object != python->none && !plain(python, held, object, result, result_bytes) &&
              !converted(python, held, object, result, result_bytes)))
        rc = stoa__python_fail(python, held, err);
    if (object)
        python->decref(object);
    if (given)
        python->decref(given);
    return rc;
}

stoa_status stoa__python_row(const struct stoa__python *python, stoa_python_object *held,
                             const stoa_rows *arguments, stoa_value *result,
                             const uint8_t **result_bytes, stoa_error *err)
{
    stoa_error unheard;
    int state;

    if (!held || !arguments || !result || !result_bytes)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "held, arguments, result or result_bytes is NULL");
    if (!python)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "the functions of CPython are not visible in this process");
    if (!stoa__python_enter(python, &state))
        return stoa__fail(err, STOA_ERR_CLOSED, "the Python interpreter has ended");
    stoa_status rc = call(python, held, arguments, result, result_bytes, err ? err : &unheard);
    python->gil_release(state);
    return rc;
}

stoa_status stoa_python_row(void *held, const stoa_rows *arguments, stoa_value *result,
                            const uint8_t **result_bytes, stoa_error *err)
{
    return stoa__python_row(stoa__python(), held, arguments, result, result_bytes, err);
}
