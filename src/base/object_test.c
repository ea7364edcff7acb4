/* SPDX-License-Identifier: Apache-2.0 */
#include "base/object.h"

#include "base/mem.h"
#include "test.h"

/* What happened to things, in order. */
static struct {
    stoa__mutex lock;
    char text[256];
} journal = {.lock = STOA__MUTEX_INITIALIZER};

static _Atomic int destroyed;

struct thing {
    struct stoa__object object;
    char name;
    bool reopens; /* closing() closes other handles, as a callback may. */
    uint64_t others[2];
};

static void note(char what, char name)
{
    size_t size;

    stoa__mutex_lock(&journal.lock);
    size = strlen(journal.text);
    if (size + 2 < sizeof journal.text) {
        journal.text[size] = what;
        journal.text[size + 1] = name;
        journal.text[size + 2] = '\0';
    }
    stoa__mutex_unlock(&journal.lock);
}

static void thing_closing(struct stoa__object *object)
{
    struct thing *thing = (struct thing *)object;

    CHECK(atomic_load(&object->closed) != STOA__KIND_NONE);
    note('c', thing->name);
    if (thing->reopens) {
        stoa__object_close(thing->others[0], STOA__KIND_CONN);
        stoa__object_close(thing->others[1], STOA__KIND_DB);
        stoa__object_close(object->id, object->class->kind);
    }
}

static void thing_destroy(struct stoa__object *object)
{
    note('d', ((struct thing *)object)->name);
    destroyed++;
    stoa__free(object);
}

static const struct stoa__class classes[STOA__KIND_COUNT] = {
    [STOA__KIND_DB] = {STOA__KIND_DB, thing_closing, thing_destroy},
    [STOA__KIND_CONN] = {STOA__KIND_CONN, thing_closing, thing_destroy},
    [STOA__KIND_STMT] = {STOA__KIND_STMT, thing_closing, thing_destroy},
    [STOA__KIND_RESULT] = {STOA__KIND_RESULT, NULL, thing_destroy},
};

static struct thing *make(enum stoa__kind kind, char name, struct thing *parent,
                          uint64_t *id)
{
    struct thing *thing = stoa__alloc_zero(1, sizeof *thing);

    CHECK(thing);
    thing->name = name;
    CHECK_INT(stoa__object_open(&thing->object, &classes[kind],
                                parent ? &parent->object : NULL, id, NULL),
              STOA_OK);
    CHECK(*id != 0);
    return thing;
}

struct family {
    struct thing *db, *conn, *stmt, *result, *sibling;
    uint64_t db_id, conn_id, stmt_id, result_id, sibling_id;
};

static struct family make_family(void)
{
    struct family f;

    f.db = make(STOA__KIND_DB, 'D', NULL, &f.db_id);
    f.conn = make(STOA__KIND_CONN, 'C', f.db, &f.conn_id);
    f.stmt = make(STOA__KIND_STMT, 'S', f.conn, &f.stmt_id);
    f.result = make(STOA__KIND_RESULT, 'R', f.stmt, &f.result_id);
    f.sibling = make(STOA__KIND_CONN, 'N', f.db, &f.sibling_id);
    return f;
}

/* The status and text a pin fails with. */
static void check_pin(uint64_t id, enum stoa__kind kind, stoa_status right,
                      const char *text)
{
    struct stoa__object *object = NULL;
    stoa_error err;

    err.text[0] = '\0';
    CHECK_INT(stoa__object_pin(id, kind, &object, &err), right);
    CHECK_TEXT(err.text, text);
    CHECK((object != NULL) == (right == STOA_OK));
    if (object)
        stoa__object_unpin(object);
}

static void pins_find_the_object(void)
{
    struct family f = make_family();
    struct stoa__object *object;

    CHECK_INT(stoa__object_pin(f.stmt_id, STOA__KIND_STMT, &object, NULL), STOA_OK);
    CHECK(object == &f.stmt->object);
    stoa__object_unpin(object);
    CHECK_INT(stoa__object_count(STOA__KIND_CONN), 2);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(stoa__object_count(STOA__KIND_CONN), 0);
    CHECK_INT(destroyed, 5);
}

static void a_parent_closes_its_children_first(void)
{
    struct family f = make_family();

    stoa__object_close(f.conn_id, STOA__KIND_CONN);
    CHECK_TEXT(journal.text, "dRcSdScCdC"); /* A result has no closing(). */
    check_pin(f.sibling_id, STOA__KIND_CONN, STOA_OK, "");
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_TEXT(journal.text, "dRcSdScCdCcNdNcDdD");
}

static void closing_twice_or_nothing_is_harmless(void)
{
    struct family f = make_family();

    stoa__object_close(0, STOA__KIND_DB);
    stoa__object_close(UINT64_MAX, STOA__KIND_DB);
    stoa__object_close(f.conn_id, STOA__KIND_DB);
    CHECK_INT(destroyed, 0);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    stoa__object_close(f.stmt_id, STOA__KIND_STMT);
    stoa__object_close(f.conn_id, STOA__KIND_CONN);
    CHECK_INT(destroyed, 5);
}

static void every_order_of_closing_destroys_all(void)
{
    for (int order = 0; order < 3125; order++) { /* Five closes, repetitions included. */
        struct family f = make_family();
        const uint64_t ids[] = {f.db_id, f.conn_id, f.stmt_id, f.result_id, f.sibling_id};
        const enum stoa__kind kinds[] = {STOA__KIND_DB, STOA__KIND_CONN, STOA__KIND_STMT,
                                         STOA__KIND_RESULT, STOA__KIND_CONN};

        destroyed = 0;
        for (int i = 0, left = order; i < 5; i++, left /= 5)
            stoa__object_close(ids[left % 5], kinds[left % 5]);
        stoa__object_close(f.db_id, STOA__KIND_DB);
        CHECK_INT(destroyed, 5);
    }
    CHECK_INT(stoa__object_count(STOA__KIND_RESULT), 0);
}

static void a_closed_handle_says_what_was_closed(void)
{
    struct family f = make_family();

    stoa__object_close(f.result_id, STOA__KIND_RESULT);
    check_pin(f.result_id, STOA__KIND_RESULT, STOA_ERR_CLOSED, "this result is closed");
    stoa__object_close(f.conn_id, STOA__KIND_CONN);
    check_pin(f.conn_id, STOA__KIND_CONN, STOA_ERR_CLOSED, "this connection is closed");
    check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED,
              "this statement is closed: its connection was closed");
    check_pin(f.result_id, STOA__KIND_RESULT, STOA_ERR_CLOSED, "this result is closed");
    stoa__object_close(f.db_id, STOA__KIND_DB);
    check_pin(f.sibling_id, STOA__KIND_CONN, STOA_ERR_CLOSED,
              "this connection is closed: its database was closed");
    check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED,
              "this statement is closed: its connection was closed");
}

/* 512 slots are reused first in, first out; the statement's was the third to be freed. */
static void the_reason_outlives_the_slot_once(void)
{
    const char *why = "this statement is closed: its database was closed";
    struct family f = make_family();
    uint64_t id;

    stoa__object_close(f.db_id, STOA__KIND_DB);
    for (int i = 0; i < 512 - 5 + 2; i++) {
        make(STOA__KIND_DB, 'x', NULL, &id);
        check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED, why);
        stoa__object_close(id, STOA__KIND_DB);
    }
    make(STOA__KIND_DB, 'x', NULL, &id);
    CHECK_INT(id << 8 >> 40, f.stmt_id << 8 >> 40); /* The same slot, in use again. */
    check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED, why);
    stoa__object_close(id, STOA__KIND_DB);
    check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED, "this statement is closed");
}

static void other_kinds_are_named(void)
{
    struct family f = make_family();

    check_pin(f.result_id, STOA__KIND_CONN, STOA_ERR_HANDLE,
              "a result handle was given where a connection is expected");
    check_pin(f.conn_id, STOA__KIND_INGEST, STOA_ERR_HANDLE,
              "a connection handle was given where an ingest is expected");
    stoa__object_close(f.db_id, STOA__KIND_DB);
    check_pin(f.result_id, STOA__KIND_CONN, STOA_ERR_HANDLE,
              "a result handle was given where a connection is expected");
}

static void noise_is_not_a_handle(void)
{
    struct family f = make_family();
    struct stoa__object *object;
    uint64_t noise = 88172645463325252u;

    check_pin(0, STOA__KIND_DB, STOA_ERR_HANDLE, "the database handle is null");
    check_pin(1, STOA__KIND_DB, STOA_ERR_HANDLE,
              "0x0000000000000001 is not a handle; a database is expected");
    check_pin(UINT64_MAX, STOA__KIND_DB, STOA_ERR_HANDLE,
              "0xffffffffffffffff is not a handle; a database is expected");
    check_pin(UINT64_C(0x01ffffff00000001), STOA__KIND_DB, STOA_ERR_HANDLE,
              "0x01ffffff00000001 is not a handle; a database is expected");
    /* The slot's next generation, and a live slot under another kind. */
    CHECK_INT(stoa__object_pin(f.db_id + 1, STOA__KIND_DB, &object, NULL),
              STOA_ERR_HANDLE);
    CHECK_INT(stoa__object_pin((f.db_id & (UINT64_MAX >> 8)) | (UINT64_C(2) << 56),
                               STOA__KIND_CONN, &object, NULL),
              STOA_ERR_HANDLE);
    for (int i = 0; i < 100000; i++) {
        stoa_status rc;

        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        rc = stoa__object_pin(noise, STOA__KIND_CONN, &object, NULL);
        CHECK(rc == STOA_ERR_HANDLE || rc == STOA_ERR_CLOSED);
        stoa__object_close(noise, STOA__KIND_CONN);
    }
    CHECK_INT(destroyed, 0);
    stoa__object_close(f.db_id, STOA__KIND_DB);
}

static void the_last_pin_out_destroys(void)
{
    struct family f = make_family();
    struct stoa__object *stmt, *result;

    CHECK_INT(stoa__object_pin(f.stmt_id, STOA__KIND_STMT, &stmt, NULL), STOA_OK);
    CHECK_INT(stoa__object_pin(f.result_id, STOA__KIND_RESULT, &result, NULL), STOA_OK);
    CHECK_INT(stmt->closed, STOA__KIND_NONE);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(stmt->closed, STOA__KIND_DB); /* A call running on it sees this. */
    CHECK_INT(destroyed, 1); /* The sibling: the others are held by the leaves. */
    check_pin(f.stmt_id, STOA__KIND_STMT, STOA_ERR_CLOSED,
              "this statement is closed: its database was closed");
    stoa__object_unpin(stmt);
    CHECK_INT(destroyed, 1);
    stoa__object_unpin(result);
    CHECK_INT(destroyed, 5);
    CHECK_TEXT(journal.text + strlen(journal.text) - 8, "dRdSdCdD");
}

static void a_reference_outlives_the_handle(void)
{
    struct family f = make_family();

    stoa__object_ref(&f.result->object);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(destroyed, 1);
    CHECK_INT(stoa__object_count(STOA__KIND_DB), 0);
    stoa__object_unref(&f.result->object);
    CHECK_INT(destroyed, 5);
    stoa__object_unref(NULL);
}

static void a_closed_parent_adopts_nobody(void)
{
    struct family f = make_family();
    struct thing *late = stoa__alloc_zero(1, sizeof *late);
    stoa_error err;
    uint64_t id = 7;

    stoa__object_ref(&f.conn->object);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(stoa__object_open(&late->object, &classes[STOA__KIND_STMT], &f.conn->object,
                                &id, &err),
              STOA_ERR_CLOSED);
    CHECK_TEXT(err.text, "this connection is closed: its database was closed");
    CHECK_INT(id, 0);
    stoa__free(late);
    stoa__object_unref(&f.conn->object);
    CHECK_INT(destroyed, 5);
}

static void closing_inside_closing_is_harmless(void)
{
    struct family f = make_family();

    f.stmt->reopens = true;
    f.stmt->others[0] = f.conn_id;
    f.stmt->others[1] = f.db_id;
    stoa__object_close(f.stmt_id, STOA__KIND_STMT);
    CHECK_INT(destroyed, 5);
}

static void memory_running_out_opens_nothing(void)
{
    enum { COUNT = 3000 };
    static uint64_t ids[COUNT];
    int failures = 0, count = 0;
    int64_t pieces = stoa__mem_allocations();

    while (count < COUNT) {
        struct thing *thing = stoa__alloc_zero(1, sizeof *thing);
        stoa_status rc;

        stoa__mem_fail_nth = 0; /* A new chunk of slots is the only allocation. */
        rc = stoa__object_open(&thing->object, &classes[STOA__KIND_DB], NULL, &ids[count],
                               NULL);
        stoa__mem_fail_nth = -1;
        if (rc != STOA_OK) {
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(ids[count], 0);
            failures++;
            rc = stoa__object_open(&thing->object, &classes[STOA__KIND_DB], NULL,
                                   &ids[count], NULL);
        }
        CHECK_INT(rc, STOA_OK);
        count++;
    }
    CHECK(failures >= 3);
    for (int i = 0; i < COUNT; i++)
        stoa__object_close(ids[i], STOA__KIND_DB);
    CHECK_INT(destroyed, COUNT);
    CHECK(stoa__mem_allocations() - pieces <= 10); /* Chunks stay, nothing else does. */
}

/* ---- fork ---- */

/* Run `part` in a child and hand back its answer. */
static int in_child(int (*part)(const struct family *), const struct family *f)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(part(f));
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int child_with_database(const struct family *f)
{
    stoa_error err;
    struct thing *late = stoa__alloc_zero(1, sizeof *late);
    uint64_t id;

    check_pin(
        f->conn_id, STOA__KIND_CONN, STOA_ERR_FORKED,
        "this connection was opened before fork(): it belongs to the parent process");
    stoa__object_close(f->db_id, STOA__KIND_DB);
    stoa__object_unpin(&f->conn->object);
    stoa__object_unref(&f->db->object);
    CHECK_INT(destroyed, 0);
    CHECK(stoa__object_forked(&f->conn->object));
    CHECK_INT(stoa__fork_check(&err), STOA_ERR_FORKED);
    CHECK_HAS(err.text, "was open when this process was forked");
    CHECK_INT(stoa__object_open(&late->object, &classes[STOA__KIND_STMT],
                                &f->conn->object, &id, &err),
              STOA_ERR_FORKED);
    stoa__free(late);
    CHECK_INT(stoa__object_count(STOA__KIND_DB), 0);
    return 42;
}

static void a_child_of_fork_is_refused_the_parents_handles(void)
{
    struct family f = make_family();
    struct stoa__object *pinned;

    CHECK_INT(stoa__fork_check(NULL), STOA_OK);
    CHECK_INT(stoa__object_pin(f.conn_id, STOA__KIND_CONN, &pinned, NULL), STOA_OK);
    CHECK_INT(in_child(child_with_database, &f), 42);
    stoa__object_unpin(pinned);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(destroyed, 5);
}

static int child_starts_afresh(const struct family *f)
{
    struct family mine;

    CHECK_INT(stoa__fork_check(NULL), STOA_OK);
    CHECK(f->db_id == 0);
    mine = make_family();
    check_pin(mine.stmt_id, STOA__KIND_STMT, STOA_OK, "");
    CHECK(!stoa__object_forked(&mine.db->object));
    destroyed = 0;
    stoa__object_close(mine.db_id, STOA__KIND_DB);
    CHECK_INT(destroyed, 5);
    return 43;
}

static void a_child_of_fork_may_start_afresh(void)
{
    struct family none = {0}, closed = make_family();

    stoa__object_close(closed.db_id, STOA__KIND_DB);
    CHECK_INT(in_child(child_starts_afresh, &none), 43);
}

/* Handles but no database: old ones are refused, new ones work. */
static int child_with_statement(const struct family *f)
{
    struct family none = {0};

    CHECK_INT(stoa__fork_check(NULL), STOA_OK);
    check_pin(
        f->stmt_id, STOA__KIND_STMT, STOA_ERR_FORKED,
        "this statement was opened before fork(): it belongs to the parent process");
    CHECK_INT(child_starts_afresh(&none), 43);
    return in_child(child_starts_afresh, &none) == 43 ? 44 : 0;
}

static void only_a_database_forbids_starting_afresh(void)
{
    struct family f = {0};

    make(STOA__KIND_STMT, 'S', NULL, &f.stmt_id);
    CHECK_INT(in_child(child_with_statement, &f), 44);
    stoa__object_close(f.stmt_id, STOA__KIND_STMT);
    CHECK_INT(destroyed, 1);
}

static int child_of_reference(const struct family *f)
{
    (void)f;
    return stoa__fork_check(NULL) == STOA_ERR_FORKED ? 45 : 0;
}

static void a_database_held_by_reference_counts_as_open(void)
{
    struct family f = make_family();

    stoa__object_ref(&f.result->object);
    stoa__object_close(f.db_id, STOA__KIND_DB);
    CHECK_INT(in_child(child_of_reference, &f), 45);
    stoa__object_unref(&f.result->object);
    CHECK_INT(stoa__fork_check(NULL), STOA_OK);
}

TEST_MAIN({"pins find the object", pins_find_the_object},
          {"a parent closes its children first", a_parent_closes_its_children_first},
          {"closing twice or nothing is harmless", closing_twice_or_nothing_is_harmless},
          {"every order of closing destroys all", every_order_of_closing_destroys_all},
          {"a closed handle says what was closed", a_closed_handle_says_what_was_closed},
          {"the reason outlives the slot once", the_reason_outlives_the_slot_once},
          {"other kinds are named", other_kinds_are_named},
          {"noise is not a handle", noise_is_not_a_handle},
          {"the last pin out destroys", the_last_pin_out_destroys},
          {"a reference outlives the handle", a_reference_outlives_the_handle},
          {"a closed parent adopts nobody", a_closed_parent_adopts_nobody},
          {"closing inside closing is harmless", closing_inside_closing_is_harmless},
          {"memory running out opens nothing", memory_running_out_opens_nothing},
          {"a child of fork is refused the parent's handles",
           a_child_of_fork_is_refused_the_parents_handles},
          {"a child of fork may start afresh", a_child_of_fork_may_start_afresh},
          {"only a database forbids starting afresh",
           only_a_database_forbids_starting_afresh},
          {"a database held by reference counts as open",
           a_database_held_by_reference_counts_as_open})
