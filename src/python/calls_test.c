/* SPDX-License-Identifier: Apache-2.0 */
/* Against an interpreter that counts: every reference that is taken is given back, whatever fails.
 * With CPython itself these functions are tested by bindings/python. */
#include "python/calls.h"

#include "stoa/base.h"
#include "stoa/ingest.h"
#include "test.h"

#include <stdarg.h>

enum { OBJECTS_MAX = 64, ITEMS_MAX = 4 };

struct object {
    int references;
    struct object *type;
    int64_t number;
    double real;
    char text[64];
    ptrdiff_t size;
    struct object *items[ITEMS_MAX];
    struct object *(*run)(struct object **items);
};

static struct object made[OBJECTS_MAX]; /* One with references is in use. */
static struct object int_type, bool_type, float_type, text_type, bytes_type, tuple_type, other_type;
static struct object none, yes = {.type = &bool_type}, no = {.type = &bool_type};
static struct object *raised;     /* The exception that is set. */
static int held_locks;            /* Of the GIL. */
static int left = -1;             /* Objects that can still be made; -1: any number. */
static bool gone, finalizing;
static bool fails_too; /* The package's own report fails. */

/* ---- the interpreter ---- */

static struct object *problem(const char *text);

static void *new_object(struct object *type)
{
    if (left == 0) {
        left = -1; /* Only once, so that it can be told. */
        raised = problem("no memory");
        return NULL;
    }
    left -= left > 0;
    for (int i = 0; i < OBJECTS_MAX; i++)
        if (made[i].references == 0) {
            made[i] = (struct object){.references = 1, .type = type};
            return &made[i];
        }
    CHECK_TEXT("too many objects are alive", "");
    return NULL;
}

static struct object *problem(const char *text)
{
    struct object *out = new_object(&other_type);
    snprintf(out->text, sizeof out->text, "%s", text);
    return out;
}

static void incref(void *object)
{
    ((struct object *)object)->references++;
}

static void decref(void *object)
{
    struct object *it = object;
    CHECK(it->references > 0);
    if (--it->references == 0)
        for (int i = 0; i < ITEMS_MAX; i++)
            if (it->items[i])
                decref(it->items[i]);
}

static int is_initialized(void)
{
    return !gone;
}

static int is_finalizing(void)
{
    return finalizing;
}

static int gil_check(void)
{
    return held_locks > 0;
}

static int gil_ensure(void)
{
    return held_locks++;
}

static void gil_release(int state)
{
    CHECK_INT(--held_locks, state);
}

static void *type_of(void *object)
{
    incref(((struct object *)object)->type);
    return ((struct object *)object)->type;
}

static void *call_tuple(void *callable, void *arguments, void *keywords)
{
    CHECK(!keywords && held_locks > 0);
    return ((struct object *)callable)->run(((struct object *)arguments)->items);
}

static void *call_with(void *callable, ...)
{
    struct object *items[ITEMS_MAX] = {0};
    va_list rest;
    va_start(rest, callable);
    for (int i = 0; i < ITEMS_MAX && (items[i] = va_arg(rest, void *)) != NULL;)
        i++;
    va_end(rest);
    return ((struct object *)callable)->run(items);
}

static void *tuple_new(ptrdiff_t count)
{
    CHECK(count <= ITEMS_MAX);
    return new_object(&tuple_type);
}

static int tuple_set(void *tuple, ptrdiff_t index, void *object)
{
    ((struct object *)tuple)->items[index] = object;
    return 0;
}

static void *number_new(struct object *type, int64_t number)
{
    struct object *out = new_object(type);
    if (out)
        out->number = number;
    return out;
}

static void *bool_new(long value)
{
    incref(value ? &yes : &no);
    return value ? &yes : &no;
}

static void *int_new(long long value)
{
    return number_new(&int_type, value);
}

static void *unsigned_new(unsigned long long value)
{
    return int_new((long long)value);
}

static void *address_new(void *address)
{
    return int_new((long long)(intptr_t)address);
}

static void *float_new(double value)
{
    struct object *out = new_object(&float_type);
    if (out)
        out->real = value;
    return out;
}

static void *sized_new(struct object *type, const char *bytes, ptrdiff_t size)
{
    struct object *out = new_object(type);
    if (out) {
        memcpy(out->text, bytes, (size_t)size);
        out->size = size;
    }
    return out;
}

static void *text_new(const char *bytes, ptrdiff_t size)
{
    if (size > 0 && bytes[0] == '\xff') {
        raised = problem("no UTF-8");
        return NULL;
    }
    return sized_new(&text_type, bytes, size);
}

static void *bytes_new(const char *bytes, ptrdiff_t size)
{
    return sized_new(&bytes_type, bytes, size);
}

static void *bytearray_new(const char *bytes, ptrdiff_t size)
{
    CHECK(bytes || size == 0);
    return sized_new(&other_type, bytes ? bytes : "", size);
}

static long long int_value(void *object, int *overflow)
{
    *overflow = ((struct object *)object)->number == INT64_MAX; /* Stands for what is more. */
    return ((struct object *)object)->number;
}

static double float_value(void *object)
{
    return ((struct object *)object)->real;
}

static const char *text_value(void *object, ptrdiff_t *size)
{
    struct object *it = object;
    if (it->size < 0) { /* Stands for a lone surrogate. */
        raised = problem("no UTF-8");
        return NULL;
    }
    *size = it->size;
    return it->text;
}

static int bytes_value(void *object, char **bytes, ptrdiff_t *size)
{
    *bytes = ((struct object *)object)->text;
    *size = ((struct object *)object)->size;
    return 0;
}

static void error_fetch(void **type, void **value, void **trace)
{
    *type = *trace = NULL;
    *value = raised;
    raised = NULL;
    if (*value) {
        *type = &other_type;
        incref(&other_type);
        *trace = new_object(&other_type);
    }
}

static void error_normalize(void **type, void **value, void **trace)
{
    (void)type, (void)value, (void)trace;
}

static int error_set_trace(void *value, void *trace)
{
    CHECK(value && trace);
    return 0;
}

static void *error_occurred(void)
{
    return raised;
}

static void error_clear(void)
{
    if (raised)
        decref(raised);
    raised = NULL;
}

static const char *capsule_name(void *capsule)
{
    struct object *it = capsule;
    return *it->text ? it->text : NULL;
}

static void *capsule_pointer(void *capsule, const char *name)
{
    CHECK_TEXT(name, ((struct object *)capsule)->text);
    return (void *)(intptr_t)((struct object *)capsule)->number;
}

static const struct stoa__python fake = {
    is_initialized, is_finalizing, gil_check, gil_ensure, gil_release, incref, decref, type_of,
    call_tuple, call_with, tuple_new, tuple_set, bool_new, int_new, unsigned_new, address_new,
    float_new, text_new, bytes_new, bytearray_new, int_value, float_value, text_value, bytes_value,
    &none, &yes, &int_type, &bool_type, &float_type, &text_type, &bytes_type, error_fetch,
    error_normalize, error_set_trace, error_occurred, error_clear, capsule_name, capsule_pointer};

/* ---- the package's side ---- */

static struct object *first(struct object **items)
{
    incref(items[0]);
    return items[0];
}

static struct object *give; /* What the function gives; NULL: it raises. */
static struct object *given(struct object **items)
{
    (void)items;
    if (!give) {
        raised = problem("one by zero");
        return NULL;
    }
    incref(give);
    return give;
}

static struct object *convert(struct object **items)
{
    stoa_value *value = (stoa_value *)(intptr_t)items[1]->number;
    if (items[0]->type == &text_type) {
        raised = problem("cannot be converted");
        return NULL;
    }
    CHECK(items[2]->number != 0);
    *value = (stoa_value){.type = STOA_TYPE_DATE, .a = 7};
    incref(&none);
    return &none;
}

static struct object *report(struct object **items)
{
    stoa_error *error = (stoa_error *)(intptr_t)items[1]->number;
    if (fails_too) {
        raised = problem("interrupted");
        return NULL;
    }
    error->code = STOA_ERR_CALLBACK;
    error->text_size = snprintf(error->text, sizeof error->text, "%s", items[0]->text);
    incref(&none);
    return &none;
}

static struct object owner = {.references = 1};
static struct object function = {.references = 1};
static struct object converter = {.references = 1, .run = convert};
static struct object reporter = {.references = 1, .run = report};

static int alive(void)
{
    int count = raised != NULL;
    for (int i = 0; i < OBJECTS_MAX; i++)
        count += made[i].references > 0;
    return count;
}

static int constants(void)
{
    return none.references + yes.references + no.references + int_type.references +
           bool_type.references + float_type.references + text_type.references +
           bytes_type.references + other_type.references;
}

/* Call with one argument; what is alive afterwards is what `held` keeps. */
static stoa_status row(struct object *(*run)(struct object **), stoa_value argument,
                       const char *bytes, stoa_value *result, const uint8_t **out,
                       stoa_error *error)
{
    stoa_python_object held = {.owner = &owner, .function = &function, .convert = &converter,
                               .fail = &reporter};
    const stoa_rows rows = {.values = &argument, .bytes = (const uint8_t *)bytes,
                            .bytes_size = 64, .row_count = 1, .column_count = 1};
    int before = alive(), before_constants = constants();
    static char kept[64];

    function.run = run;
    *result = (stoa_value){0};
    *out = NULL;
    CHECK_INT(stoa__python_hold(&fake, &held, error), STOA_OK);
    stoa_status rc = stoa__python_row(&fake, &held, &rows, result, out, error);
    if (*out) { /* Lent until the next call. */
        CHECK(held.last != NULL);
        memcpy(kept, *out, sizeof kept);
        *out = (const uint8_t *)kept;
    }
    stoa__python_release(&fake, &held);
    CHECK_INT(alive(), before);
    CHECK_INT(constants(), before_constants);
    CHECK_INT(owner.references, 1);
    CHECK_INT(held_locks, 0);
    return rc;
}

static void values_pass_through(void)
{
    static const char bytes[] = "..text";
    const double half = 0.5;
    stoa_value values[] = {{.type = STOA_TYPE_NULL},
                           {.type = STOA_TYPE_BOOL, .a = 1},
                           {.type = STOA_TYPE_INT64, .a = -5},
                           {.type = STOA_TYPE_FLOAT64},
                           {.type = STOA_TYPE_TEXT, .a = 2, .b = 4},
                           {.type = STOA_TYPE_BYTES, .a = 2, .b = 4},
                           {.type = STOA_TYPE_TEXT}};
    memcpy(&values[3].a, &half, sizeof half);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        stoa_value result;
        const uint8_t *out;
        stoa_error error;
        CHECK_INT(row(first, values[i], bytes, &result, &out, &error), STOA_OK);
        CHECK_INT(result.type, values[i].type);
        CHECK_INT(result.b, values[i].b);
        if (out)
            CHECK(memcmp(out + result.a, bytes + 2, (size_t)result.b) == 0);
        else
            CHECK_INT(result.a, values[i].a);
    }
}

static void numbers_of_other_widths_are_numbers(void)
{
    static const int32_t types[] = {STOA_TYPE_INT8, STOA_TYPE_UINT32, STOA_TYPE_UINT64};
    stoa_value result;
    const uint8_t *out;
    stoa_error error;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        CHECK_INT(row(first, (stoa_value){.type = types[i], .a = 9}, "", &result, &out, &error),
                  STOA_OK);
        CHECK_INT(result.type, STOA_TYPE_INT64);
        CHECK_INT(result.a, 9);
    }
}

static void other_results_are_converted(void)
{
    struct object date = {.references = 1, .type = &other_type};
    struct object huge = {.references = 1, .type = &int_type, .number = INT64_MAX};
    struct object *const results[] = {&date, &huge};
    stoa_value result;
    const uint8_t *out;
    stoa_error error;
    for (size_t i = 0; i < 2; i++) {
        give = results[i];
        CHECK_INT(row(given, (stoa_value){0}, "", &result, &out, &error), STOA_OK);
        CHECK_INT(result.type, STOA_TYPE_DATE);
        CHECK_INT(result.a, 7);
        CHECK_INT(give->references, 1);
    }
}

static void exceptions_are_told(void)
{
    struct object surrogate = {.references = 1, .type = &text_type, .size = -1};
    stoa_value result;
    const uint8_t *out;
    stoa_error error = {0};
    give = NULL;
    CHECK_INT(row(given, (stoa_value){0}, "", &result, &out, &error), STOA_ERR_CALLBACK);
    CHECK_TEXT(error.text, "one by zero");
    give = &surrogate;
    CHECK_INT(row(given, (stoa_value){0}, "", &result, &out, &error), STOA_ERR_CALLBACK);
    CHECK_TEXT(error.text, "cannot be converted");
    stoa_value wrong = {.type = STOA_TYPE_TEXT, .b = 1};
    CHECK_INT(row(first, wrong, "\xff", &result, &out, &error), STOA_ERR_CALLBACK);
    CHECK_TEXT(error.text, "no UTF-8");
    fails_too = true;
    give = NULL;
    CHECK_INT(row(given, (stoa_value){0}, "", &result, &out, &error), STOA_ERR_CALLBACK);
    CHECK_TEXT(error.text, "the Python function raised an exception");
}

static void a_type_that_is_not_taken_is_named(void)
{
    stoa_value result;
    const uint8_t *out;
    stoa_error error;
    stoa_value date = {.type = STOA_TYPE_DATE};
    CHECK_INT(row(first, date, "", &result, &out, &error), STOA_ERR_TYPE);
    CHECK_TEXT(error.text, "argument 1 is of a type that is not taken here");
}

/* The first object cannot be made, then the second, ... until the call gets through. */
static void every_object_may_fail(void)
{
    struct object date = {.references = 1, .type = &other_type};
    give = &date;
    for (int nth = 0;; nth++) {
        stoa_value result;
        const uint8_t *out;
        stoa_error error = {0};
        left = nth;
        stoa_status rc = row(given, (stoa_value){.type = STOA_TYPE_INT64}, "", &result, &out,
                             &error);
        bool through = left >= 0;
        left = -1;
        if (through) {
            CHECK_INT(rc, STOA_OK);
            CHECK(nth >= 4); /* A tuple, a number, two addresses. */
            break;
        }
        CHECK_INT(rc, STOA_ERR_CALLBACK);
        CHECK_TEXT(error.text, "no memory");
    }
}

static void what_is_lent_is_kept_for_one_call(void)
{
    struct object texts[] = {{.references = 1, .type = &text_type, .text = "a", .size = 1},
                             {.references = 1, .type = &bytes_type, .text = "b", .size = 1}};
    stoa_python_object held = {.owner = &owner, .function = &function, .convert = &converter,
                               .fail = &reporter};
    const stoa_rows rows = {.row_count = 1};
    stoa_value result = {0};
    const uint8_t *out = NULL;

    function.run = given;
    CHECK_INT(stoa__python_hold(&fake, &held, NULL), STOA_OK);
    for (int i = 0; i < 2; i++) {
        give = &texts[i];
        result.type = STOA_TYPE_NULL;
        CHECK_INT(stoa__python_row(&fake, &held, &rows, &result, &out, NULL), STOA_OK);
        CHECK_INT(texts[i].references, 2);
    }
    CHECK_INT(texts[0].references, 1);
    stoa__python_release(&fake, &held);
    CHECK_INT(texts[1].references, 1);
    CHECK_INT(alive(), 0);
}

/* ---- batches ---- */

static const double reals[] = {0, 1, 2, 3, 4};
static const int16_t whole[] = {0, 10, 20, 30};

/* Rows 2 and 3 of two columns: the struct begins at 1, the first column at 1, the other at 0. */
static stoa_status batch(uint64_t *state, bool nulls, stoa_error *error)
{
    static const int32_t widths[] = {8, 2};
    static const uint8_t bits = 0xff;
    const void *first_buffers[] = {&bits, reals}, *other_buffers[] = {NULL, whole};
    struct ArrowArray children[] = {
        {.length = 3, .offset = 1, .null_count = nulls, .n_buffers = 2, .buffers = first_buffers},
        {.length = 3, .null_count = -1, .n_buffers = 2, .buffers = other_buffers}};
    struct ArrowArray *pointers[] = {&children[0], &children[1]};
    const struct ArrowArray arguments = {
        .length = 2, .offset = 1, .n_children = 2, .children = pointers};
    stoa_python_object held = {.owner = &owner, .function = &function, .convert = &converter,
                               .fail = &reporter, .widths = widths};
    const int before = alive(), before_constants = constants();

    CHECK_INT(stoa__python_hold(&fake, &held, error), STOA_OK);
    stoa_status rc = stoa__python_step(&fake, &held, state, &arguments, error);
    stoa__python_release(&fake, &held);
    CHECK_INT(alive(), before);
    CHECK_INT(constants(), before_constants);
    CHECK_INT(held_locks, 0);
    return rc;
}

static struct object *take_rooms(struct object **items)
{
    CHECK_INT(items[1]->size, 16);
    CHECK(memcmp(items[1]->text, reals + 2, 16) == 0);
    CHECK_INT(items[2]->size, 4);
    CHECK(memcmp(items[2]->text, whole + 1, 4) == 0);
    return int_new(items[0]->number + 1);
}

static struct object *take_address(struct object **items)
{
    CHECK_INT(((const struct ArrowArray *)(intptr_t)items[1]->number)->length, 2);
    return int_new(items[0]->number + 100);
}

static void a_batch_comes_as_bytes_or_by_its_address(void)
{
    uint64_t state = 0;
    stoa_error error;

    function.run = take_rooms;
    converter.run = take_address;
    CHECK_INT(batch(&state, false, &error), STOA_OK);
    CHECK_INT(state, 1);
    CHECK_INT(batch(&state, true, &error), STOA_OK);
    CHECK_INT(state, 101);
    give = NULL;
    function.run = given;
    CHECK_INT(batch(&state, false, &error), STOA_ERR_CALLBACK);
    CHECK_TEXT(error.text, "one by zero");
    CHECK_INT(state, 101);
    CHECK_INT(stoa__python_step(&fake, NULL, &state, NULL, &error), STOA_ERR_INVALID);
}

static void every_object_of_a_batch_may_fail(void)
{
    function.run = take_rooms;
    converter.run = take_address;
    for (int nulls = 0; nulls < 2; nulls++)
        for (int nth = 0;; nth++) {
            uint64_t state = 7;
            stoa_error error = {0};
            left = nth;
            stoa_status rc = batch(&state, nulls, &error);
            bool through = left >= 0;
            left = -1;
            if (through) {
                CHECK_INT(rc, STOA_OK);
                CHECK_INT(nth, nulls ? 3 : 5);
                break;
            }
            CHECK_INT(rc, STOA_ERR_CALLBACK);
            CHECK_TEXT(error.text, "no memory");
            CHECK_INT(state, 7);
        }
}

static void nothing_is_touched_when_the_interpreter_has_ended(void)
{
    stoa_python_object held = {.owner = &owner};
    const stoa_rows rows = {.row_count = 1};
    const struct ArrowArray arguments = {0};
    stoa_value result = {0};
    const uint8_t *out = NULL;
    uint64_t state = 0;
    stoa_error error;

    CHECK_INT(stoa__python_hold(&fake, &held, NULL), STOA_OK);
    for (int how = 0; how < 2; how++) {
        gone = how == 0;
        finalizing = how == 1; /* On another thread: the GIL is not ours. */
        CHECK_INT(stoa__python_hold(&fake, &held, &error), STOA_ERR_CLOSED);
        CHECK_INT(stoa__python_row(&fake, &held, &rows, &result, &out, &error), STOA_ERR_CLOSED);
        CHECK_TEXT(error.text, "the Python interpreter has ended");
        CHECK_INT(stoa__python_step(&fake, &held, &state, &arguments, &error), STOA_ERR_CLOSED);
        stoa__python_release(&fake, &held);
        CHECK_INT(owner.references, 2);
    }
    held_locks = 1; /* On this one things are still given back. */
    stoa__python_release(&fake, &held);
    CHECK_INT(owner.references, 1);
}

static int released;
static void count_schema(struct ArrowSchema *it)
{
    it->release = NULL;
    released++;
}

static void count_array(struct ArrowArray *it)
{
    it->release = NULL;
    released++;
}

static void count_stream(struct ArrowArrayStream *it)
{
    it->release = NULL;
    released++;
}

static void capsules_give_back_struct_and_block(void)
{
    const struct ArrowSchema schema = {.release = count_schema};
    const struct ArrowArray array = {.release = count_array};
    const struct ArrowArrayStream stream = {.release = count_stream};
    const struct {
        const char *name;
        const void *data;
        size_t size;
    } kinds[] = {{"arrow_schema", &schema, sizeof schema},
                 {"arrow_array", &array, sizeof array},
                 {"arrow_array_stream", &stream, sizeof stream}};
    int64_t before = 0, after = 0;

    CHECK_INT(stoa_live(STOA_LIVE_ALLOCATIONS, &before, NULL), STOA_OK);
    for (int i = 0; i < 6; i++) { /* Filled, then as a consumer leaves it. */
        struct object capsule = {.references = 1};
        void *block = NULL;
        CHECK_INT(stoa_block_new((int64_t)kinds[i % 3].size, &block, NULL), STOA_OK);
        if (i < 3)
            memcpy(block, kinds[i].data, kinds[i].size);
        capsule.number = (int64_t)(intptr_t)block;
        snprintf(capsule.text, sizeof capsule.text, "%s", kinds[i % 3].name);
        stoa__python_capsule_free(&fake, &capsule);
    }
    CHECK_INT(released, 3);
    CHECK_INT(stoa_live(STOA_LIVE_ALLOCATIONS, &after, NULL), STOA_OK);
    CHECK_INT(after, before);
    struct object other = {.references = 1, .text = "used_up", .number = 1};
    stoa__python_capsule_free(&fake, &other);
    other.text[0] = '\0';
    stoa__python_capsule_free(&fake, &other);
}

TEST_MAIN({"values pass through", values_pass_through},
          {"numbers of other widths are numbers", numbers_of_other_widths_are_numbers},
          {"other results are converted", other_results_are_converted},
          {"exceptions are told", exceptions_are_told},
          {"a type that is not taken is named", a_type_that_is_not_taken_is_named},
          {"every object may fail", every_object_may_fail},
          {"what is lent is kept for one call", what_is_lent_is_kept_for_one_call},
          {"a batch comes as bytes or by its address", a_batch_comes_as_bytes_or_by_its_address},
          {"every object of a batch may fail", every_object_of_a_batch_may_fail},
          {"nothing is touched when the interpreter has ended",
           nothing_is_touched_when_the_interpreter_has_ended},
          {"capsules give back struct and block", capsules_give_back_struct_and_block})
