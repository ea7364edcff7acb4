/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a scan: batches in memory, a stream that is kept as it goes by, a factory that
 * is opened for each reading. */
#include "arrow/array.h"
#include "arrow/stream.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/scan_own.h"
#include "engine/sqlite/scan_size.h"

#include <assert.h>

#include "base/ban.h"

/* One pass over a scan. */
struct sqlite_reading {
    int64_t index; /* In `kept`. */
    int64_t row;   /* The next batch's first, when it passes by. */
    bool opened;   /* A factory's: */
    struct stoa__stream_in stream;
    struct ArrowArray passing; /* The batch that is not kept. */
};

/* ---- batches ---- */

stoa_status sqlite_scan_reserve(struct sqlite_scan *scan, int64_t more, stoa_error *err)
{
    const int64_t need = scan->kept_count + more;
    int64_t capacity = scan->kept_capacity > 0 ? scan->kept_capacity : 16;
    struct ArrowArray **kept;
    int64_t *rows;

    if (need <= scan->kept_capacity)
        return STOA_OK;
    while (capacity < need)
        capacity *= 2;
    kept = stoa__realloc(scan->kept, (size_t)capacity * sizeof(*kept));
    if (kept)
        scan->kept = kept;
    rows =
        kept ? stoa__realloc(scan->first_rows, (size_t)capacity * sizeof(*rows)) : NULL;
    if (!rows)
        return stoa__fail_nomem(err);
    scan->first_rows = rows;
    scan->kept_capacity = capacity;
    return STOA_OK;
}

void sqlite_scan_keep(struct sqlite_scan *scan, struct ArrowArray *batch)
{
    assert(scan->kept_count < scan->kept_capacity);
    scan->first_rows[scan->kept_count] = scan->row_count;
    scan->kept[scan->kept_count++] = batch;
    scan->row_count += batch->length;
}

/* The next batch of a stream, kept or passing. Room is made first: a batch that was taken
 * from the producer and could not be kept would be missing for ever. */
static stoa_status pull(struct sqlite_scan *scan, struct sqlite_reading *reading,
                        stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    const bool before = session->in_callback;
    struct ArrowArray *batch;
    int64_t size;
    stoa_status rc = sqlite_scan_reserve(scan, 1, err);

    if (rc != STOA_OK)
        return rc;
    batch = stoa__alloc_zero(1, sizeof(*batch));
    if (!batch)
        return stoa__fail_nomem(err);
    session->in_callback = true;
    rc = stoa__stream_in_next(scan->data.stream, batch, err);
    session->in_callback = before;
    if (rc != STOA_OK) {
        scan->complete = rc == STOA_DONE;
        stoa__free(batch);
        return rc;
    }
    size = sqlite_scan_size(scan->source.type, batch);
    if (!scan->overflowed && size <= scan->data.retain_size - scan->kept_size) {
        scan->kept_size += size;
        sqlite_scan_keep(scan, batch);
        return STOA_OK;
    }
    scan->overflowed = true;
    scan->last = reading;
    stoa__array_release(&reading->passing);
    reading->passing = *batch;
    reading->row = scan->row_count;
    scan->row_count += batch->length;
    stoa__free(batch);
    return STOA_OK;
}

static stoa_status fail_full(const struct sqlite_scan *scan, stoa_error *err)
{
    return stoa__fail(
        err, STOA_ERR_FULL,
        "scan '%s' is a stream of more than retain_size=%lld bytes and cannot be "
        "read again; register batches or a factory, or store it first",
        scan->name, (long long)scan->data.retain_size);
}

static stoa_status open_factory(struct sqlite_scan *scan, struct sqlite_reading *reading,
                                stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    const bool before = session->in_callback;
    struct ArrowArrayStream stream = {0};
    stoa_error failure = {0};
    stoa_status rc;

    session->in_callback = true;
    rc = scan->data.open(scan->data.user_data, &stream, &failure);
    if (rc != STOA_OK && failure.code != STOA_OK)
        (void)stoa__error_mend(&failure, rc);
    if (rc == STOA_OK && !stream.release)
        rc = stoa__fail(&failure, STOA_ERR_CALLBACK, "the factory gave no stream");
    else if (rc == STOA_OK)
        rc = stoa__stream_in_init(&reading->stream, &stream, scan->data.check, &failure);
    reading->opened = rc == STOA_OK;
    if (!reading->opened && stream.release)
        stream.release(&stream);
    session->in_callback = before;
    if (rc == STOA_OK && !stoa__arrow_type_equal(reading->stream.type, scan->source.type))
        rc = stoa__fail(&failure, STOA_ERR_TYPE,
                        "the factory opened a stream of another schema than before");
    if (rc == STOA_OK)
        return STOA_OK;
    if (failure.code == STOA_OK)
        (void)stoa__fail(&failure, rc < 0 ? rc : STOA_ERR_CALLBACK, "the factory failed");
    stoa__error_copy(err, &failure);
    stoa__wrap(err, "scan '%s'", scan->name);
    return failure.code;
}

/* ---- a reading ---- */

static void reading_free(struct sqlite_scan *scan, struct sqlite_reading *reading)
{
    if (scan->last == reading)
        scan->last = NULL;
    stoa__array_release(&reading->passing);
    if (reading->opened)
        stoa__stream_in_release(&reading->stream);
    stoa__free(reading);
}

/* The last batch that begins at or before `row`. */
static int64_t find_batch(const struct sqlite_scan *scan, int64_t row)
{
    int64_t low = 0, high = scan->kept_count;

    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;

        if (scan->first_rows[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

stoa_status sqlite_scan_start(struct sqlite_source *self, int64_t row_low, void **out,
                              stoa_error *err)
{
    struct sqlite_scan *const scan = sqlite_scan_of(self);
    struct sqlite_reading *reading;
    stoa_status rc = STOA_OK;

    if (scan->overflowed)
        return fail_full(scan, err);
    reading = stoa__alloc_zero(1, sizeof(*reading));
    if (!reading)
        return stoa__fail_nomem(err);
    if (scan->data.open)
        rc = open_factory(scan, reading, err);
    else
        reading->index = find_batch(scan, row_low);
    if (rc != STOA_OK) {
        reading_free(scan, reading);
        return rc;
    }
    *out = reading;
    return STOA_OK;
}

static stoa_status next_of_factory(struct sqlite_scan *scan,
                                   struct sqlite_reading *reading,
                                   struct sqlite_batch *out, stoa_error *err)
{
    struct sqlite_session *const session = scan->source.session;
    const bool before = session->in_callback;
    const int64_t row = reading->row + reading->passing.length;
    stoa_status rc;

    stoa__array_release(&reading->passing);
    session->in_callback = true;
    rc = stoa__stream_in_next(&reading->stream, &reading->passing, err);
    session->in_callback = before;
    if (rc != STOA_OK)
        return rc;
    reading->row = row;
    *out = (struct sqlite_batch){&reading->passing, row, false};
    return STOA_OK;
}

stoa_status sqlite_scan_next(struct sqlite_source *self, void *state,
                             struct sqlite_batch *out, stoa_error *err)
{
    struct sqlite_scan *const scan = sqlite_scan_of(self);
    struct sqlite_reading *const reading = state;
    stoa_status rc;

    if (scan->data.open)
        return next_of_factory(scan, reading, out, err);
    if (reading->index >= scan->kept_count) {
        if (scan->complete)
            return STOA_DONE;
        if (scan->overflowed && scan->last != reading)
            return fail_full(scan, err);
        rc = pull(scan, reading, err);
        if (rc != STOA_OK)
            return rc;
    }
    if (reading->index < scan->kept_count) {
        *out = (struct sqlite_batch){scan->kept[reading->index],
                                     scan->first_rows[reading->index], true};
        reading->index++;
        return STOA_OK;
    }
    *out = (struct sqlite_batch){&reading->passing, reading->row, false};
    return STOA_OK;
}

void sqlite_scan_stop(struct sqlite_source *self, void *state)
{
    if (state)
        reading_free(sqlite_scan_of(self), state);
}
