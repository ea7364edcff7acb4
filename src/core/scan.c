/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's Arrow data as tables of a connection. */
#include "core/conn.h"

#include "arrow/array.h"
#include "arrow/stream.h"
#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/named.h"
#include "core/target.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/ban.h"

struct scan_config {
    bool replace;
    int64_t retain_size;
    int32_t check;
};

static const struct stoa__setting scan_settings[] = {
    {.key = "replace",
     .type = STOA__SETTING_BOOL,
     .offset = offsetof(struct scan_config, replace)},
    {.key = "retain_size",
     .type = STOA__SETTING_SIZE,
     .offset = offsetof(struct scan_config, retain_size),
     .min = 0,
     .max = INT64_MAX},
    {.key = "check",
     .type = STOA__SETTING_CHOICE,
     .offset = offsetof(struct scan_config, check),
     .choices = "shape|full"},
};

static stoa_status read_config(const stoa_option *options, int64_t option_count,
                               struct scan_config *out, stoa_error *err)
{
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add(&settings, options, option_count, err);

    *out =
        (struct scan_config){.retain_size = INT64_C(1) << 30, .check = STOA_CHECK_FULL};
    if (rc == STOA_OK)
        rc = stoa__settings_read(&settings, "scan", scan_settings,
                                 sizeof scan_settings / sizeof *scan_settings, out, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "scan", err);
    stoa__settings_release(&settings);
    return rc;
}

void stoa_scan_close(stoa_scan scan)
{
    stoa__object_close(scan.id, STOA__KIND_SCAN);
}

stoa_status stoa_scan_drop(stoa_conn conn, const char *name, int64_t name_size,
                           stoa_error *err)
{
    return stoa__named_drop(conn, STOA__KIND_SCAN, name, name_size, err);
}

/* ---- registering ---- */

/* What every registration begins with: the name, the settings, and the connection entered. */
struct arrival {
    struct stoa__entry entry;
    struct scan_config config;
    struct stoa__scan_source source;
    char *name;
};

/* Give the source to the engine, which takes it on success. */
static stoa_status settle(struct arrival *arrival, uint64_t *id, stoa_error *err)
{
    struct stoa__entry *entry = &arrival->entry;
    struct stoa__named *scan = NULL;
    uint64_t made = 0;
    stoa_status rc =
        stoa__named_open(entry, STOA__KIND_SCAN, arrival->name, 0, &scan, &made, err);

    if (rc != STOA_OK)
        return rc;
    rc = entry->engine->scan_add(entry->session->native, arrival->name, &arrival->source,
                                 arrival->config.replace, &scan->native, err);
    if (rc != STOA_OK) {
        stoa__object_close(made, STOA__KIND_SCAN);
        return rc;
    }
    if (arrival->config.replace)
        stoa__named_replace(scan);
    *id = made;
    return STOA_OK;
}

static stoa_status arrive(struct arrival *out, stoa_conn conn, stoa_op op,
                          const char *name, int64_t name_size, const stoa_option *options,
                          int64_t option_count, stoa_error *err)
{
    stoa_status rc;

    *out = (struct arrival){0};
    rc = stoa__name_copy("name", name, name_size, &out->name, err);
    if (rc == STOA_OK)
        rc = read_config(options, option_count, &out->config, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&out->entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK && !STOA__HAS(out->entry.engine, scan_add))
        rc = stoa__leave(&out->entry,
                         stoa__unsupported(out->entry.engine, STOA_CAN_SCANS, err));
    if (rc != STOA_OK) {
        stoa__free(out->name);
        return rc;
    }
    out->source.retain_size = out->config.retain_size;
    out->source.check = out->config.check;
    return STOA_OK;
}

static stoa_status depart(struct arrival *arrival, stoa_status rc)
{
    if (rc != STOA_OK)
        stoa__arena_release(&arrival->source.arena);
    rc = stoa__leave(&arrival->entry, rc);
    stoa__free(arrival->name);
    return rc;
}

/* The type of a source is kept in its own arena. */
static stoa_status parse_type(struct stoa__scan_source *source,
                              const struct ArrowSchema *schema, stoa_error *err)
{
    stoa_status rc = stoa__arrow_type_parse(schema, &source->arena, &source->type, err);

    if (rc == STOA_OK && source->type->kind != STOA__ARROW_STRUCT)
        rc = stoa__fail(err, STOA_ERR_INVALID,
                        "schema is not a struct: its format is \"%s\"",
                        source->type->format);
    return rc;
}

/* ---- a stream ---- */

static stoa_status register_stream(struct arrival *arrival,
                                   struct ArrowArrayStream *stream, uint64_t *id,
                                   stoa_error *err)
{
    struct stoa__stream_in *in = stoa__alloc_zero(1, sizeof *in);
    stoa_status rc;

    if (!in)
        return stoa__fail_nomem(err);
    rc = stoa__stream_in_init(in, stream, arrival->config.check, err);
    if (rc != STOA_OK) {
        stoa__free(in);
        return rc;
    }
    arrival->source.stream = in;
    rc = parse_type(&arrival->source, &in->schema, err);
    if (rc == STOA_OK)
        rc = settle(arrival, id, err);
    if (rc != STOA_OK) {
        stoa__stream_in_return(in, stream);
        stoa__free(in);
    }
    return rc;
}

stoa_status stoa_scan_register(stoa_conn conn, stoa_op op, const char *name,
                               int64_t name_size, struct ArrowArrayStream *stream,
                               const stoa_option *options, int64_t option_count,
                               stoa_scan *out, stoa_error *err)
{
    struct arrival arrival;
    stoa_status rc;

    if (out)
        *out = (stoa_scan){0};
    if (!out || !stream)
        return stoa__fail_null(err, out ? "stream" : "out");
    rc = arrive(&arrival, conn, op, name, name_size, options, option_count, err);
    if (rc != STOA_OK)
        return rc;
    return depart(&arrival, register_stream(&arrival, stream, &out->id, err));
}

/* ---- batches in memory ---- */

/*
 * A batch that can still be given back: sharing takes an array, but a registration that fails
 * must leave the caller's as they were. So a copy of the struct is shared, whose release does
 * nothing until the caller's own was moved here.
 */
struct lent {
    struct ArrowArray original; /* Released: the caller has it still. */
};

static void lent_release(struct ArrowArray *array)
{
    struct lent *lent = array->private_data;

    array->release = NULL;
    stoa__array_release(&lent->original);
    stoa__free(lent);
}

static stoa_status lend(const struct ArrowArray *batch, struct ArrowArray *shared,
                        struct lent **out, stoa_error *err)
{
    struct lent *lent = stoa__alloc_zero(1, sizeof *lent);
    struct ArrowArray copy = *batch;
    stoa_status rc;

    if (!lent)
        return stoa__fail_nomem(err);
    copy.release = lent_release;
    copy.private_data = lent;
    rc = stoa__array_share(&copy, shared, err);
    if (rc == STOA_OK)
        *out = lent;
    else
        stoa__free(lent);
    return rc;
}

static stoa_status share_all(struct stoa__scan_source *source,
                             const struct ArrowArray *batches, struct lent **lent,
                             stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < source->batch_count && rc == STOA_OK; i++) {
        rc = stoa__arrow_validate(source->type, &batches[i], source->check, err);
        if (rc == STOA_OK)
            rc = lend(&batches[i], &source->batches[i], &lent[i], err);
        if (rc != STOA_OK)
            stoa__wrap(err, "batch %lld", (long long)i);
    }
    return rc;
}

static stoa_status register_batches(struct arrival *arrival,
                                    const struct ArrowSchema *schema,
                                    struct ArrowArray *batches, int64_t batch_count,
                                    uint64_t *id, stoa_error *err)
{
    struct stoa__scan_source *source = &arrival->source;
    struct lent **lent = stoa__alloc_zero((size_t)batch_count, sizeof *lent);
    stoa_status rc = parse_type(source, schema, err);

    source->batch_count = batch_count;
    source->batches = stoa__alloc_zero((size_t)batch_count, sizeof *source->batches);
    if (rc == STOA_OK && (!lent || !source->batches))
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK)
        rc = share_all(source, batches, lent, err);
    if (rc == STOA_OK)
        rc = settle(arrival, id, err);
    if (rc == STOA_OK) {
        for (int64_t i = 0; i < batch_count; i++) {
            lent[i]->original = batches[i];
            batches[i].release = NULL;
        }
    } else if (source->batches) {
        for (int64_t i = 0; i < batch_count; i++)
            stoa__array_release(&source->batches[i]);
        stoa__free(source->batches);
    }
    stoa__free(lent);
    return rc;
}

stoa_status stoa_scan_register_batches(stoa_conn conn, stoa_op op, const char *name,
                                       int64_t name_size, struct ArrowSchema *schema,
                                       struct ArrowArray *batches, int64_t batch_count,
                                       const stoa_option *options, int64_t option_count,
                                       stoa_scan *out, stoa_error *err)
{
    struct arrival arrival;
    stoa_status rc;

    if (out)
        *out = (stoa_scan){0};
    if (!out || !schema)
        return stoa__fail_null(err, out ? "schema" : "out");
    if (batch_count < 0 || batch_count > INT32_MAX || (!batches && batch_count > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "batch_count is %lld, and batches is %s",
                          (long long)batch_count, batches ? "not NULL" : "NULL");
    rc = arrive(&arrival, conn, op, name, name_size, options, option_count, err);
    if (rc != STOA_OK)
        return rc;
    rc = register_batches(&arrival, schema, batches, batch_count, &out->id, err);
    rc = depart(&arrival, rc);
    if (rc == STOA_OK)
        stoa__schema_release(schema);
    return rc;
}

/* ---- a factory ---- */

/* Ask it once, for the schema. */
static stoa_status ask_factory(struct arrival *arrival, stoa_stream_factory open,
                               void *user_data, stoa_error *err)
{
    struct ArrowArrayStream stream = {0};
    struct stoa__stream_in in;
    stoa_error failure = {0};
    stoa_status rc = open(user_data, &stream, &failure);

    if (rc != STOA_OK) {
        if (stream.release)
            stream.release(&stream);
        if (failure.code != STOA_OK)
            (void)stoa__error_mend(&failure, rc);
        return stoa__fail(err, STOA_ERR_CALLBACK, "the factory failed: %s",
                          failure.code != 0 ? failure.text : "it does not say why");
    }
    if (!stream.release)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the factory gave no stream");
    rc = stoa__stream_in_init(&in, &stream, arrival->config.check, err);
    if (rc != STOA_OK) {
        if (stream.release)
            stream.release(&stream);
        return rc;
    }
    rc = parse_type(&arrival->source, &in.schema, err);
    stoa__stream_in_release(&in);
    return rc;
}

static stoa_status register_factory(struct arrival *arrival, stoa_stream_factory open,
                                    void *user_data, stoa_release release, uint64_t *id,
                                    stoa_error *err)
{
    stoa_status rc = ask_factory(arrival, open, user_data, err);

    arrival->source.open = open;
    arrival->source.user_data = user_data;
    arrival->source.release = release;
    return rc == STOA_OK ? settle(arrival, id, err) : rc;
}

stoa_status stoa_scan_register_factory(stoa_conn conn, stoa_op op, const char *name,
                                       int64_t name_size, stoa_stream_factory open,
                                       void *user_data, stoa_release release,
                                       const stoa_option *options, int64_t option_count,
                                       stoa_scan *out, stoa_error *err)
{
    struct arrival arrival;
    stoa_status rc;

    if (out)
        *out = (stoa_scan){0};
    if (!out || !open)
        rc = stoa__fail_null(err, out ? "open" : "out");
    else
        rc = arrive(&arrival, conn, op, name, name_size, options, option_count, err);
    if (rc == STOA_OK) {
        rc = register_factory(&arrival, open, user_data, release, &out->id, err);
        rc = depart(&arrival, rc);
    }
    if (rc != STOA_OK && release)
        release(user_data);
    return rc;
}

/* ---- the resolver ---- */

static stoa_status set_resolver(struct stoa__entry *entry, stoa_resolver resolver,
                                void *user_data, stoa_release release, stoa_error *err)
{
    struct stoa__session *session = entry->session;
    stoa_release old_release = session->resolver_release;
    void *old_data = session->resolver_data;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, scan_resolver))
        return stoa__unsupported(entry->engine, STOA_CAN_SCANS, err);
    rc = entry->engine->scan_resolver(session->native, resolver, user_data, err);
    if (rc != STOA_OK)
        return rc;
    session->resolver_release = resolver ? release : NULL;
    session->resolver_data = resolver ? user_data : NULL;
    if (old_release)
        old_release(old_data);
    /* Removing is done, and nothing is kept of what came with it. */
    if (!resolver && release)
        release(user_data);
    return STOA_OK;
}

stoa_status stoa_scan_resolver(stoa_conn conn, stoa_resolver resolver, void *user_data,
                               stoa_release release, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);

    if (rc == STOA_OK)
        rc = stoa__leave(&entry, set_resolver(&entry, resolver, user_data, release, err));
    if (rc != STOA_OK && release)
        release(user_data);
    return rc;
}
