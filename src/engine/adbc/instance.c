/* SPDX-License-Identifier: Apache-2.0 */
/* Databases behind drivers: opening, closing, and what they tell about themselves. */
#include "engine/adbc/parts.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/hex.h"
#include "text/number.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- options ---- */

struct setters {
    adbc_set_text text;
    adbc_set_int number;
    adbc_set_double real;
    adbc_set_bytes bytes;
};

static stoa_status bad_value(const struct adbc_instance *instance,
                             const struct adbc_option *option, const char *what, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID, "%s: the option '%s' is not %s", instance->engine,
                      option->key, what);
}

static adbc_status set_bytes(const struct setters *setters, adbc_object *object,
                             const struct adbc_option *option, adbc_error *error,
                             stoa_status *bad)
{
    stoa__buffer bytes = {0};
    adbc_status status = ADBC_OK;

    *bad = stoa__hex_decode(option->value, strlen(option->value), &bytes, NULL);
    if (*bad == STOA_OK && stoa__buffer_terminate(&bytes) != STOA_OK) /* Never NULL. */
        *bad = STOA_ERR_NOMEM;
    if (*bad == STOA_OK)
        status = setters->bytes(object, option->key, bytes.data, bytes.size, error);
    stoa__buffer_release(&bytes);
    return status;
}

static stoa_status set_option(const struct adbc_instance *instance, const struct setters *setters,
                              adbc_object *object, const struct adbc_option *option,
                              adbc_status *status, adbc_error *error, stoa_error *err)
{
    size_t size = strlen(option->value);
    stoa_status bad = STOA_OK;
    int64_t number = 0;
    double real = 0;

    switch ((enum adbc_option_type)option->type) {
    case ADBC_OPTION_INT:
        if (stoa__int64_parse(option->value, size, &number, NULL) != STOA_OK)
            return bad_value(instance, option, "a whole number", err);
        *status = setters->number(object, option->key, number, error);
        return STOA_OK;
    case ADBC_OPTION_DOUBLE:
        if (stoa__double_parse(option->value, size, &real, NULL) != STOA_OK)
            return bad_value(instance, option, "a number", err);
        *status = setters->real(object, option->key, real, error);
        return STOA_OK;
    case ADBC_OPTION_BYTES:
        *status = set_bytes(setters, object, option, error, &bad);
        if (bad == STOA_ERR_NOMEM)
            return stoa__fail_nomem(err);
        return bad == STOA_OK ? STOA_OK
                              : bad_value(instance, option, "bytes in hexadecimal", err);
    case ADBC_OPTION_TEXT:
        break;
    }
    *status = setters->text(object, option->key, option->value, error);
    return STOA_OK;
}

/* `late`: some options are refused before Init, with INVALID_STATE, and are then tried again. */
static stoa_status set_options(const struct adbc_instance *instance,
                               const struct setters *setters, adbc_object *object,
                               const struct adbc_option *options, int32_t count, uint64_t *late,
                               bool again, stoa_error *err)
{
    for (int32_t i = 0; i < count; i++) {
        adbc_error error = adbc_error_for(instance);
        adbc_status status = ADBC_OK;
        stoa_status rc;

        if (again && (i >= 64 || (*late >> i & 1) == 0))
            continue;
        rc = set_option(instance, setters, object, &options[i], &status, &error, err);
        if (rc != STOA_OK)
            return rc;
        if (status == ADBC_INVALID_STATE && !again && i < 64) {
            *late |= UINT64_C(1) << i;
        } else if (status != ADBC_OK) {
            rc = adbc_fail(instance, status, &error, NULL, err);
            stoa__wrap(err, "the option '%s'", options[i].key);
            return rc;
        }
        adbc_error_drop(&error);
    }
    return STOA_OK;
}

stoa_status adbc_session_options(struct adbc_session *session, uint64_t *late, bool again,
                                 stoa_error *err)
{
    const struct adbc_instance *instance = session->instance;
    const struct adbc_table *table = &instance->driver->table;
    const struct setters setters = {table->connection_set, table->connection_set_int,
                                    table->connection_set_double, table->connection_set_bytes};

    return set_options(instance, &setters, &session->connection,
                       instance->target.session_options, instance->target.session_option_count,
                       late, again, err);
}

/* ---- opening ---- */

static stoa_status database_init(void *self, stoa_error *err)
{
    struct adbc_instance *instance = self;
    const struct adbc_table *table = &instance->driver->table;
    const struct setters setters = {table->database_set, table->database_set_int,
                                    table->database_set_double, table->database_set_bytes};
    adbc_error error = adbc_error_for(instance);
    uint64_t late = 0;
    adbc_status status = table->database_new(&instance->database, &error);
    stoa_status rc = STOA_OK;

    instance->database.table = &instance->driver->table;
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = set_options(instance, &setters, &instance->database, instance->target.options,
                     instance->target.option_count, &late, false, err);
    if (rc != STOA_OK)
        return rc;
    error = adbc_error_for(instance);
    status = table->database_init(&instance->database, &error);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    return set_options(instance, &setters, &instance->database, instance->target.options,
                       instance->target.option_count, &late, true, err);
}

static void database_release(struct adbc_instance *instance)
{
    adbc_error error = adbc_error_for(instance);

    if (instance->database.state)
        (void)instance->driver->table.database_release(&instance->database, &error);
    adbc_error_drop(&error);
}

/* Opening may wait for a server: on a worker of its own, so that the call ticks. */
static stoa_status open_database(struct adbc_instance *instance, stoa__call *call,
                                 stoa_error *err)
{
    struct adbc_worker worker;
    stoa_status rc = adbc_worker_start(&worker, instance->target.worker != ADBC_WORKER_NO, err);

    if (rc != STOA_OK)
        return rc;
    rc = adbc_worker_run(&worker, call, database_init, instance, NULL, NULL, err);
    adbc_worker_stop(&worker);
    return rc;
}

static stoa_status use_driver(struct adbc_instance *instance, stoa_error *err)
{
    const struct adbc_known *known = instance->target.known;
    stoa_status rc = adbc_driver_use(&instance->target.wish, &instance->driver, err);

    if (rc == STOA_ERR_NOT_FOUND && known && known->advice)
        stoa__error_append(err, "%s", known->advice);
    if (rc != STOA_OK)
        stoa__wrap(err, "%s", instance->engine);
    return rc;
}

/* A session at once: it shows that the place can be reached, and who is there. */
static stoa_status open_first_session(struct adbc_instance *instance, stoa__call *call,
                                      stoa_error *err)
{
    void *session = NULL;
    stoa_status rc = adbc_session_open(instance, call, &session, err);

    instance->spare = session;
    return rc;
}

stoa_status adbc_open(const char *engine, const char *rest, stoa__settings *settings,
                      stoa__call *call, void **out, stoa_error *err)
{
    struct adbc_instance *instance = stoa__alloc_zero(1, sizeof *instance);
    stoa_status rc;

    if (!instance)
        return stoa__fail_nomem(err);
    instance->engine = engine;
    stoa__mutex_init(&instance->lock);
    rc = adbc_target_read(engine, rest, settings, &instance->arena, &instance->target, err);
    instance->quirk = adbc_quirk_find(instance->target.known ? instance->target.known->name : "");
    if (rc == STOA_OK)
        rc = use_driver(instance, err);
    if (rc == STOA_OK)
        adbc_note_table(instance);
    if (rc == STOA_OK)
        rc = open_database(instance, call, err);
    if (rc == STOA_OK)
        rc = open_first_session(instance, call, err);
    if (rc == STOA_OK)
        *out = instance;
    else
        adbc_close(instance);
    return rc;
}

void adbc_close(void *self)
{
    struct adbc_instance *instance = self;

    if (instance->spare)
        adbc_session_close(instance->spare);
    if (instance->driver) {
        database_release(instance);
        adbc_driver_unuse(instance->driver);
    }
    stoa__mutex_release(&instance->lock);
    stoa__arena_release(&instance->arena);
    stoa__free(instance->vendor);
    stoa__free(instance->vendor_version);
    stoa__free(instance->driver_name);
    stoa__free(instance->driver_version);
    stoa__free(instance);
}

/* ---- properties ---- */

static const char *or_unknown(const char *text)
{
    return text && text[0] != '\0' ? text : "unknown";
}

/* The property that lists what it has, lacks, or was not asked for yet; -1: none does. */
static int which_abilities(const char *name)
{
    static const char *const lists[] = {
        [ADBC_NO] = "missing", [ADBC_YES] = "abilities", [ADBC_UNKNOWN_ABILITY] = "untried"};

    for (int i = 0; i < 3; i++)
        if (strcmp(name, lists[i]) == 0)
            return i;
    return -1;
}

static const char *const worker_names[] = {[ADBC_WORKER_AUTO] = "auto",
                                           [ADBC_WORKER_YES] = "yes",
                                           [ADBC_WORKER_WATCH] = "watch",
                                           [ADBC_WORKER_NO] = "no"};

stoa_status adbc_property(void *self, const char *name, stoa__buffer *out, stoa_error *err)
{
    struct adbc_instance *instance = self;
    const char *value = NULL;
    int which;

    if (strcmp(name, "engine_version") == 0)
        value = or_unknown(instance->vendor_version);
    else if (strcmp(name, "vendor") == 0)
        value = or_unknown(instance->vendor);
    else if (strcmp(name, "path") == 0)
        value = instance->target.secret_count > 0 ? "" : instance->target.place;
    else if (strcmp(name, "read_only") == 0)
        value = instance->target.read_only ? "yes" : "no";
    else if (strcmp(name, "driver") == 0)
        value = instance->driver->path;
    else if (strcmp(name, "entrypoint") == 0)
        value = instance->driver->entrypoint;
    else if (strcmp(name, "driver_name") == 0)
        value = or_unknown(instance->driver_name);
    else if (strcmp(name, "driver_version") == 0)
        value = or_unknown(instance->driver_version);
    else if (strcmp(name, "adbc_version") == 0)
        value = instance->driver->version == ADBC_VERSION_1_1 ? "1.1.0" : "1.0.0";
    else if (strcmp(name, "worker") == 0)
        value = worker_names[instance->target.worker];
    else if (strcmp(name, "concurrent_streams") == 0)
        value = instance->target.buffer_streams ? "buffer" : "error";
    else if (strcmp(name, "atomic") == 0)
        value = instance->target.best_effort ? "best_effort" : "required";
    else if ((which = which_abilities(name)) >= 0)
        return adbc_abilities_list(instance, which, out) == STOA_OK ? STOA_OK
                                                                   : stoa__fail_nomem(err);
    else
        return stoa__fail(err, STOA_ERR_NOT_FOUND, "%s has no property '%s'", instance->engine,
                          name);
    return stoa__buffer_append_text(out, value) == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}
