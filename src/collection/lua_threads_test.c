/* SPDX-License-Identifier: Apache-2.0 */
/* While a script runs its connection is its thread's: what others are told, and how it ends. */
#include "collection/lua_kit.h"

#include <pthread.h>
#include <stdatomic.h>

static struct lab lab;
static stoa_op running; /* Of the script. */
static int asked;

/* What another thread does now, while the caller waits for it. */
static void elsewhere(void *(*run)(void *))
{
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, run, NULL), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

/* Where no instruction of the script is a call of the connection: `tick` is called there. */
static stoa_status spin(stoa_tick tick, stoa_error *err)
{
    const char *json;
    int64_t size;
    stoa_status rc;

    asked = 0;
    app_must(stoa_op_open(-1, tick, NULL, NULL, &running, err), err, "op");
    rc = stoa_lua_run(lab.lua, running, "while true do end", STOA_NUL, &json, &size, err);
    stoa_op_close(running);
    CHECK_INT(asked, 1);
    return rc;
}

static stoa_status meeting(void *self, const stoa_rows *arguments, stoa_value *out,
                           const uint8_t **bytes, stoa_error *error)
{
    void *(*run)(void *) = *(void *(**)(void *))self;

    (void)arguments;
    (void)bytes;
    (void)error;
    asked++;
    elsewhere(run);
    *out = (stoa_value){.type = STOA_TYPE_INT64, .a = 1};
    return STOA_OK;
}

/* SELECT meet() lets another thread `run`. */
static void add_meet(void *(**run)(void *))
{
    struct ArrowSchema none = {.format = "+s", .name = "", .release = app_borrowed};
    const stoa_function_spec spec = {.struct_size = sizeof spec,
                                     .name = "meet",
                                     .name_size = STOA_NUL,
                                     .parameters = &none,
                                     .row = meeting};
    stoa_function function;
    stoa_error err;

    app_must(stoa_function_register(lab.conn, &spec, run, NULL, &function, &err), &err, "meet");
    asked = 0;
}

static void *is_free(void *unused)
{
    stoa_error err;

    (void)unused;
    app_must(stoa_ping(lab.conn, NO_OP, &err), &err, "ping");
    return NULL;
}

/* ---- calls ---- */

static void *is_busy(void *unused)
{
    stoa_error err = {0};
    stoa_result result;

    (void)unused;
    CHECK_INT(stoa_ping(lab.conn, NO_OP, &err), STOA_ERR_BUSY);
    CHECK_HAS(err.text, "the connection is in use by another call");
    CHECK_INT(stoa_query(lab.conn, NO_OP, "SELECT 1", STOA_NUL, NULL, 0, NULL, 0, &result, NULL),
              STOA_ERR_BUSY);
    CHECK_INT(stoa_conn_reset(lab.conn, NO_OP, NULL), STOA_ERR_BUSY);
    CHECK_INT(stoa_begin(lab.conn, NO_OP, 0, NULL), STOA_ERR_BUSY);
    return NULL;
}

static int32_t ask_others(void *unused)
{
    stoa_error err;

    (void)unused;
    asked = 1;
    elsewhere(is_busy);
    app_must(stoa_ping(lab.conn, NO_OP, &err), &err, "its own thread");
    elsewhere(is_busy); /* That call did not end it. */
    return 1;
}

static void others_are_told_between_calls(void)
{
    stoa_error err;

    if (!lab_open(&lab))
        return;
    CHECK_INT(spin(ask_others, &err), STOA_ERR_CANCELLED);
    elsewhere(is_free);
    lab_close(&lab);
}

static void others_are_told_inside_of_calls(void)
{
    void *(*run)(void *) = is_busy;

    if (!lab_open(&lab))
        return;
    add_meet(&run);
    gives(&lab, "return db:query_integer('SELECT meet()')", "1");
    CHECK_INT(asked, 1);
    elsewhere(is_free);
    lab_close(&lab);
}

static _Atomic bool over;

static void *disturb(void *unused)
{
    (void)unused;
    do {
        const stoa_status rc = stoa_ping(lab.conn, NO_OP, NULL);

        CHECK(rc == STOA_OK || rc == STOA_ERR_BUSY);
    } while (!atomic_load(&over));
    return NULL;
}

/* Whoever is told BUSY has not held the connection for a moment. */
static void others_are_never_in_the_way(void)
{
    pthread_t thread;

    if (!lab_open(&lab))
        return;
    gives(&lab, "db:create_element('Region', {label = 'North'})", "");
    CHECK_INT(pthread_create(&thread, NULL, disturb, NULL), 0);
    for (int run = 0; run < 20; run++) {
        const char *json;
        int64_t size;
        stoa_error err;
        stoa_status rc;

        do /* The first call of all may meet the other thread's. */
            rc = stoa_lua_run(lab.lua, NO_OP,
                              "for i = 1, 200 do assert(db:number_of_elements('Region') == 1) "
                              "assert(db:query_string('SELECT label FROM Region') == 'North') end "
                              "return 'good'",
                              STOA_NUL, &json, &size, &err);
        while (rc == STOA_ERR_BUSY && !strstr(err.text, "script:1"));
        app_must(rc, &err, "script");
        CHECK_TEXT(json, "\"good\"");
    }
    atomic_store(&over, true);
    CHECK_INT(pthread_join(thread, NULL), 0);
    lab_close(&lab);
}

static stoa_lua inner;

static int32_t run_inner(void *unused)
{
    const struct lab nested = {.lua = inner};

    (void)unused;
    asked = 1;
    gives(&nested, "return db:query_integer('SELECT 7')", "7");
    elsewhere(is_busy); /* What it ends is not the outer one's. */
    return 1;
}

static void scripts_nest(void)
{
    stoa_error err;

    if (!lab_open(&lab))
        return;
    app_must(stoa_lua_open(lab.conn, &inner, &err), &err, "inner");
    CHECK_INT(spin(run_inner, &err), STOA_ERR_CANCELLED);
    elsewhere(is_free);
    stoa_lua_close(inner);
    lab_close(&lab);
}

/* ---- closing ---- */

static void *close_connection(void *unused)
{
    (void)unused;
    stoa_conn_close(lab.conn);
    return NULL;
}

static void *close_database(void *unused)
{
    (void)unused;
    stoa_db_close(lab.db);
    return NULL;
}

static int32_t let_close_connection(void *unused)
{
    (void)unused;
    asked = 1;
    elsewhere(close_connection);
    CHECK_INT(stoa_ping(lab.conn, NO_OP, NULL), STOA_ERR_CLOSED);
    return 0;
}

static int32_t let_close_database(void *unused)
{
    (void)unused;
    asked = 1;
    elsewhere(close_database);
    return 0;
}

static int64_t live(int32_t what)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(what, &count, NULL), STOA_OK);
    return count;
}

/* What it has begun is rolled back, and the next one to get the session is free to move. */
static void check_reused(void)
{
    lab.conn = app_connect(lab.db);
    CHECK_INT(live(STOA_LIVE_SESSION), 1);
    CHECK_ROWS(lab.conn, "SELECT label FROM Region", "kept");
    elsewhere(is_free);
    app_run(lab.conn, "INSERT INTO Region(label) VALUES ('more')");
    elsewhere(is_free);
}

static void open_on_disk(void)
{
    char *path = test_path("script.db");
    stoa_error err;

    lab.db = app_open(path, NULL);
    free(path);
    lab.conn = app_connect(lab.db);
    app_run(lab.conn, KIT_SCHEMA "INSERT INTO Region(label) VALUES ('kept')");
    app_must(stoa_lua_open(lab.conn, &lab.lua, &err), &err, "lua");
}

static bool has_lua(void)
{
    if (!lab_open(&lab))
        return false;
    lab_close(&lab);
    return true;
}

static void a_connection_closed_between_calls_ends_the_script(void)
{
    stoa_error err;

    if (!has_lua())
        return;
    open_on_disk();
    gives(&lab, "db:begin_transaction() db:create_element('Region', {label = 'lost'})", "");
    CHECK_INT(spin(let_close_connection, &err), STOA_ERR_CANCELLED);
    CHECK_HAS(err.text, "the connection was closed");
    CHECK_INT(live(STOA_LIVE_LUA), 0);
    check_reused();
    app_shutdown(lab.db);
}

static void a_connection_closed_inside_of_a_call_ends_the_script(void)
{
    void *(*run)(void *) = close_connection;
    const char *json;
    int64_t size;
    stoa_error err;

    if (!has_lua())
        return;
    open_on_disk();
    add_meet(&run);
    CHECK_INT(stoa_lua_run(lab.lua, NO_OP,
                           "db:begin_transaction() db:create_element('Region', {label = 'lost'}) "
                           "pcall(function() db:query_integer('SELECT meet()') end) "
                           "pcall(function() db:commit() end) while true do end",
                           STOA_NUL, &json, &size, &err),
              STOA_ERR_CANCELLED);
    CHECK_INT(asked, 1);
    CHECK_HAS(err.text, "the connection was closed");
    check_reused();
    app_shutdown(lab.db);
}

/* Rows that a method is reading are ended behind it. */
static void results_closed_by_others_wait(void)
{
    void *(*run)(void *) = close_database;
    const char *json;
    int64_t size;

    if (!has_lua())
        return;
    open_on_disk();
    add_meet(&run);
    app_run(lab.conn, "INSERT INTO Region(label) WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                      "FROM n WHERE i < 5000) SELECT 'r' || i FROM n");
    CHECK_INT(stoa_lua_run(lab.lua, NO_OP,
                           "pcall(function() db:query_integer('SELECT meet()') end) "
                           "while true do pcall(function() db:read_scalar_strings('Region', "
                           "'label') end) end",
                           STOA_NUL, &json, &size, NULL),
              STOA_ERR_CANCELLED);
    CHECK_INT(asked, 1);
    CHECK_INT(live(STOA_LIVE_SESSION) + live(STOA_LIVE_RESULT) + live(STOA_LIVE_DB), 0);
}

static void a_database_closed_between_calls_ends_the_script(void)
{
    stoa_error err;

    if (!has_lua())
        return;
    open_on_disk();
    CHECK_INT(spin(let_close_database, &err), STOA_ERR_CANCELLED);
    CHECK_HAS(err.text, "the database was closed");
    CHECK_INT(live(STOA_LIVE_SESSION) + live(STOA_LIVE_CONN) + live(STOA_LIVE_DB), 0);
}

static void *shut_down_briefly(void *unused)
{
    stoa_error err;
    stoa_op op;

    (void)unused;
    app_must(stoa_op_open(20, NULL, NULL, NULL, &op, &err), &err, "op");
    CHECK_INT(stoa_db_shutdown(lab.db, op, &err), STOA_ERR_TIMEOUT);
    stoa_op_close(op);
    return NULL;
}

static int32_t let_shut_down(void *unused)
{
    (void)unused;
    asked = 1;
    elsewhere(shut_down_briefly); /* Waits for the script. */
    CHECK_INT(stoa_db_shutdown(lab.db, NO_OP, NULL), STOA_ERR_BUSY); /* Would wait for itself. */
    return 1;
}

static void a_shutdown_waits_for_the_script(void)
{
    stoa_error err;

    if (!has_lua())
        return;
    open_on_disk();
    CHECK_INT(spin(let_shut_down, &err), STOA_ERR_CANCELLED);
    gives(&lab, "return db:number_of_elements('Region')", "1");
    app_shutdown(lab.db);
    CHECK_INT(live(STOA_LIVE_SESSION) + live(STOA_LIVE_CONN) + live(STOA_LIVE_DB), 0);
}

TEST_MAIN({"others are told between calls", others_are_told_between_calls},
          {"others are told inside of calls", others_are_told_inside_of_calls},
          {"others are never in the way", others_are_never_in_the_way},
          {"scripts nest", scripts_nest},
          {"a connection closed between calls ends the script",
           a_connection_closed_between_calls_ends_the_script},
          {"a connection closed inside of a call ends the script",
           a_connection_closed_inside_of_a_call_ends_the_script},
          {"results closed by others wait", results_closed_by_others_wait},
          {"a database closed between calls ends the script",
           a_database_closed_between_calls_ends_the_script},
          {"a shutdown waits for the script", a_shutdown_waits_for_the_script})
