/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that open, close, pin and reference a tree of handles, run side by side with a model
 * that says what must come out. A program is a list of instructions of three bytes:
 *
 *     +-------------+------------------+-------------------------+
 *     | instruction | which entry      | kind, or bit to disturb |
 *     +-------------+------------------+-------------------------+
 */
#include "base/mem.h"
#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_COUNT_MAX = 1200, LOOK_EVERY = 32 };

/* abort(), since libFuzzer does not see _exit(). */
#define EXPECT(condition) expect((condition), __LINE__, #condition)

struct node {
    struct stoa__object object;
    int index;
};

/* What the model knows of one handle. */
struct entry {
    uint64_t id;
    enum stoa__kind kind, reason; /* `reason` is NONE while open. */
    int parent;                   /* -1: a root. */
    struct node *node;            /* Usable while the model says it is alive. */
    int pins, references;
    int closings, destroys; /* What really happened. */
};

static struct entry entries[ENTRY_COUNT_MAX];
static int entry_count;
static size_t step;

static void expect(bool holds, int line, const char *what)
{
    if (holds)
        return;
    printf("# tests/fuzz/handles_fuzz.c:%d: %s does not hold at byte %zu\n", line, what,
           step);
    fflush(stdout);
    abort();
}

/* ---- the objects ---- */

static void node_closing(struct stoa__object *object)
{
    int index = ((struct node *)object)->index;

    entries[index].closings++;
    EXPECT(object->closed == (int32_t)entries[index].reason);
    for (int i = 0; i < entry_count; i++)
        EXPECT(entries[i].parent != index || entries[i].closings == 1);
}

static void node_destroy(struct stoa__object *object)
{
    int index = ((struct node *)object)->index;

    entries[index].destroys++;
    for (int i = 0; i < entry_count; i++)
        EXPECT(entries[i].parent != index || entries[i].destroys == 1);
    stoa__free(object);
}

#define CLASS(kind) [kind] = {kind, node_closing, node_destroy}
static const struct stoa__class classes[STOA__KIND_COUNT] = {
    CLASS(STOA__KIND_DB),     CLASS(STOA__KIND_CONN),     CLASS(STOA__KIND_STMT),
    CLASS(STOA__KIND_RESULT), CLASS(STOA__KIND_INGEST),   CLASS(STOA__KIND_OP),
    CLASS(STOA__KIND_SCAN),   CLASS(STOA__KIND_FUNCTION), CLASS(STOA__KIND_SUBSCRIPTION),
    CLASS(STOA__KIND_BLOB),   CLASS(STOA__KIND_LUA),      CLASS(STOA__KIND_ADBC_DATABASE),
    CLASS(STOA__KIND_ADBC_CONNECTION), CLASS(STOA__KIND_ADBC_STATEMENT),
};

/* ---- the model ---- */

static bool has_handle(const struct entry *entry)
{
    return entry->reason == STOA__KIND_NONE || entry->pins > 0;
}

/* A child comes behind its parent, so one pass from the end sees all. */
static void find_alive(bool *alive)
{
    memset(alive, 0, (size_t)entry_count * sizeof *alive);
    for (int i = entry_count - 1; i >= 0; i--) {
        alive[i] |= has_handle(&entries[i]) || entries[i].references > 0;
        if (alive[i] && entries[i].parent >= 0)
            alive[entries[i].parent] = true;
    }
}

static bool is_alive(int index)
{
    bool alive[ENTRY_COUNT_MAX];

    find_alive(alive);
    return alive[index];
}

static void model_close(int index, enum stoa__kind reason)
{
    if (entries[index].reason != STOA__KIND_NONE)
        return;
    entries[index].reason = reason;
    for (int i = index + 1; i < entry_count; i++)
        if (entries[i].parent == index)
            model_close(i, reason);
}

static uint32_t slot_of(uint64_t id)
{
    return (uint32_t)(id >> 32) & 0xffffff;
}

/* The reason is known until the slot's next tenant has gone as well. */
static enum stoa__kind known_reason(int index)
{
    for (int i = 0; i < entry_count; i++)
        if (slot_of(entries[i].id) == slot_of(entries[index].id) &&
            (uint32_t)entries[i].id > (uint32_t)entries[index].id &&
            !has_handle(&entries[i]))
            return STOA__KIND_NONE;
    return entries[index].reason;
}

static void expect_closed_text(int index, const char *text)
{
    enum stoa__kind reason = known_reason(index), kind = entries[index].kind;
    char right[256];

    if (reason == STOA__KIND_NONE || reason == kind)
        snprintf(right, sizeof right, "this %s is closed", stoa__kind_name(kind));
    else
        snprintf(right, sizeof right, "this %s is closed: its %s was closed",
                 stoa__kind_name(kind), stoa__kind_name(reason));
    EXPECT(strcmp(text, right) == 0);
}

static void look(void)
{
    int64_t counts[STOA__KIND_COUNT] = {0};
    bool alive[ENTRY_COUNT_MAX];

    find_alive(alive);
    for (int i = 0; i < entry_count; i++) {
        struct entry *entry = &entries[i];

        EXPECT(entry->destroys == !alive[i]);
        EXPECT(entry->closings == (entry->reason != STOA__KIND_NONE));
        EXPECT(!alive[i] || entry->node->object.closed == (int32_t)entry->reason);
        counts[entry->kind] += has_handle(entry);
    }
    for (int kind = 1; kind < STOA__KIND_COUNT; kind++)
        EXPECT(stoa__object_count((enum stoa__kind)kind) == counts[kind]);
}

/* ---- instructions ---- */

static void run_open(int parent, enum stoa__kind kind)
{
    struct entry *entry = &entries[entry_count];
    struct stoa__object *above = parent < 0 ? NULL : &entries[parent].node->object;
    struct node *node;
    stoa_status rc;
    uint64_t id;

    if (entry_count == ENTRY_COUNT_MAX || kind >= STOA__KIND_COUNT)
        return;
    if (above && (!is_alive(parent) || kind <= entries[parent].kind))
        return;
    node = stoa__alloc_zero(1, sizeof *node);
    EXPECT(node != NULL);
    node->index = entry_count;
    rc = stoa__object_open(&node->object, &classes[kind], above, &id, NULL);
    if (above && entries[parent].reason != STOA__KIND_NONE) {
        EXPECT(rc == STOA_ERR_CLOSED && id == 0);
        stoa__free(node);
        return;
    }
    EXPECT(rc == STOA_OK && id != 0);
    *entry = (struct entry){.id = id, .kind = kind, .parent = parent, .node = node};
    entry_count++;
}

static void run_close(int index)
{
    model_close(index, entries[index].kind); /* First: the hooks look at it. */
    stoa__object_close(entries[index].id, entries[index].kind);
}

static void run_pin(int index)
{
    struct entry *entry = &entries[index];
    struct stoa__object *object;
    stoa_error err;
    stoa_status rc = stoa__object_pin(entry->id, entry->kind, &object, &err);

    if (entry->reason == STOA__KIND_NONE) {
        EXPECT(rc == STOA_OK && object == &entry->node->object);
        entry->pins++;
        return;
    }
    EXPECT(rc == STOA_ERR_CLOSED && !object);
    expect_closed_text(index, err.text);
}

static void run_unpin(int index)
{
    if (entries[index].pins == 0)
        return;
    entries[index].pins--;
    stoa__object_unpin(&entries[index].node->object);
}

static void run_reference(int index, bool more)
{
    struct entry *entry = &entries[index];

    if (more && is_alive(index)) {
        entry->references++;
        stoa__object_ref(&entry->node->object);
    } else if (!more && entry->references > 0) {
        entry->references--;
        stoa__object_unref(&entry->node->object);
    }
}

static bool is_issued(uint64_t id)
{
    for (int i = 0; i < entry_count; i++)
        if (entries[i].id == id)
            return true;
    return false;
}

/* A handle with one bit turned, which closes nothing and finds nothing. */
static void run_noise(int index, unsigned bit)
{
    uint64_t id = entries[index].id ^ UINT64_C(1) << bit % 64;
    enum stoa__kind kind = entries[index].kind;
    struct stoa__object *object;
    stoa_status rc;

    if (is_issued(id))
        return;
    rc = stoa__object_pin(id, kind, &object, NULL);
    EXPECT((rc == STOA_ERR_HANDLE || rc == STOA_ERR_CLOSED) && !object);
    if (id >> 56 < STOA__KIND_COUNT) {
        rc = stoa__object_pin(id, (enum stoa__kind)(id >> 56), &object, NULL);
        EXPECT(rc != STOA_OK);
        stoa__object_close(id, (enum stoa__kind)(id >> 56));
    }
    stoa__object_close(id, kind);
}

static void run_wrong_kind(int index, enum stoa__kind kind)
{
    struct stoa__object *object;
    stoa_error err;
    char names[64];

    if (kind == entries[index].kind || kind == STOA__KIND_NONE ||
        kind >= STOA__KIND_COUNT)
        return;
    EXPECT(stoa__object_pin(entries[index].id, kind, &object, &err) == STOA_ERR_HANDLE);
    snprintf(names, sizeof names, "%s handle was given where ",
             stoa__kind_name(entries[index].kind));
    EXPECT(strstr(err.text, names) && strstr(err.text, stoa__kind_name(kind)));
    stoa__object_close(entries[index].id, kind);
}

static void run(const uint8_t *bytes)
{
    enum stoa__kind kind = (enum stoa__kind)(bytes[2] % STOA__KIND_COUNT);
    int index = entry_count > 0 ? bytes[1] % entry_count : -1;

    if (bytes[1] >= 192 && entry_count > 64) /* The youngest are the most interesting. */
        index = entry_count - 1 - bytes[1] % 64;
    if (bytes[0] % 10 == 0 || index < 0) {
        if (kind != STOA__KIND_NONE)
            run_open(-1, kind);
        return;
    }
    switch (bytes[0] % 10) {
    case 1:
    case 2:
        run_open(index, kind);
        break;
    case 3:
        run_close(index);
        break;
    case 4:
        run_pin(index);
        break;
    case 5:
        run_unpin(index);
        break;
    case 6:
    case 7:
        run_reference(index, bytes[0] % 10 == 6);
        break;
    case 8:
        run_noise(index, bytes[2]);
        break;
    default:
        run_wrong_kind(index, kind);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    entry_count = 0;
    for (step = 0; step + 3 <= size; step += 3) {
        run(data + step);
        if (step % (3 * LOOK_EVERY) == 0)
            look();
    }
    for (int i = 0; i < entry_count; i++) {
        run_close(i);
        while (entries[i].pins > 0)
            run_unpin(i);
        while (entries[i].references > 0)
            run_reference(i, false);
    }
    look();
    for (int i = 0; i < entry_count; i++)
        EXPECT(entries[i].destroys == 1);
    return 0;
}
