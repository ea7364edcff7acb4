/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/python.h: what a package for CPython has C do for it: whatever must run when objects die,
 * also while the interpreter ends and no Python code can run any more, and functions that are
 * called a row or a batch, as fast as from an extension module.
 *
 * Nothing is linked: CPython's own functions, all of its stable ABI, are looked up in the process
 * when one of these is first called. Without them the calls do nothing, or say so. Objects are
 * PyObject pointers; in Python, id(object) is that address.
 */
#ifndef STOA_PYTHON_H
#define STOA_PYTHON_H

#include "stoa/arrow.h"
#include "stoa/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The destructor for PyCapsules named "arrow_schema", "arrow_array" or "arrow_array_stream" whose
 * pointer is a struct in a block of stoa_block_new(): releases what nobody took and frees the
 * block. Runs under the GIL, at any time up to the interpreter's last moment; NULL and capsules of
 * another name are left alone.
 */
STOA_API void stoa_python_capsule_free(void *capsule);

/*
 * The destructor for a cell, memory that a call writes a handle of any kind into: closes what it
 * holds. A cell has it before the call, so that a handle is kept from its first moment, whatever
 * the interpreter does between the call's end and the package's next step. NULL, the null handle
 * and what is closed already are left alone. Needs no interpreter. Any thread.
 */
STOA_API void stoa_python_cell_close(void *cell);

/* Something of Python's that the library holds: what the user_data of a callback points to. It lies
 * in memory that `owner` keeps. Unused fields are NULL. */
typedef struct stoa_python_object {
    void *owner;    /* Its reference is held from stoa_python_hold() until the release. */
    void *handle;   /* The package's own. */
    void *function; /* Of stoa_python_row() and _step(): what is called. */
    void *convert;  /* Of stoa_python_row(): called with a result that is no plain value, and the
                       addresses of the stoa_value to fill and of the pointer to its bytes. Of
                       stoa_python_step(): called with the group's number and the address of a batch
                       that is not plain. */
    void *fail;     /* Of both: called with an exception and the address of the stoa_error to
                       fill. */
    void *last;     /* The library's own: the result whose bytes were lent last. */
    const int32_t *widths; /* Of stoa_python_step(): the bytes of a value of each column. */
} stoa_python_object;

/* Take a reference to held->owner. UNSUPPORTED where there is no CPython in the process. */
STOA_API stoa_status stoa_python_hold(stoa_python_object *held, stoa_error *err);

/* A stoa_release: give that reference back, which may free `held`. Takes the GIL, on any thread.
 * Once the interpreter is gone, or ends on another thread, nothing is done. */
STOA_API void stoa_python_release(void *held);

/* The release() of an ArrowArrayStream whose private_data is a stoa_python_object. */
STOA_API void stoa_python_stream_release(struct ArrowArrayStream *stream);

/*
 * A stoa_row_function whose user_data is a stoa_python_object. Arguments arrive as None, bool, int,
 * float, str and bytes, and results of exactly these types are taken; held->convert makes values
 * of others. Arguments of other types than NULL, bool, integers, floats, text, symbols and bytes
 * are STOA_ERR_TYPE. Takes the GIL.
 */
STOA_API stoa_status stoa_python_row(void *held, const stoa_rows *arguments, stoa_value *result,
                                     const uint8_t **result_bytes, stoa_error *err);

/*
 * A stoa_aggregate_step whose user_data is a stoa_python_object. held->function is called with the
 * group's number, 0 at its first batch, and a bytearray of values for each column; where a column
 * has NULLs, held->convert. Both give the group's number, an int. Takes the GIL.
 */
STOA_API stoa_status stoa_python_step(void *held, uint64_t *state,
                                      const struct ArrowArray *arguments, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
