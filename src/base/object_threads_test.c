/* SPDX-License-Identifier: Apache-2.0 */
/* The handle table from several threads at once, and the end of a slot's generations, which needs
 * a look inside. */
#include "test.h"

#include "base/object.c"

enum { ROUNDS = 2000, THREADS = 3, RACES = 300, BURST = 1000 };

struct thing {
    struct stoa__object object;
    _Atomic int closings;
};

static _Atomic int64_t made, destroyed, found, refused;

static void thing_closing(struct stoa__object *object)
{
    CHECK_INT(atomic_fetch_add(&((struct thing *)object)->closings, 1), 0);
}

static void thing_destroy(struct stoa__object *object)
{
    CHECK_INT(((struct thing *)object)->closings, 1);
    destroyed++;
    stoa__free(object);
}

static const struct stoa__class db_class = {STOA__KIND_DB, thing_closing, thing_destroy};
static const struct stoa__class conn_class = {STOA__KIND_CONN, thing_closing,
                                              thing_destroy};

/* The new handle, or 0 when the parent was closed meanwhile. */
static uint64_t make(const struct stoa__class *class, struct stoa__object *parent)
{
    struct thing *thing = stoa__alloc_zero(1, sizeof *thing);
    uint64_t id;

    CHECK(thing);
    if (stoa__object_open(&thing->object, class, parent, &id, NULL) == STOA_OK)
        made++;
    else
        stoa__free(thing);
    return id;
}

/* One database at a time, which everybody uses and everybody closes. */
static _Atomic uint64_t shared_id, child_id;

static void use_and_close(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument * 2654435761u + 1;

    for (int i = 0; i < ROUNDS; i++) {
        struct stoa__object *db;
        uint64_t id = shared_id;

        random = random * 6364136223846793005u + 1442695040888963407u;
        if (id == 0) {
            shared_id = make(&db_class, NULL);
        } else if (stoa__object_pin(id, STOA__KIND_DB, &db, NULL) == STOA_OK) {
            found++;
            child_id = make(&conn_class, db);
            if (random >> 60 == 0)
                stoa__object_close(id, STOA__KIND_DB);
            if (random >> 60 < 4)
                stoa__object_close(child_id, STOA__KIND_CONN);
            stoa__object_unpin(db);
        } else {
            refused++;
            atomic_compare_exchange_strong(&shared_id, &id, 0);
        }
    }
}

/* Databases that lost the race to be the shared one are closed by this list. */
static void close_everything(void)
{
    for (uint32_t i = 0; i < table.slot_count; i++) {
        struct stoa__slot *slot = slot_at(i);

        if (!(slot->word & FREE_BIT))
            stoa__object_close(slot->id, (enum stoa__kind)id_kind(slot->id));
    }
}

static void many_threads_use_and_close_the_same_handles(void)
{
    stoa__thread threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "closer", use_and_close,
                                     (void *)(i + 1), NULL),
                  STOA_OK);
    for (int i = 0; i < THREADS; i++)
        stoa__thread_stop(&threads[i]);
    close_everything();
    CHECK(found > 0 && refused > 0);
    CHECK_INT(made, destroyed);
    CHECK_INT(stoa__object_count(STOA__KIND_DB), 0);
    CHECK_INT(stoa__object_count(STOA__KIND_CONN), 0);
    CHECK_INT(table.alive_count, 0);
    for (uint32_t i = 0; i < table.slot_count; i++)
        CHECK_INT(slot_at(i)->word & (PINS_MASK | FREE_BIT), FREE_BIT);
}

/* A round of the race; the threads sleep until it is their turn, for a thread that only yields
 * is let run for ever on a machine where others want its core. */
static stoa__mutex lock;
static stoa__condition changed;
static bool racing; /* Under the lock, like the handle. */
static uint64_t race_id;

static void set_racing(bool now)
{
    stoa__mutex_lock(&lock);
    racing = now;
    stoa__condition_signal(&changed);
    stoa__mutex_unlock(&lock);
}

static void wait_until(bool right)
{
    stoa__mutex_lock(&lock);
    while (racing != right)
        stoa__condition_wait(&changed, &lock, -1);
    stoa__mutex_unlock(&lock);
}

static void close_when_told(void *argument)
{
    (void)argument;
    for (int i = 0; i < RACES; i++) {
        wait_until(true);
        stoa__object_close(race_id, STOA__KIND_DB);
        set_racing(false);
    }
}

static void a_child_opened_while_its_parent_closes_is_closed(void)
{
    stoa__thread closer;

    stoa__mutex_init(&lock);
    stoa__condition_init(&changed);
    CHECK_INT(stoa__thread_start(&closer, "closer", close_when_told, NULL, NULL),
              STOA_OK);
    for (int i = 0; i < RACES; i++) {
        struct stoa__object *db;

        race_id = make(&db_class, NULL);
        CHECK_INT(stoa__object_pin(race_id, STOA__KIND_DB, &db, NULL), STOA_OK);
        set_racing(true);
        for (int k = 1; make(&conn_class, db) != 0; k++)
            if (k % BURST == 0)
                stoa__sleep_ns(1);
        wait_until(false);
        CHECK_INT(make(&conn_class, db), 0);
        stoa__object_unpin(db);
        CHECK_INT(made, destroyed);
    }
    stoa__thread_stop(&closer);
    stoa__condition_release(&changed);
    stoa__mutex_release(&lock);
    CHECK_INT(stoa__object_count(STOA__KIND_CONN), 0);
}

static void a_slot_is_retired_before_its_generation_wraps(void)
{
    uint64_t id = make(&db_class, NULL), last;
    uint32_t index = id_index(id);
    struct stoa__object *object;
    stoa_error err;

    stoa__object_close(id, STOA__KIND_DB);
    slot_at(index)->word = (uint64_t)(GENERATION_END - 1) << 32 | FREE_BIT;
    do {
        last = make(&db_class, NULL);
        CHECK_INT(stoa__object_pin(last, STOA__KIND_DB, &object, NULL), STOA_OK);
        stoa__object_unpin(object);
        stoa__object_close(last, STOA__KIND_DB);
    } while (id_index(last) != index);
    CHECK_INT(id_generation(last), GENERATION_END - 1);
    for (int i = 0; i < 2000; i++) {
        id = make(&db_class, NULL);
        CHECK(id_index(id) != index);
        stoa__object_close(id, STOA__KIND_DB);
    }
    CHECK_INT(stoa__object_pin(last, STOA__KIND_DB, &object, &err), STOA_ERR_CLOSED);
    CHECK_TEXT(err.text, "this database is closed");
    CHECK_INT(stoa__object_pin(last + 1, STOA__KIND_DB, &object, &err), STOA_ERR_HANDLE);
}

static void a_full_table_says_so(void)
{
    struct thing *thing = stoa__alloc_zero(1, sizeof *thing);
    uint64_t id = make(&db_class, NULL);
    uint32_t count = table.slot_count;
    stoa_error err;

    stoa__object_close(id, STOA__KIND_DB);
    table.slot_count = SLOT_COUNT_MAX; /* And no slot is free. */
    table.free_first = table.free_last = NULL;
    CHECK_INT(stoa__object_open(&thing->object, &db_class, NULL, &id, &err),
              STOA_ERR_FULL);
    CHECK_TEXT(err.text, "all 16777216 handles are in use");
    table.slot_count = count;
    stoa__free(thing);
}

TEST_MAIN({"many threads use and close the same handles",
           many_threads_use_and_close_the_same_handles},
          {"a child opened while its parent closes is closed",
           a_child_opened_while_its_parent_closes_is_closed},
          {"a slot is retired before its generation wraps",
           a_slot_is_retired_before_its_generation_wraps},
          {"a full table says so", a_full_table_says_so})
