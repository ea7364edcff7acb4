/* SPDX-License-Identifier: Apache-2.0 */
/* What Python lends to the library, and what runs when it is given back. */
#include "python/calls.h"

#include "base/error.h"
#include "base/object.h"
#include "stoa/ingest.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

void stoa__python_capsule_free(const struct stoa__python *python, void *capsule)
{
    const char *name = python && capsule ? python->capsule_name(capsule) : NULL;
    if (!name)
        return;
    if (strcmp(name, "arrow_array_stream") == 0)
        stoa_stream_release(python->capsule_pointer(capsule, name));
    else if (strcmp(name, "arrow_schema") == 0)
        stoa_schema_release(python->capsule_pointer(capsule, name));
    else if (strcmp(name, "arrow_array") == 0)
        stoa_batch_release(python->capsule_pointer(capsule, name));
    else
        return;
    stoa_block_free(python->capsule_pointer(capsule, name));
}

void stoa_python_capsule_free(void *capsule)
{
    stoa__python_capsule_free(stoa__python(), capsule);
}

void stoa_python_cell_close(void *cell)
{
    uint64_t id;

    if (!cell)
        return;
    memcpy(&id, cell, sizeof id); /* A struct of one word, whichever it is. */
    stoa__object_close_any(id);
}

stoa_status stoa__python_hold(const struct stoa__python *python, stoa_python_object *held,
                              stoa_error *err)
{
    int state;

    if (!held || !held->owner)
        return stoa__fail(err, STOA_ERR_INVALID, "held or its owner is NULL");
    if (!python)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "the functions of CPython are not visible in this process");
    if (!stoa__python_enter(python, &state))
        return stoa__fail(err, STOA_ERR_CLOSED, "the Python interpreter has ended");
    python->incref(held->owner);
    python->gil_release(state);
    return STOA_OK;
}

stoa_status stoa_python_hold(stoa_python_object *held, stoa_error *err)
{
    return stoa__python_hold(stoa__python(), held, err);
}

void stoa__python_release(const struct stoa__python *python, stoa_python_object *held)
{
    int state;

    if (!held || !python || !stoa__python_enter(python, &state))
        return;
    void *owner = held->owner;
    void *last = held->last;
    held->last = NULL;
    assert(owner);
    if (last)
        python->decref(last);
    python->decref(owner); /* `held` is gone, maybe. */
    python->gil_release(state);
}

void stoa_python_release(void *held)
{
    stoa__python_release(stoa__python(), held);
}

void stoa_python_stream_release(struct ArrowArrayStream *stream)
{
    if (!stream || !stream->release)
        return;
    stream->release = NULL;
    stoa_python_release(stream->private_data);
}
