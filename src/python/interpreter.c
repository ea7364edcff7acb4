/* SPDX-License-Identifier: Apache-2.0 */
#include "python/interpreter.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/ban.h"

struct symbol {
    const char *name;
    const char *older; /* Its name in versions before it was public; NULL: the same. */
    size_t place;
};

#define PLACE(field) offsetof(struct stoa__python, field)
static const struct symbol symbols[] = {
    {"Py_IsInitialized", NULL, PLACE(is_initialized)},
    {"Py_IsFinalizing", "_Py_IsFinalizing", PLACE(is_finalizing)},
    {"PyGILState_Check", NULL, PLACE(gil_check)},
    {"PyGILState_Ensure", NULL, PLACE(gil_ensure)},
    {"PyGILState_Release", NULL, PLACE(gil_release)},
    {"Py_IncRef", NULL, PLACE(incref)},
    {"Py_DecRef", NULL, PLACE(decref)},
    {"PyObject_Type", NULL, PLACE(type_of)},
    {"PyObject_Call", NULL, PLACE(call)},
    {"PyObject_CallFunctionObjArgs", NULL, PLACE(call_with)},
    {"PyTuple_New", NULL, PLACE(tuple_new)},
    {"PyTuple_SetItem", NULL, PLACE(tuple_set)},
    {"PyBool_FromLong", NULL, PLACE(bool_new)},
    {"PyLong_FromLongLong", NULL, PLACE(int_new)},
    {"PyLong_FromUnsignedLongLong", NULL, PLACE(unsigned_new)},
    {"PyLong_FromVoidPtr", NULL, PLACE(address_new)},
    {"PyFloat_FromDouble", NULL, PLACE(float_new)},
    {"PyUnicode_FromStringAndSize", NULL, PLACE(text_new)},
    {"PyBytes_FromStringAndSize", NULL, PLACE(bytes_new)},
    {"PyByteArray_FromStringAndSize", NULL, PLACE(bytearray_new)},
    {"PyLong_AsLongLongAndOverflow", NULL, PLACE(int_value)},
    {"PyFloat_AsDouble", NULL, PLACE(float_value)},
    {"PyUnicode_AsUTF8AndSize", NULL, PLACE(text_value)},
    {"PyBytes_AsStringAndSize", NULL, PLACE(bytes_value)},
    {"_Py_NoneStruct", NULL, PLACE(none)},
    {"_Py_TrueStruct", NULL, PLACE(true_object)},
    {"PyLong_Type", NULL, PLACE(int_type)},
    {"PyBool_Type", NULL, PLACE(bool_type)},
    {"PyFloat_Type", NULL, PLACE(float_type)},
    {"PyUnicode_Type", NULL, PLACE(text_type)},
    {"PyBytes_Type", NULL, PLACE(bytes_type)},
    {"PyErr_Fetch", NULL, PLACE(error_fetch)},
    {"PyErr_NormalizeException", NULL, PLACE(error_normalize)},
    {"PyException_SetTraceback", NULL, PLACE(error_set_trace)},
    {"PyErr_Occurred", NULL, PLACE(error_occurred)},
    {"PyErr_Clear", NULL, PLACE(error_clear)},
    {"PyCapsule_GetName", NULL, PLACE(capsule_name)},
    {"PyCapsule_GetPointer", NULL, PLACE(capsule_pointer)},
};
#undef PLACE

/* Every field is a pointer, to a function or an object, so each is one of these places. */
_Static_assert(sizeof(struct stoa__python) == sizeof symbols / sizeof *symbols * sizeof(void *),
               "each field of struct stoa__python has its symbol");

static struct stoa__python found;
static bool complete;

static void find(void)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, symbols[i].name);
        if (!symbol && symbols[i].older)
            symbol = dlsym(RTLD_DEFAULT, symbols[i].older);
        if (!symbol)
            return;
        memcpy((char *)&found + symbols[i].place, &symbol, sizeof symbol);
    }
    complete = true;
}

const struct stoa__python *stoa__python(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, find);
    return complete ? &found : NULL;
}

bool stoa__python_enter(const struct stoa__python *python, int *state)
{
    if (!python->is_initialized() || (python->is_finalizing() && !python->gil_check()))
        return false;
    *state = python->gil_ensure();
    return true;
}
