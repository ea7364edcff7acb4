/* SPDX-License-Identifier: Apache-2.0 */
/* Finding drivers, guessing their entry points, and taking targets apart. */
#include "engine/adbc/driver.h"

#include "base/error.h"
#include "engine/adbc/go_runtime.h"
#include "engine/adbc/target.h"
#include "test.h"

static void symbols_are_derived(void)
{
    static const char *const names[][2] = {
        {"/x/libadbc_driver_sqlite.so.6.0.0", "AdbcDriverSqliteInit"},
        {"adbc_driver_sqlite.dll", "AdbcDriverSqliteInit"},
        {"driver_sqlite", "AdbcDriverSqliteInit"},
        {"sqlite.so", "AdbcSqliteInit"},
        {"adbc_sqlite", "AdbcSqliteInit"},
        {"libproprietary_engine.so", "AdbcProprietaryEngineInit"},
        {"a/libstoa.so", "AdbcStoaInit"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char symbol[64];

        adbc_driver_symbol(names[i][0], symbol, sizeof(symbol));
        CHECK_TEXT(symbol, names[i][1]);
    }
}

/* ---- finding ---- */

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

/* Search only `folder` for the driver x. */
static stoa_status find(const char *folder, char *path, char *tried, size_t capacity,
                        stoa_error *err)
{
    const struct adbc_search search = {
        .name = "x", .search_path = folder, .driver_folder = "", .flags = 0};
    struct adbc_found found;
    stoa__arena arena = {0};
    stoa__buffer list = {0};
    stoa_status rc = adbc_find(&search, &arena, &found, &list, err);

    (void)snprintf(path, capacity, "%s", found.path ? found.path : "");
    (void)snprintf(tried, capacity, "%.*s", (int)list.size, list.data ? (char *)list.data : "");
    stoa__buffer_release(&list);
    stoa__arena_release(&arena);
    return rc;
}

static void manifests_are_found_first(void)
{
    char *folder = test_path("drivers"), *file = test_path("drivers/x.toml");
    char *library = test_path("drivers/libx.so"), path[512], tried[512];
    stoa_error err = {0};

    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(err.code, 0);
    CHECK_HAS(tried, "does not exist");
    CHECK_HAS(tried, "/etc/adbc/drivers: switched off");
    CHECK_INT(mkdir(folder, 0700), 0);
    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_ERR_NOT_FOUND);
    CHECK_HAS(tried, "neither its manifest nor its library");
    put_file(library, "");
    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_OK);
    CHECK_TEXT(path, library);
    put_file(file, "[Driver]\nshared = \"/somewhere/y.so\"\n");
    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_OK);
    CHECK_TEXT(path, "/somewhere/y.so");
    put_file(file, "[Driver]\nshared = \"libx.so\"\n"); /* Its neighbour. */
    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_OK);
    CHECK_TEXT(path, library);
    free(folder);
    free(file);
    free(library);
}

/* site-packages, where a wheel has a folder of its own, and maybe a library of its own name. */
static void wheels_are_found_where_told(void)
{
    char *folder = test_path("site-packages"), *package = test_path("site-packages/adbc_driver_x");
    char *library = test_path("site-packages/adbc_driver_x/libadbc_driver_x.so");
    char *other = test_path("site-packages/x"), *own = test_path("site-packages/x/_x.abi3.so");
    struct adbc_search search = {
        .name = "x", .search_path = "", .driver_folder = folder, .flags = 0};
    struct adbc_found found;
    stoa__arena memory = {0};
    stoa__buffer list = {0};
    stoa_error err = {0};

    CHECK_INT(mkdir(folder, 0700), 0);
    CHECK_INT(mkdir(package, 0700), 0);
    CHECK_INT(mkdir(other, 0700), 0);
    CHECK_INT(adbc_find(&search, &memory, &found, &list, &err), STOA_ERR_NOT_FOUND);
    put_file(library, "");
    put_file(own, "");
    CHECK_INT(adbc_find(&search, &memory, &found, &list, &err), STOA_OK);
    CHECK_TEXT(found.path, library);
    search.package = "x";
    search.package_file = "_x.abi3.so";
    CHECK_INT(adbc_find(&search, &memory, &found, &list, &err), STOA_OK);
    CHECK_TEXT(found.path, own);
    stoa__buffer_release(&list);
    stoa__arena_release(&memory);
    free(folder);
    free(package);
    free(library);
    free(other);
    free(own);
}

static void broken_manifests_end_the_search(void)
{
    static const struct {
        const char *toml, *says;
    } broken[] = {
        {"[Driver]\nshared = 1\n", "not a text"},
        {"[Driver]\nshared = \"\"\n", "is empty"},
        {"manifest_version = 2\n[Driver]\nshared = \"/x.so\"\n", "manifest_version"},
        {"[Driver\n", "line 1"},
    };
    char *folder = test_path(""), *file = test_path("x.toml"), path[512], tried[512];

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        stoa_error err = {0};

        put_file(file, broken[i].toml);
        CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_ERR_INVALID);
        CHECK_HAS(err.text, broken[i].says);
        CHECK_HAS(err.text, "x.toml");
    }
    stoa_error err = {0};
    put_file(file, "[Driver.shared]\nplan9_mips = \"/x.so\"\n");
    CHECK_INT(find(folder, path, tried, sizeof(path), &err), STOA_ERR_NOT_FOUND);
    CHECK_HAS(tried, "no library for linux_");
    free(folder);
    free(file);
}

/* ---- targets ---- */

static stoa__arena arena;

static struct adbc_target read_target(const char *engine, const char *rest)
{
    struct adbc_target target;
    stoa__settings settings = {0};
    stoa_error err = {0};
    stoa_status rc = adbc_target_read(engine, rest, &settings, &arena, &target, &err);

    if (rc != STOA_OK)
        printf("# %s: %s\n", rest, err.text);
    CHECK_INT(rc, STOA_OK);
    stoa__settings_release(&settings);
    return target;
}

static void check_target(const char *engine, const char *rest, const char *name, const char *key,
                         const char *place)
{
    struct adbc_target target = read_target(engine, rest);

    CHECK_TEXT(target.wish.search.name, name);
    CHECK_INT(target.option_count, place ? 1 : 0);
    if (place) {
        CHECK_TEXT(target.options[0].key, key);
        CHECK_TEXT(target.options[0].value, place);
    }
}

static void targets_are_taken_apart(void)
{
    check_target("adbc", "sqlite", "sqlite", NULL, NULL);
    check_target("adbc", "sqlite:", "sqlite", NULL, NULL);
    check_target("adbc", "sqlite:file::memory:", "sqlite", "uri", "file::memory:");
    check_target("adbc", "sqlite:/data/x.db", "sqlite", "uri", "/data/x.db");
    check_target("adbc", "duckdb:x.db", "duckdb", "path", "x.db");
    check_target("adbc", "postgresql://h/d?sslmode=x", "postgresql", "uri",
                 "postgresql://h/d?sslmode=x");
    check_target("adbc", "postgres://h/d?worker=no&sslmode=x&entrypoint=E", "postgresql", "uri",
                 "postgres://h/d?sslmode=x");
    check_target("adbc", "grpc+tls://h:1", "flightsql", "uri", "grpc+tls://h:1");
    check_target("adbc", "new:/a", "new", "uri", "new:/a");
    check_target("adbc", "/opt/liby.so?path=a.db", "/opt/liby.so", "path", "a.db");
    check_target("duckdb", "a.db", "duckdb", "path", "a.db");
    check_target("duckdb", "", "duckdb", NULL, NULL);
    check_target("postgresql", "//u:p@h/d", "postgresql", "uri", "postgresql://u:p@h/d");
    CHECK_TEXT(read_target("duckdb", "").wish.entrypoint, "duckdb_adbc_init");
    CHECK_INT(read_target("adbc", "postgres://h/d").worker, ADBC_WORKER_AUTO);
    CHECK_INT(read_target("adbc", "postgres://h/d?worker=no").worker, ADBC_WORKER_NO);
    CHECK_INT(read_target("adbc", "postgres://h/d?worker=watch").worker, ADBC_WORKER_WATCH);
    stoa__arena_release(&arena);
}

static void secrets_are_known(void)
{
    struct adbc_target target =
        read_target("adbc", "postgresql://u:hunter@h/d?sslpassword=other&x=y");

    CHECK_INT(target.secret_count, 2);
    CHECK_TEXT(target.secrets[0], "hunter");
    CHECK_TEXT(target.secrets[1], "other");
    stoa__arena_release(&arena);
}

static void slips_of_the_pen_are_named(void)
{
    stoa__settings settings = {0};
    struct adbc_target target;
    stoa_error err = {0};

    CHECK_INT(stoa__settings_add_pair(&settings, "serch_path", "/x", &err), STOA_OK);
    CHECK_INT(adbc_target_read("duckdb", "x", &settings, &arena, &target, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "search_path");
    stoa__settings_release(&settings);
    CHECK_INT(adbc_target_read("adbc", "", &settings, &arena, &target, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "no driver is named");
    stoa__settings_release(&settings);
    CHECK_INT(adbc_target_read("adbc", "profile://work", &settings, &arena, &target, &err),
              STOA_ERR_UNSUPPORTED);
    CHECK_HAS(err.text, "profiles");
    stoa__settings_release(&settings);
    stoa__arena_release(&arena);
}

/* ---- tables, Go ---- */

static adbc_status anything(adbc_object *self, adbc_error *error)
{
    (void)self;
    (void)error;
    return ADBC_OK;
}

static void missing_functions_answer(void)
{
    struct adbc_table table = {0};
    adbc_error error = {0};
    stoa_error err = {0};

    CHECK_INT(adbc_table_complete(&table, ADBC_VERSION_1_1, &err), STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "DatabaseNew");
    table.database_new = table.database_init = table.database_release = anything;
    table.connection_new = table.connection_release = table.statement_release = anything;
    CHECK_INT(adbc_table_complete(&table, ADBC_VERSION_1_1, &err), STOA_ERR_PROTOCOL);
    CHECK_HAS(err.text, "ConnectionInit");
    memcpy(&table.connection_init, &table.database_new, sizeof(table.connection_init));
    memcpy(&table.statement_new, &table.database_new, sizeof(table.statement_new));
    memcpy(&table.statement_execute, &table.database_new, sizeof(table.statement_execute));
    memset(&table.error_detail_count, 0x5a, 64); /* Of a driver that wrote too far. */
    CHECK_INT(adbc_table_complete(&table, ADBC_VERSION_1_0, &err), STOA_OK);
    for (size_t slot = 3; slot < sizeof(table) / sizeof(void *); slot++) {
        void *member;

        memcpy(&member, (char *)&table + slot * sizeof(member), sizeof(member));
        CHECK(member != NULL);
    }
    CHECK_INT(table.connection_commit(NULL, &error), ADBC_NOT_IMPLEMENTED);
    CHECK_HAS(error.message, "ConnectionCommit");
    CHECK_INT(table.connection_get(NULL, "x", NULL, NULL, &error), ADBC_NOT_FOUND);
    error.release(&error);
    CHECK(!error.message && !error.release);
    CHECK_INT(table.statement_cancel(NULL, NULL), ADBC_NOT_IMPLEMENTED);
    CHECK_INT(table.error_detail_count(NULL), 0);
}

static void go_is_seen(void)
{
    char name[256];

    CHECK(!adbc_go_in_file("/proc/self/exe"));
    CHECK(!adbc_go_in_file("/nowhere"));
    CHECK(!adbc_go_meets(NULL, name, sizeof(name)));
    CHECK(!adbc_go_meets("/nowhere", name, sizeof(name)));
}

TEST_MAIN({"symbols are derived from file names", symbols_are_derived},
          {"manifests are found first", manifests_are_found_first},
          {"wheels are found where told", wheels_are_found_where_told},
          {"broken manifests end the search", broken_manifests_end_the_search},
          {"targets are taken apart", targets_are_taken_apart},
          {"secrets are known", secrets_are_known},
          {"slips of the pen are named", slips_of_the_pen_are_named},
          {"missing functions answer by name", missing_functions_answer},
          {"Go runtimes are seen", go_is_seen})
