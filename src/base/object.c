/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the parts hang together
 *
 *   - The slot's word alone decides. A closer moves `reason` from 0 in one
 *     compare-and-swap that also pins, so exactly one closer wins, and the handle can't
 *     die under it.
 *   - A pin that fails has counted itself for a moment. So a free slot may show pins, and
 *     is published by arithmetic that leaves them alone.
 *   - A child is published and linked in one step under its parent's lock. A closing
 *     parent stops adopting under the same lock, then takes its children out one by one;
 *     so none is missed.
 *   - Locks: an object's lock and the table's lock are leaves. Neither is held while the
 *     other is taken, nor while a class's function runs.
 *   - fork(): the child of a process with open handles leaves all slots that exist behind
 *     (`first_live`) and goes on with new ones.
 */
#include "base/object.h"

#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

enum {
    CHUNK_SLOT_COUNT = 512,
    SLOT_COUNT_MAX = 1 << 24,
    CHUNK_COUNT_MAX = SLOT_COUNT_MAX / CHUNK_SLOT_COUNT,
    REASON_SHIFT = 28,
    FREE_SHIFT = 27,
    KIND_SHIFT = 56,
    SLOT_SHIFT = 32,
};

#define PINS_MASK ((UINT64_C(1) << FREE_SHIFT) - 1)
#define FREE_BIT (UINT64_C(1) << FREE_SHIFT)
#define REASON_MASK (UINT64_C(15) << REASON_SHIFT)

/* No slot ever lives in this generation: it marks a retired one. */
#define GENERATION_END UINT32_MAX

_Static_assert(STOA__KIND_COUNT <= 16, "a reason has four bits");

/* A cache line of its own, so that threads with different handles don't meet. */
struct stoa__slot {
    _Alignas(64) _Atomic uint64_t word;
    uint64_t id; /* Of the object. Written before the slot is published. */
    struct stoa__object *object;  /* Likewise. */
    struct stoa__slot *next_free; /* Under the table's lock. */
    uint32_t index;
    _Atomic int32_t last_reason; /* Why the generation before this one was closed. */
};

_Static_assert(sizeof(struct stoa__slot) == 64, "one slot, one cache line");

/* The first chunk is static, so that a program with few handles holds no memory when it
 * ends. */
static struct stoa__slot first_chunk[CHUNK_SLOT_COUNT];

static struct {
    /* Chunks are never freed: a stale handle may look into them at any time. */
    _Atomic(struct stoa__slot *) chunks[CHUNK_COUNT_MAX];
    _Atomic uint32_t slot_count;
    _Atomic uint32_t first_live; /* Slots below it are of the process that forked us. */

    _Alignas(64) stoa__mutex lock; /* Guards the free list and growth. */
    struct stoa__slot *free_first, *free_last;
    bool fork_handled;

    _Alignas(64) _Atomic int64_t open_count[STOA__KIND_COUNT];
    _Atomic int64_t alive_count; /* Objects, destroyed ones taken off. */
    _Atomic int64_t alive_database_count;
    _Atomic bool database_forked;
} table = {.lock = STOA__MUTEX_INITIALIZER};

/* ---- ids and words ---- */

static uint64_t id_make(enum stoa__kind kind, uint32_t index, uint32_t generation)
{
    return (uint64_t)kind << KIND_SHIFT | (uint64_t)index << SLOT_SHIFT | generation;
}

static uint32_t id_kind(uint64_t id)
{
    return (uint32_t)(id >> KIND_SHIFT);
}

static uint32_t id_index(uint64_t id)
{
    return (uint32_t)(id >> SLOT_SHIFT) & (SLOT_COUNT_MAX - 1);
}

static uint32_t id_generation(uint64_t id)
{
    return (uint32_t)id;
}

static uint32_t word_generation(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static enum stoa__kind word_reason(uint64_t word)
{
    return (enum stoa__kind)((word & REASON_MASK) >> REASON_SHIFT);
}

/* Nothing but pins differs from an open slot of this generation. */
static bool word_is_open(uint64_t word, uint32_t generation)
{
    return word >> FREE_SHIFT == (uint64_t)generation << (32 - FREE_SHIFT);
}

static struct stoa__slot *slot_at(uint32_t index)
{
    struct stoa__slot *chunk = atomic_load_explicit(
        &table.chunks[index / CHUNK_SLOT_COUNT], memory_order_acquire);

    return chunk ? chunk + index % CHUNK_SLOT_COUNT : NULL;
}

static bool index_forked(uint32_t index)
{
    return index < atomic_load_explicit(&table.first_live, memory_order_relaxed);
}

const char *stoa__kind_name(enum stoa__kind kind)
{
    static const char *const names[STOA__KIND_COUNT] = {
        [STOA__KIND_NONE] = "null",         [STOA__KIND_DB] = "database",
        [STOA__KIND_CONN] = "connection",   [STOA__KIND_STMT] = "statement",
        [STOA__KIND_RESULT] = "result",     [STOA__KIND_INGEST] = "ingest",
        [STOA__KIND_OP] = "operation",      [STOA__KIND_SCAN] = "scan",
        [STOA__KIND_FUNCTION] = "function", [STOA__KIND_SUBSCRIPTION] = "subscription",
        [STOA__KIND_BLOB] = "blob",         [STOA__KIND_LUA] = "Lua runner",
        [STOA__KIND_ADBC_DATABASE] = "database",
        [STOA__KIND_ADBC_CONNECTION] = "connection",
        [STOA__KIND_ADBC_STATEMENT] = "statement",
    };

    assert((unsigned)kind < STOA__KIND_COUNT);
    return names[kind];
}

/* ---- fork ---- */

/* The table's lock is held. */
static void slot_append_free(struct stoa__slot *slot)
{
    slot->next_free = NULL;
    if (table.free_last)
        table.free_last->next_free = slot;
    else
        table.free_first = slot;
    table.free_last = slot;
}

static void fork_prepare(void)
{
    stoa__mutex_lock(&table.lock);
}

static void fork_parent(void)
{
    stoa__mutex_unlock(&table.lock);
}

/* Nothing was open, so all slots are free. Pins that passed by on threads which this
 * process does not have would never be taken back. */
static void fork_child_cleans_slots(void)
{
    for (uint32_t i = 0; i < atomic_load(&table.slot_count); i++) {
        struct stoa__slot *slot = slot_at(i);
        uint64_t word = atomic_load(&slot->word) & ~PINS_MASK;

        atomic_store(&slot->word, word);
        if (word_generation(word) != GENERATION_END && !index_forked(i))
            slot_append_free(slot);
    }
}

/* The only thread of a new process: plain stores, no allocation. */
static void fork_child(void)
{
    stoa__mutex_init(&table.lock);
    table.free_first = table.free_last = NULL;
    if (atomic_load(&table.alive_count) == 0) {
        fork_child_cleans_slots();
        return;
    }
    atomic_store(&table.first_live, atomic_load(&table.slot_count));
    for (int kind = 0; kind < STOA__KIND_COUNT; kind++)
        atomic_store(&table.open_count[kind], 0);
    if (atomic_load(&table.alive_database_count) > 0)
        atomic_store(&table.database_forked, true);
    atomic_store(&table.alive_count, 0);
    atomic_store(&table.alive_database_count, 0);
}

bool stoa__object_forked(const struct stoa__object *object)
{
    return index_forked(id_index(object->id));
}

stoa_status stoa__fork_check(stoa_error *err)
{
    if (!atomic_load(&table.database_forked))
        return STOA_OK;
    return stoa__fail(
        err, STOA_ERR_FORKED,
        "a database was open when this process was forked: its file locks do "
        "not cross fork(); open databases after forking, or exec first");
}

/* ---- slots ---- */

/* The table's lock is held. */
static stoa_status table_grow(stoa_error *err)
{
    uint32_t count = atomic_load(&table.slot_count);
    struct stoa__slot *chunk = first_chunk;

    if (!table.fork_handled && pthread_atfork(fork_prepare, fork_parent, fork_child) != 0)
        return stoa__fail_nomem(err);
    table.fork_handled = true;
    if (count == SLOT_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_FULL, "all %d handles are in use",
                          SLOT_COUNT_MAX);
    if (count > 0)
        chunk = stoa__alloc_aligned(CHUNK_SLOT_COUNT * sizeof *chunk);
    if (!chunk)
        return stoa__fail_nomem(err);
    for (uint32_t i = 0; i < CHUNK_SLOT_COUNT; i++) {
        chunk[i].id = 0;
        chunk[i].object = NULL;
        chunk[i].index = count + i;
        atomic_init(&chunk[i].last_reason, STOA__KIND_NONE);
        atomic_init(&chunk[i].word, UINT64_C(1) << 32 | FREE_BIT);
        slot_append_free(&chunk[i]);
    }
    atomic_store_explicit(&table.chunks[count / CHUNK_SLOT_COUNT], chunk,
                          memory_order_release);
    atomic_store(&table.slot_count, count + CHUNK_SLOT_COUNT);
    return STOA_OK;
}

static stoa_status slot_take(struct stoa__slot **out, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    stoa__mutex_lock(&table.lock);
    if (!table.free_first)
        rc = table_grow(err);
    if (rc == STOA_OK) {
        *out = table.free_first;
        table.free_first = (*out)->next_free;
        if (!table.free_first)
            table.free_last = NULL;
    }
    stoa__mutex_unlock(&table.lock);
    return rc;
}

static void slot_give_back(struct stoa__slot *slot)
{
    stoa__mutex_lock(&table.lock);
    slot_append_free(slot);
    stoa__mutex_unlock(&table.lock);
}

/* From free to open, whatever passing pins it shows. */
static void slot_publish(struct stoa__slot *slot, struct stoa__object *object)
{
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

    assert(word & FREE_BIT);
    slot->id = object->id;
    slot->object = object;
    atomic_store_explicit(&slot->last_reason, (int32_t)word_reason(word),
                          memory_order_relaxed);
    atomic_fetch_sub_explicit(&slot->word, word & (FREE_BIT | REASON_MASK),
                              memory_order_release);
}

/* `word` was seen with a reason and without pins. */
static void slot_finalise(struct stoa__slot *slot, uint64_t word)
{
    uint32_t generation = word_generation(word) + 1;
    uint64_t ended = (uint64_t)generation << 32 | (word & REASON_MASK) | FREE_BIT;
    struct stoa__object *object;

    assert((word & (PINS_MASK | FREE_BIT)) == 0 && word_reason(word) != STOA__KIND_NONE);
    if (!atomic_compare_exchange_strong_explicit(
            &slot->word, &word, ended, memory_order_acq_rel, memory_order_relaxed))
        return; /* A passing pin came between, and does it; or has done it. */
    object = slot->object;
    slot->object = NULL;
    atomic_fetch_sub_explicit(&table.open_count[object->class->kind], 1,
                              memory_order_relaxed);
    if (generation != GENERATION_END)
        slot_give_back(slot);
    stoa__object_unref(object);
}

static void slot_unpin(struct stoa__slot *slot)
{
    uint64_t word = atomic_fetch_sub_explicit(&slot->word, 1, memory_order_acq_rel);

    assert((word & PINS_MASK) > 0);
    if ((word & (PINS_MASK | FREE_BIT)) == 1 && word & REASON_MASK)
        slot_finalise(slot, word - 1);
}

/* Pin the slot if it is open and holds just this id. */
static bool slot_pin(struct stoa__slot *slot, uint64_t id)
{
    uint64_t word = atomic_fetch_add_explicit(&slot->word, 1, memory_order_acquire);

    if (__builtin_expect(word_is_open(word, id_generation(id)), 1) &&
        __builtin_expect(slot->id == id, 1))
        return true;
    slot_unpin(slot);
    return false;
}

/* ---- pins ---- */

static stoa_status fail_closed(stoa_error *err, enum stoa__kind kind,
                               enum stoa__kind reason)
{
    if (reason == kind || reason == STOA__KIND_NONE)
        return stoa__fail(err, STOA_ERR_CLOSED, "this %s is closed",
                          stoa__kind_name(kind));
    return stoa__fail(err, STOA_ERR_CLOSED, "this %s is closed: its %s was closed",
                      stoa__kind_name(kind), stoa__kind_name(reason));
}

static const char *article(const char *name)
{
    return strchr("aeiouA", name[0]) ? "an" : "a";
}

static stoa_status fail_noise(stoa_error *err, uint64_t id, const char *expected)
{
    return stoa__fail(err, STOA_ERR_HANDLE,
                      "0x%016llx is not a handle; %s %s is expected",
                      (unsigned long long)id, article(expected), expected);
}

static stoa_status fail_kind(stoa_error *err, enum stoa__kind given,
                             enum stoa__kind expected)
{
    const char *name = stoa__kind_name(given);
    const char *other = stoa__kind_name(expected);

    return stoa__fail(err, STOA_ERR_HANDLE,
                      "%s %s handle was given where %s %s is expected",
                      article(name), name, article(other), other);
}

/* Could the table have made this id? An id of the future is noise. */
static bool id_was_issued(uint64_t id, uint64_t word)
{
    uint32_t generation = id_generation(id);

    if (id_kind(id) == STOA__KIND_NONE || id_kind(id) >= STOA__KIND_COUNT ||
        generation == 0)
        return false;
    return generation < word_generation(word) ||
           (generation == word_generation(word) && !(word & FREE_BIT));
}

/* Why the id's generation ended; NONE when it is too long ago. */
static enum stoa__kind reason_of(struct stoa__slot *slot, uint64_t id)
{
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);
    uint32_t generation = id_generation(id);
    int32_t last;

    if (word_generation(word) == generation)
        return word_reason(word);
    if (word_generation(word) != generation + 1)
        return STOA__KIND_NONE;
    if (word & FREE_BIT)
        return word_reason(word);
    last = atomic_load_explicit(&slot->last_reason, memory_order_acquire);
    word = atomic_load_explicit(&slot->word, memory_order_relaxed);
    return word_generation(word) == generation + 1 ? (enum stoa__kind)last
                                                   : STOA__KIND_NONE;
}

bool stoa__object_orphaned(uint64_t id, enum stoa__kind kind)
{
    struct stoa__slot *slot = slot_at(id_index(id));
    enum stoa__kind reason;

    if (!slot || id_kind(id) != (uint32_t)kind || index_forked(id_index(id)))
        return false;
    reason = reason_of(slot, id);
    return reason != STOA__KIND_NONE && reason != kind;
}

static __attribute__((noinline)) stoa_status pin_failed(uint64_t id, enum stoa__kind kind,
                                                        stoa_error *err)
{
    const char *name = stoa__kind_name(kind);
    struct stoa__slot *slot = slot_at(id_index(id));
    uint64_t word;

    if (id == 0)
        return stoa__fail(err, STOA_ERR_HANDLE, "the %s handle is null", name);
    word = slot ? atomic_load_explicit(&slot->word, memory_order_acquire) : 0;
    if (!slot || !id_was_issued(id, word))
        return fail_noise(err, id, name);
    if (id_kind(id) != (uint32_t)kind)
        return fail_kind(err, (enum stoa__kind)id_kind(id), kind);
    if (index_forked(id_index(id)))
        return stoa__fail(
            err, STOA_ERR_FORKED,
            "this %s was opened before fork(): it belongs to the parent process", name);
    if (word_is_open(word, id_generation(id)))
        return fail_noise(err, id, name);
    return fail_closed(err, kind, reason_of(slot, id));
}

static struct stoa__object *pin(uint64_t id, enum stoa__kind kind)
{
    struct stoa__slot *slot;

    if (id_kind(id) != (uint32_t)kind || index_forked(id_index(id)))
        return NULL;
    slot = slot_at(id_index(id));
    return slot && slot_pin(slot, id) ? slot->object : NULL;
}

stoa_status stoa__object_pin(uint64_t id, enum stoa__kind kind, struct stoa__object **out,
                             stoa_error *err)
{
    *out = pin(id, kind);
    return __builtin_expect(*out != NULL, 1) ? STOA_OK : pin_failed(id, kind, err);
}

stoa_status stoa__object_fail_closed(const struct stoa__object *object,
                                     const struct stoa__object *ended, stoa_error *err)
{
    return fail_closed(err, object->class->kind,
                       (enum stoa__kind)atomic_load(&ended->closed));
}

void stoa__object_unpin(struct stoa__object *object)
{
    if (!stoa__object_forked(object))
        slot_unpin(object->slot);
}

/* ---- references ---- */

void stoa__object_ref(struct stoa__object *object)
{
    int32_t before =
        atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);

    assert(before >= 0);
    (void)before;
}

static void destroy(struct stoa__object *object)
{
    atomic_fetch_sub(&table.alive_count, 1);
    if (object->class->kind == STOA__KIND_DB)
        atomic_fetch_sub(&table.alive_database_count, 1);
    assert(!object->children);
    stoa__mutex_release(&object->lock);
    object->class->destroy(object);
}

/* A loop over the parents, each of which a child held. */
void stoa__object_unref(struct stoa__object *object)
{
    while (object && !stoa__object_forked(object)) {
        struct stoa__object *parent = object->parent;
        int32_t before =
            atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel);

        assert(before > 0);
        if (before != 1)
            return;
        destroy(object);
        object = parent;
    }
}

/* ---- opening ---- */

static void init_object(struct stoa__object *object, const struct stoa__class *class,
                        struct stoa__object *parent, struct stoa__slot *slot)
{
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

    object->class = class;
    object->parent = parent;
    object->slot = slot;
    object->id = id_make(class->kind, slot->index, word_generation(word));
    object->adopting = true;
    stoa__mutex_init(&object->lock);
    stoa__object_ref(object); /* The table's. */
}

/* The parent's lock is held. */
static void link_child(struct stoa__object *parent, struct stoa__object *child)
{
    child->previous = NULL;
    child->next = parent->children;
    if (child->next)
        child->next->previous = child;
    parent->children = child;
    child->adopted = true;
}

/* The parent's lock is held. */
static void unlink_child(struct stoa__object *parent, struct stoa__object *child)
{
    if (child->previous)
        child->previous->next = child->next;
    else
        parent->children = child->next;
    if (child->next)
        child->next->previous = child->previous;
    child->next = child->previous = NULL;
    child->adopted = false;
}

static void publish(struct stoa__object *object, enum stoa__kind kind)
{
    atomic_fetch_add(&table.alive_count, 1);
    if (kind == STOA__KIND_DB)
        atomic_fetch_add(&table.alive_database_count, 1);
    atomic_fetch_add_explicit(&table.open_count[kind], 1, memory_order_relaxed);
    slot_publish(object->slot, object);
}

/* False when the parent is closed. Afterwards the child may be gone. */
static bool publish_as_child(struct stoa__object *object, enum stoa__kind kind,
                             struct stoa__object *parent)
{
    bool adopting;

    stoa__mutex_lock(&parent->lock);
    adopting = parent->adopting;
    if (adopting) {
        stoa__object_ref(parent);
        link_child(parent, object);
        publish(object, kind);
    }
    stoa__mutex_unlock(&parent->lock);
    return adopting;
}

stoa_status stoa__object_open(struct stoa__object *object,
                              const struct stoa__class *class,
                              struct stoa__object *parent, uint64_t *id, stoa_error *err)
{
    struct stoa__slot *slot = NULL;
    stoa_status rc;
    uint64_t made;

    assert(class->kind > STOA__KIND_NONE && class->kind < STOA__KIND_COUNT);
    assert(!parent || class->kind > parent->class->kind);
    *id = 0;
    if (parent && stoa__object_forked(parent))
        return stoa__fail(err, STOA_ERR_FORKED, "this %s was opened before fork()",
                          stoa__kind_name(parent->class->kind));
    rc = slot_take(&slot, err);
    if (rc != STOA_OK)
        return rc;
    init_object(object, class, parent, slot);
    made = object->id;
    if (!parent) {
        publish(object, class->kind);
    } else if (!publish_as_child(object, class->kind, parent)) {
        stoa__mutex_release(&object->lock);
        atomic_fetch_sub_explicit(&object->references, 1, memory_order_relaxed);
        slot_give_back(slot);
        return fail_closed(err, parent->class->kind,
                           (enum stoa__kind)atomic_load(&parent->closed));
    }
    *id = made;
    return STOA_OK;
}

/* ---- closing ---- */

/* Win the right to close, and a pin with it. */
static bool close_begin(struct stoa__slot *slot, uint64_t id, enum stoa__kind reason)
{
    uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

    do {
        if (!word_is_open(word, id_generation(id)))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &slot->word, &word, (word | (uint64_t)reason << REASON_SHIFT) + 1,
        memory_order_acq_rel, memory_order_relaxed));
    return true;
}

/* A child taken out of the list, with a reference. */
static struct stoa__object *take_child(struct stoa__object *object)
{
    struct stoa__object *child;

    stoa__mutex_lock(&object->lock);
    object->adopting = false;
    child = object->children;
    if (child) {
        /* Linked means not finalised: its closer unlinks it first, under this lock. */
        stoa__object_ref(child);
        unlink_child(object, child);
    }
    stoa__mutex_unlock(&object->lock);
    return child;
}

static void leave_parent(struct stoa__object *object)
{
    struct stoa__object *parent = object->parent;

    if (!parent)
        return;
    stoa__mutex_lock(&parent->lock);
    if (object->adopted)
        unlink_child(parent, object);
    stoa__mutex_unlock(&parent->lock);
}

/* Recursion is bounded by the number of kinds. The caller holds a pin or a reference. */
static void close_object(struct stoa__object *object, enum stoa__kind reason)
{
    struct stoa__object *child;

    if (!close_begin(object->slot, object->id, reason))
        return;
    atomic_store(&object->closed, (int32_t)reason);
    while ((child = take_child(object))) {
        close_object(child, reason);
        stoa__object_unref(child);
    }
    if (object->class->closing)
        object->class->closing(object);
    leave_parent(object);
    slot_unpin(object->slot);
}

void stoa__object_close(uint64_t id, enum stoa__kind kind)
{
    struct stoa__object *object = pin(id, kind);

    if (!object)
        return;
    close_object(object, kind);
    stoa__object_unpin(object);
}

void stoa__object_close_any(uint64_t id)
{
    if (id_kind(id) < STOA__KIND_COUNT)
        stoa__object_close(id, (enum stoa__kind)id_kind(id));
}

int64_t stoa__object_count(enum stoa__kind kind)
{
    return atomic_load_explicit(&table.open_count[kind], memory_order_relaxed);
}
