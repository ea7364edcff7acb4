/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/target.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/nearest.h"

#include <stddef.h>
#include <string.h>

#include "base/ban.h"

/* ---- drivers we know ---- */

#define PIP(name) "pip install adbc-driver-" name
#define DBC(name) "install it with the dbc tool: dbc install " name

static const struct adbc_known known[] = {
    {.name = "duckdb",
     .file = "libduckdb.so",
     .entrypoint = "duckdb_adbc_init",
     .place_key = "path",
     .files = true,
     .read_only_key = "access_mode",
     .read_only_value = "READ_ONLY",
     .advice = "download libduckdb from duckdb.org and name its folder with search_path="},
    {.name = "postgresql", .place_key = "uri", .advice = PIP("postgresql")},
    {.name = "flightsql", .place_key = "uri", .advice = PIP("flightsql")},
    {.name = "sqlite", .place_key = "uri", .files = true, .advice = PIP("sqlite")},
    {.name = "snowflake", .place_key = "uri", .advice = PIP("snowflake")},
    {.name = "bigquery", .place_key = "uri", .advice = PIP("bigquery")},
    {.name = "chdb",
     .file = "libchdb.so",
     .package = "chdb",
     .package_file = "_chdb.abi3.so",
     .entrypoint = "chdb_adbc_init",
     .place_key = "path",
     .files = true,
     .advice = "pip install chdb and name site-packages with driver_folder= (in Python alone)"},
    {.name = "mysql", .place_key = "uri", .advice = DBC("mysql")},
    {.name = "mssql", .place_key = "uri", .advice = DBC("mssql")},
    {.name = "trino", .place_key = "uri", .advice = DBC("trino")},
};

static const struct {
    const char *alias, *name;
} aliases[] = {{"postgres", "postgresql"}, {"grpc", "flightsql"},     {"grpc+tcp", "flightsql"},
               {"grpc+tls", "flightsql"},  {"grpc+unix", "flightsql"}, {"clickhouse", "chdb"}};

const struct adbc_known *adbc_known_find(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(name, aliases[i].alias) == 0)
            name = aliases[i].name;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return &known[i];
    return NULL;
}

/* ---- settings of ours ---- */

struct own {
    const char *driver, *entrypoint, *search_path, *driver_folder;
    int64_t load_flags;
    int32_t concurrent_streams, atomic, worker;
    bool allow_two_go_runtimes, read_only;
};

#define FIELD(field) offsetof(struct own, field)
static const struct stoa__setting own_table[] = {
    {.key = "driver", .type = STOA__SETTING_TEXT, .offset = FIELD(driver)},
    {.key = "entrypoint", .type = STOA__SETTING_TEXT, .offset = FIELD(entrypoint)},
    {.key = "search_path", .type = STOA__SETTING_TEXT, .offset = FIELD(search_path)},
    {.key = "driver_folder", .type = STOA__SETTING_TEXT, .offset = FIELD(driver_folder)},
    {.key = "load_flags",
     .type = STOA__SETTING_INT,
     .offset = FIELD(load_flags),
     .min = 0,
     .max = ADBC_FIND_DEFAULT | ADBC_FIND_RELATIVE},
    {.key = "concurrent_streams",
     .type = STOA__SETTING_CHOICE,
     .offset = FIELD(concurrent_streams),
     .choices = "error|buffer"},
    {.key = "atomic",
     .type = STOA__SETTING_CHOICE,
     .offset = FIELD(atomic),
     .choices = "required|best_effort"},
    {.key = "allow_two_go_runtimes",
     .type = STOA__SETTING_BOOL,
     .offset = FIELD(allow_two_go_runtimes)},
    {.key = "worker",
     .type = STOA__SETTING_CHOICE,
     .offset = FIELD(worker),
     .choices = "auto|yes|watch|no"},
    {.key = "read_only", .type = STOA__SETTING_BOOL, .offset = FIELD(read_only)},
};
enum { OWN_COUNT = sizeof own_table / sizeof *own_table };

/* What the core reads; a driver's option that is nearly one of these is a slip of the pen. */
static const char *const core_keys[] = {"batch_rows", "types", "type_mismatch", "nan",
                                        "pool_idle_max"};

static bool is_own(const char *key, size_t size)
{
    for (size_t i = 0; i < OWN_COUNT; i++)
        if (strlen(own_table[i].key) == size && memcmp(own_table[i].key, key, size) == 0)
            return true;
    for (size_t i = 0; i < sizeof core_keys / sizeof *core_keys; i++)
        if (strlen(core_keys[i]) == size && memcmp(core_keys[i], key, size) == 0)
            return true;
    return false;
}

/* The setting of ours that a key must have meant; NULL: it means itself. */
static const char *nearly_own(const char *key)
{
    stoa__nearest nearest = stoa__nearest_start(key, strlen(key));

    if (strchr(key, '.'))
        return NULL;
    for (size_t i = 0; i < OWN_COUNT; i++)
        stoa__nearest_offer(&nearest, own_table[i].key, strlen(own_table[i].key));
    for (size_t i = 0; i < sizeof core_keys / sizeof *core_keys; i++)
        stoa__nearest_offer(&nearest, core_keys[i], strlen(core_keys[i]));
    return nearest.best;
}

/* ---- secrets ---- */

struct reading {
    stoa__arena *arena;
    struct adbc_target *out;
    stoa_error *err;
};

static stoa_status add_secret(struct reading *reading, const char *text, size_t size)
{
    struct adbc_target *out = reading->out;
    const char **grown =
        stoa__arena_alloc_zero(reading->arena, (size_t)out->secret_count + 1, sizeof *grown);

    if (size == 0)
        return STOA_OK;
    if (!grown)
        return stoa__fail_nomem(reading->err);
    if (out->secret_count > 0)
        memcpy(grown, out->secrets, (size_t)out->secret_count * sizeof *grown);
    grown[out->secret_count] = stoa__arena_copy_text(reading->arena, text, size);
    if (!grown[out->secret_count])
        return stoa__fail_nomem(reading->err);
    out->secrets = grown;
    out->secret_count++;
    return STOA_OK;
}

/* "scheme://user:PASSWORD@host" and "?password=SECRET&..." */
static stoa_status add_secrets_of(struct reading *reading, const char *uri)
{
    const char *from = strstr(uri, "://"), *at = NULL, *colon;
    stoa_status rc = STOA_OK;

    if (from) {
        from += 3;
        for (const char *c = from; *c != '\0' && !strchr("/?#", *c); c++)
            at = *c == '@' ? c : at;
        colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;
        if (colon)
            rc = add_secret(reading, colon + 1, (size_t)(at - colon - 1));
    }
    for (const char *equals = strchr(uri, '='); equals && rc == STOA_OK;
         equals = strchr(equals + 1, '=')) {
        const char *key = equals;

        while (key > uri && !strchr("?&; ", key[-1]))
            key--;
        if (stoa__setting_is_secret(key, (size_t)(equals - key)))
            rc = add_secret(reading, equals + 1, strcspn(equals + 1, "&; "));
    }
    return rc;
}

/* ---- options of the driver ---- */

static stoa_status add_option(struct reading *reading, struct adbc_option **list, int32_t *count,
                              const char *key, const char *value)
{
    static const struct {
        const char *suffix;
        int32_t type;
    } suffixes[] = {
        {":int", ADBC_OPTION_INT}, {":double", ADBC_OPTION_DOUBLE}, {":bytes", ADBC_OPTION_BYTES}};
    struct adbc_option *grown =
        stoa__arena_alloc_zero(reading->arena, (size_t)*count + 1, sizeof *grown);
    struct adbc_option option = {.value = value, .type = ADBC_OPTION_TEXT};
    size_t size = strlen(key);

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix_size = strlen(suffixes[i].suffix);

        if (option.type == ADBC_OPTION_TEXT && size > suffix_size &&
            strcmp(key + size - suffix_size, suffixes[i].suffix) == 0) {
            option.type = suffixes[i].type;
            size -= suffix_size;
        }
    }
    option.key = stoa__arena_copy_text(reading->arena, key, size);
    option.value = stoa__arena_copy_text(reading->arena, value, strlen(value));
    if (!grown || !option.key || !option.value)
        return stoa__fail_nomem(reading->err);
    if (*count > 0)
        memcpy(grown, *list, (size_t)*count * sizeof *grown);
    grown[(*count)++] = option;
    *list = grown;
    return stoa__setting_is_secret(option.key, size)
               ? add_secret(reading, option.value, strlen(option.value))
               : STOA_OK;
}

static stoa_status add_database_option(struct reading *reading, const char *key,
                                       const char *value)
{
    return add_option(reading, &reading->out->options, &reading->out->option_count, key, value);
}

/* All that nobody has read. What is the core's is left for it. */
static stoa_status pass_settings_on(struct reading *reading, const char *engine,
                                    stoa__settings *settings)
{
    static const char of_session[] = "adbc.connection.";
    stoa_status rc = STOA_OK;

    for (size_t i = 0; i < settings->count && rc == STOA_OK; i++) {
        struct stoa__settings_entry *entry = &settings->entries[i];
        const char *meant;

        if (entry->used || is_own(entry->key, strlen(entry->key)))
            continue;
        meant = nearly_own(entry->key);
        if (meant)
            return stoa__fail(reading->err, STOA_ERR_INVALID,
                              "%s: unknown setting '%s' (did you mean '%s'?)", engine, entry->key,
                              meant);
        entry->used = true;
        if (strncmp(entry->key, of_session, sizeof of_session - 1) == 0)
            rc = add_option(reading, &reading->out->session_options,
                            &reading->out->session_option_count, entry->key, entry->value);
        else
            rc = add_database_option(reading, entry->key, entry->value);
    }
    return rc;
}

/* What stands in the text, under what was given beside it. */
static stoa_status add_query(struct reading *reading, stoa__settings *settings, const char *text,
                             size_t size)
{
    stoa__settings read = {0};
    stoa_status rc = stoa__settings_add_query(&read, text, size, reading->err);

    for (size_t i = 0; i < read.count && rc == STOA_OK; i++) {
        size_t at = 0;

        while (at < settings->count && strcmp(settings->entries[at].key, read.entries[i].key) != 0)
            at++;
        if (at == settings->count)
            rc = stoa__settings_add_pair(settings, read.entries[i].key, read.entries[i].value,
                                         reading->err);
    }
    stoa__settings_release(&read);
    return rc;
}

/* ---- the text ---- */

/* The driver and the place of "adbc:TEXT"; the place is NULL where there is none. */
struct text_parts {
    const char *driver, *place;
};

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '+';
}

/* Bytes of the word before a colon; 0: there is none. */
static size_t scheme_size(const char *text)
{
    size_t size = 0;

    while (is_name_byte(text[size]))
        size++;
    return size > 0 && text[size] == ':' ? size : 0;
}

/* Settings behind '?' of a URI: ours and those that begin with "adbc." are taken out, the others
 * the driver knows. */
static stoa_status split_query(struct reading *reading, char *uri, stoa__settings *settings)
{
    char *from = strchr(uri, '?'), *to;
    stoa_status rc = STOA_OK;

    if (!from)
        return STOA_OK;
    to = from + 1;
    for (char *part = from + 1; rc == STOA_OK;) {
        size_t size = strcspn(part, "&"), key = strcspn(part, "=&");
        bool last = part[size] == '\0';

        if (is_own(part, key) || (key > 5 && strncmp(part, "adbc.", 5) == 0)) {
            rc = add_query(reading, settings, part, size);
        } else {
            if (to > from + 1)
                *to++ = '&';
            memmove(to, part, size);
            to += size;
        }
        if (last)
            break;
        part += size + 1;
    }
    *to = '\0';
    if (to == from + 1)
        *from = '\0';
    return rc;
}

/* A path or a name: all behind the '?' is settings. */
static stoa_status split_settings(struct reading *reading, char *text, stoa__settings *settings)
{
    char *mark = strchr(text, '?');

    if (!mark)
        return STOA_OK;
    *mark = '\0';
    return add_query(reading, settings, mark + 1, strlen(mark + 1));
}

static stoa_status read_text(struct reading *reading, const char *rest, stoa__settings *settings,
                             struct text_parts *out)
{
    char *text = stoa__arena_copy_text(reading->arena, rest, strlen(rest));
    size_t scheme = text ? scheme_size(text) : 0;
    const struct adbc_known *named;
    stoa_status rc;
    bool is_uri;

    *out = (struct text_parts){0};
    if (!text)
        return stoa__fail_nomem(reading->err);
    if (scheme == 0) {
        rc = split_settings(reading, text, settings);
        out->driver = text[0] != '\0' ? text : NULL;
        return rc;
    }
    rc = split_query(reading, text, settings);
    out->driver = stoa__arena_copy_text(reading->arena, text, scheme);
    if (!out->driver)
        return stoa__fail_nomem(reading->err);
    if (strcmp(out->driver, "profile") == 0)
        return stoa__fail(reading->err, STOA_ERR_UNSUPPORTED,
                          "adbc: connection profiles are not supported: name the driver, and give "
                          "what the profile holds as settings");
    named = adbc_known_find(out->driver);
    is_uri = text[scheme + 1] == '/' && (!named || !named->files || text[scheme + 2] == '/');
    if (text[scheme + 1] != '\0')
        out->place = is_uri ? text : text + scheme + 1;
    return rc;
}

/* "duckdb:REST", cut by the core already; "postgresql://..." has been left whole. */
static stoa_status read_shorthand(struct reading *reading, const char *engine, const char *rest,
                                  stoa__settings *settings, struct text_parts *out)
{
    size_t engine_size = strlen(engine), rest_size = strlen(rest);
    char *uri;

    *out = (struct text_parts){.driver = engine};
    if (rest[0] == '\0')
        return STOA_OK;
    if (strncmp(rest, "//", 2) != 0) {
        out->place = stoa__arena_copy_text(reading->arena, rest, rest_size);
        return out->place ? STOA_OK : stoa__fail_nomem(reading->err);
    }
    uri = stoa__arena_alloc(reading->arena, engine_size + rest_size + 2);
    if (!uri)
        return stoa__fail_nomem(reading->err);
    memcpy(uri, engine, engine_size);
    uri[engine_size] = ':';
    memcpy(uri + engine_size + 1, rest, rest_size + 1);
    out->place = uri;
    return split_query(reading, uri, settings);
}

/* ---- all of it ---- */

static stoa_status apply_own(struct reading *reading, const struct own *own,
                             const struct text_parts *parts)
{
    struct adbc_target *out = reading->out;
    const char *driver = own->driver ? own->driver : parts->driver;
    const struct adbc_known *named;

    if (!driver)
        return stoa__fail(reading->err, STOA_ERR_INVALID,
                          "adbc: no driver is named: write adbc:NAME, adbc:NAME:DATABASE, "
                          "adbc:/path/to/library.so or driver=");
    named = adbc_known_find(driver);
    out->known = parts->driver && !named ? adbc_known_find(parts->driver) : named;
    out->wish = (struct adbc_driver_wish){
        .search = {.name = named ? named->name : driver,
                   .search_path = own->search_path,
                   .driver_folder = own->driver_folder,
                   .file = named ? named->file : NULL,
                   .package = named ? named->package : NULL,
                   .package_file = named ? named->package_file : NULL,
                   .flags = own->load_flags},
        .entrypoint = own->entrypoint,
        .allow_two_go_runtimes = own->allow_two_go_runtimes};
    if (!out->wish.entrypoint && out->known)
        out->wish.entrypoint = out->known->entrypoint;
    out->read_only = own->read_only;
    out->worker = (enum adbc_worker_use)own->worker;
    out->buffer_streams = own->concurrent_streams == 1;
    out->best_effort = own->atomic == 1;
    return STOA_OK;
}

static stoa_status apply_place(struct reading *reading, const char *place)
{
    struct adbc_target *out = reading->out;
    stoa_status rc = STOA_OK;

    out->place = place ? place : "";
    if (place)
        rc = add_secrets_of(reading, place);
    if (rc == STOA_OK && place)
        rc = add_database_option(reading, out->known ? out->known->place_key : "uri", place);
    if (rc == STOA_OK && out->read_only && out->known && out->known->read_only_key)
        rc = add_database_option(reading, out->known->read_only_key, out->known->read_only_value);
    return rc;
}

stoa_status adbc_target_read(const char *engine, const char *rest, stoa__settings *settings,
                             stoa__arena *arena, struct adbc_target *out, stoa_error *err)
{
    struct reading reading = {arena, out, err};
    struct own own = {.search_path = "",
                      .driver_folder = "",
                      .load_flags = ADBC_FIND_DEFAULT};
    struct text_parts parts;
    stoa_status rc;

    *out = (struct adbc_target){0};
    if (strcmp(engine, "adbc") == 0)
        rc = read_text(&reading, rest, settings, &parts);
    else
        rc = read_shorthand(&reading, engine, rest, settings, &parts);
    if (rc == STOA_OK)
        rc = stoa__settings_read(settings, engine, own_table, OWN_COUNT, &own, err);
    if (rc == STOA_OK)
        rc = pass_settings_on(&reading, engine, settings);
    if (rc == STOA_OK)
        rc = apply_own(&reading, &own, &parts);
    return rc == STOA_OK ? apply_place(&reading, parts.place) : rc;
}
