/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/stream.h"

#include "arrow/array.h"
#include "arrow_samples.h"
#include "base/error.h"
#include "base/mem.h"

#include <errno.h>

static int64_t live_streams(void)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(STOA_LIVE_STREAM, &count, NULL), STOA_OK);
    return count;
}

/* A foreign stream of int64 batches, told when and how to fail. */
struct foreign {
    int schema_calls, next_calls, error_calls, releases;
    int batches;            /* Until the end. */
    int schema_code;        /* Answer of get_schema. */
    int next_code, fail_at; /* Answer of the get_next call number `fail_at`, from 1. */
    const char *text;       /* Written over after it was asked for. */
    char error[2000];
    bool bad_batch, released_schema, garbage;
};

static int foreign_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct foreign *self = stream->private_data;
    struct ArrowSchema *schema;

    self->schema_calls++;
    if (self->garbage)
        memset(out, 0x55, sizeof(*out));
    if (self->schema_code != 0)
        return self->schema_code;
    memset(out, 0, sizeof(*out));
    if (self->released_schema)
        return 0;
    schema = make_table(make_schema("l", "c"));
    *out = *schema;
    free(schema);
    return 0;
}

static int foreign_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct foreign *self = stream->private_data;
    struct ArrowArray *batch;

    memset(self->error, '#', 5); /* What it told before is gone. */
    if (self->garbage)
        memset(out, 0x55, sizeof(*out));
    if (++self->next_calls == self->fail_at)
        return self->next_code;
    memset(out, 0, sizeof(*out));
    if (self->next_calls > self->batches)
        return 0;
    batch = make_batch(sample_fixed(8, false), 0, self->bad_batch ? 7 : 3);
    *out = *batch;
    free(batch);
    return 0;
}

static const char *foreign_error(struct ArrowArrayStream *stream)
{
    struct foreign *self = stream->private_data;

    self->error_calls++;
    if (!self->text)
        return NULL;
    (void)snprintf(self->error, sizeof(self->error), "%s", self->text);
    return self->error;
}

static void foreign_release(struct ArrowArrayStream *stream)
{
    ((struct foreign *)stream->private_data)->releases++;
    stream->release = NULL;
}

static struct ArrowArrayStream foreign_stream(struct foreign *self)
{
    const struct ArrowArrayStream stream = {foreign_schema, foreign_next, foreign_error,
                                            foreign_release, self};

    return stream;
}

static void a_foreign_stream_is_read_to_its_end(void)
{
    struct foreign self = {.batches = 2};
    struct ArrowArrayStream stream = foreign_stream(&self);
    struct stoa__stream_in in;
    struct ArrowArray batch;

    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_FULL, NULL), STOA_OK);
    CHECK(stream.release == NULL); /* Taken. */
    CHECK_INT(in.type->child_count, 1);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stoa__stream_in_next(&in, &batch, NULL), STOA_OK);
        CHECK_INT(batch.length, 3);
        stoa_batch_release(&batch);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_INT(stoa__stream_in_next(&in, &batch, NULL), STOA_DONE);
        CHECK(batch.release == NULL);
    }
    CHECK_INT(self.next_calls, 3); /* Not asked again after its end. */
    CHECK_INT(self.schema_calls, 1);
    CHECK_INT(in.batch_count, 2);
    CHECK_INT(in.row_count, 6);
    stoa__stream_in_release(&in);
    stoa__stream_in_release(&in);
    CHECK_INT(self.releases, 1);
    CHECK_INT(make_alive, 0);
}

static void the_first_failure_of_a_producer_stays(void)
{
    struct foreign self = {.batches = 5, .fail_at = 2, .next_code = EIO, .garbage = true,
                           .text = "the disk is \xff gone"};
    struct ArrowArrayStream stream = foreign_stream(&self);
    struct stoa__stream_in in;
    struct ArrowArray batch;
    stoa_error err;

    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL), STOA_OK);
    CHECK_INT(stoa__stream_in_next(&in, &batch, NULL), STOA_OK);
    stoa_batch_release(&batch);
    for (int i = 0; i < 3; i++) {
        memset(&err, 0, sizeof(err));
        CHECK_INT(stoa__stream_in_next(&in, &batch, &err), STOA_ERR_CALLBACK);
        CHECK_INT(err.code, STOA_ERR_CALLBACK);
        CHECK_INT(err.engine_code, EIO);
        CHECK_TEXT(err.text, "the stream failed: the disk is ? gone");
        CHECK(batch.release == NULL);
    }
    CHECK_INT(stoa__stream_in_next(&in, &batch, NULL), STOA_ERR_CALLBACK);
    CHECK_INT(self.next_calls, 2);
    CHECK_INT(self.error_calls, 1); /* Its text was kept, since the next call ends it. */
    stoa__stream_in_release(&in);
}

static void a_batch_that_does_not_fit_ends_the_stream(void)
{
    struct foreign self = {.batches = 5, .bad_batch = true};
    struct ArrowArrayStream stream = foreign_stream(&self);
    struct stoa__stream_in in;
    struct ArrowArray batch;
    stoa_error err;

    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL), STOA_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stoa__stream_in_next(&in, &batch, &err), STOA_ERR_INVALID);
        CHECK_TEXT(err.text, "batch 0 of the stream: column 'c': the array has 6 rows "
                             "where 7 are needed");
        CHECK(batch.release == NULL);
    }
    CHECK_INT(self.next_calls, 1);
    stoa__stream_in_release(&in);
    CHECK_INT(make_alive, 0); /* The bad batch was released, too. */
}

static void a_failure_without_text_tells_the_number(void)
{
    struct foreign self = {.batches = 5, .fail_at = 1, .next_code = 12345};
    struct ArrowArrayStream stream = foreign_stream(&self);
    struct stoa__stream_in in;
    struct ArrowArray batch;
    stoa_error err;

    stream.get_last_error = NULL;
    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL), STOA_OK);
    CHECK_INT(stoa__stream_in_next(&in, &batch, &err), STOA_ERR_CALLBACK);
    CHECK_TEXT(err.text, "the stream failed with errno 12345 and no text");
    stoa__stream_in_release(&in);
}

static void check_not_taken(struct foreign *self, struct ArrowArrayStream *stream,
                            stoa_status code, const char *text)
{
    struct stoa__stream_in in, zero;
    stoa_error err;

    memset(&in, 0xff, sizeof(in));
    memset(&zero, 0, sizeof(zero));
    CHECK_INT(stoa__stream_in_init(&in, stream, STOA_CHECK_SHAPE, &err), code);
    CHECK_HAS(err.text, text);
    CHECK(memcmp(&in, &zero, sizeof(in)) == 0);
    CHECK_INT(self->releases, 0);
    CHECK_INT(make_alive, 0);
}

static void a_stream_that_cannot_be_read_is_not_taken(void)
{
    struct foreign self = {.schema_code = ENOMEM, .text = "no schema", .garbage = true};
    struct ArrowArrayStream stream = foreign_stream(&self), empty = {0};

    check_not_taken(&self, &stream, STOA_ERR_CALLBACK, "schema failed: no schema");
    self.schema_code = 0;
    self.released_schema = true;
    check_not_taken(&self, &stream, STOA_ERR_INVALID, "gave a released schema");
    stream.get_next = NULL;
    check_not_taken(&self, &stream, STOA_ERR_INVALID, "no get_next function");
    stream.get_schema = NULL;
    check_not_taken(&self, &stream, STOA_ERR_INVALID, "no get_schema function");
    check_not_taken(&self, &empty, STOA_ERR_INVALID, "the stream is released");
    check_not_taken(&self, NULL, STOA_ERR_INVALID, "the stream is NULL");
    CHECK(stream.release != NULL);
}

static void an_unread_stream_can_be_given_back(void)
{
    struct foreign self = {.batches = 1};
    struct ArrowArrayStream stream = foreign_stream(&self);
    struct stoa__stream_in in;

    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL), STOA_OK);
    stoa__stream_in_return(&in, &stream);
    CHECK_INT(self.releases, 0);
    CHECK(stream.private_data == &self && stream.get_next == foreign_next);
    stoa_stream_release(&stream);
    stoa_stream_release(&stream);
    CHECK_INT(self.releases, 1);
    CHECK_INT(make_alive, 0);
}

static void opening_survives_every_allocation_failure(void)
{
    struct foreign self = {.batches = 1};
    const int64_t before = stoa__mem_bytes();

    for (int nth = 0;; nth++) {
        struct ArrowArrayStream stream = foreign_stream(&self);
        struct stoa__stream_in in;
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL);
        stoa__mem_fail_nth = -1;
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            stoa__stream_in_release(&in);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK(stream.release != NULL);
        CHECK_INT(self.releases, 0);
        CHECK_INT(stoa__mem_bytes(), before);
    }
    CHECK_INT(make_alive, 0);
}

/* One of our producers: numbers of rows, then what it was told to answer. */
struct own {
    int schema_calls, next_calls, releases;
    int batches;
    stoa_status schema_answer, answer;
    bool nothing; /* Says OK and gives nothing. */
    bool half;    /* Leaves something in `out` and fails. */
    struct ArrowArrayStream *abandon; /* Released from inside. */
    int again;                        /* What a call from inside answered. */
};

static stoa_status own_schema(void *self, struct ArrowSchema *out, stoa_error *err)
{
    struct own *own = self;
    struct ArrowSchema *schema = make_table(make_schema("l", "c"));

    own->schema_calls++;
    *out = *schema;
    free(schema);
    if (own->nothing)
        stoa_schema_release(out);
    if (own->schema_answer < 0)
        return stoa__fail(err, own->schema_answer, "no schema today");
    return own->schema_answer;
}

static stoa_status own_next(void *self, struct ArrowArray *out, stoa_error *err)
{
    struct own *own = self;

    if (own->abandon) {
        struct ArrowArray other;

        own->again = own->abandon->get_next(own->abandon, &other);
        stoa_stream_release(own->abandon);
    }
    if (++own->next_calls <= own->batches || own->half) {
        struct ArrowArray *batch = make_batch(sample_fixed(8, false), 0, 3);

        *out = *batch;
        free(batch);
    }
    if (own->next_calls <= own->batches)
        return STOA_OK;
    if (own->nothing)
        return STOA_OK;
    if (own->answer == STOA_ERR_CANCELLED)
        return stoa__fail(err, STOA_ERR_CANCELLED, "stopped by hand");
    return own->answer; /* Without a word. */
}

static void own_release(void *self)
{
    ((struct own *)self)->releases++;
}

static const struct stoa__producer own_producer = {own_schema, own_next, own_release};

static struct ArrowArrayStream own_stream(struct own *own)
{
    struct ArrowArrayStream stream;

    CHECK_INT(stoa__stream_out(&own_producer, own, &stream, NULL), STOA_OK);
    return stream;
}

static void our_stream_is_read_through_its_pointers(void)
{
    struct own own = {.batches = 1, .answer = STOA_DONE};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowSchema schema;
    struct ArrowArray batch;

    CHECK_INT(live_streams(), 1);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stream.get_schema(&stream, &schema), 0);
        stoa_schema_release(&schema);
    }
    CHECK_INT(stream.get_next(&stream, &batch), 0);
    CHECK_INT(batch.length, 3);
    stoa_batch_release(&batch);
    for (int i = 0; i < 3; i++) {
        memset(&batch, 0xff, sizeof(batch));
        CHECK_INT(stream.get_next(&stream, &batch), 0);
        CHECK(batch.release == NULL);
    }
    CHECK_INT(own.next_calls, 2);
    CHECK(stream.get_last_error(&stream) == NULL);
    CHECK_INT(stream.get_schema(&stream, &schema), 0); /* Also after the end. */
    stoa_schema_release(&schema);
    stream.release(&stream);
    CHECK_INT(own.releases, 1);
    CHECK_INT(live_streams(), 0);
    CHECK_INT(make_alive, 0);
}

static void our_failures_are_sticky(void)
{
    struct own own = {.answer = STOA_ERR_CANCELLED, .half = true};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowSchema schema;
    struct ArrowArray batch;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(stream.get_next(&stream, &batch), ECANCELED);
        CHECK_TEXT(stream.get_last_error(&stream), "stopped by hand");
        CHECK(batch.release == NULL);
    }
    CHECK_INT(own.next_calls, 1);
    CHECK_INT(stream.get_schema(&stream, &schema), 0);
    CHECK(stream.get_last_error(&stream) == NULL); /* The last call did not fail. */
    stoa_schema_release(&schema);
    CHECK_INT(stream.get_next(&stream, &batch), ECANCELED);
    stream.release(&stream);
    CHECK_INT(make_alive, 0); /* What it had half made was released. */
}

static void a_failed_schema_takes_no_rows_away(void)
{
    struct own own = {.batches = 1, .answer = STOA_DONE, .schema_answer = STOA_ERR_LOCKED};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowSchema schema;
    struct ArrowArray batch;

    CHECK_INT(stream.get_schema(&stream, &schema), EAGAIN);
    CHECK(schema.release == NULL);
    CHECK_TEXT(stream.get_last_error(&stream), "no schema today");
    CHECK_INT(stream.get_next(&stream, &batch), 0);
    stoa_batch_release(&batch);
    own.schema_answer = STOA_OK;
    CHECK_INT(stream.get_schema(&stream, &schema), 0);
    stoa_schema_release(&schema);
    stream.release(&stream);
    CHECK_INT(make_alive, 0);
}

static void a_producer_that_breaks_its_promise_is_an_error(void)
{
    struct own own = {.nothing = true};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowSchema schema;
    struct ArrowArray batch;

    CHECK_INT(stream.get_schema(&stream, &schema), EIO);
    CHECK_HAS(stream.get_last_error(&stream), "gave nothing");
    CHECK_INT(stream.get_next(&stream, &batch), EIO);
    CHECK_HAS(stream.get_last_error(&stream), "gave nothing");
    stream.release(&stream);
    own = (struct own){.answer = STOA_TIMEOUT_EMPTY};
    stream = own_stream(&own);
    CHECK_INT(stream.get_next(&stream, &batch), EIO);
    CHECK_HAS(stream.get_last_error(&stream), "answered 2");
    stream.release(&stream);
    own = (struct own){.answer = STOA_ERR_TIMEOUT};
    stream = own_stream(&own);
    CHECK_INT(stream.get_next(&stream, &batch), ETIMEDOUT);
    CHECK_TEXT(stream.get_last_error(&stream), "");
    stream.release(&stream);
}

static void misuse_of_our_stream_is_answered(void)
{
    struct own own = {.batches = 1};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowSchema schema;
    struct ArrowArray batch;

    CHECK_INT(stream.get_schema(&stream, NULL), EINVAL);
    CHECK_INT(stream.get_next(&stream, NULL), EINVAL);
    CHECK_INT(stream.get_schema(NULL, &schema), EINVAL);
    CHECK_INT(stream.get_next(NULL, &batch), EINVAL);
    CHECK(stream.get_last_error(NULL) == NULL);
    stream.release(NULL);
    {
        void (*release)(struct ArrowArrayStream *) = stream.release;

        release(&stream);
        release(&stream); /* Once more, through a pointer that was kept. */
    }
    CHECK_INT(own.releases, 1);
    CHECK_INT(stream.get_schema(&stream, &schema), EINVAL);
    CHECK(schema.release == NULL);
    CHECK_INT(stream.get_next(&stream, &batch), EINVAL);
    CHECK(batch.release == NULL);
    CHECK(stream.get_last_error(&stream) == NULL);
    CHECK_INT(live_streams(), 0);
}

static void a_stream_may_be_released_from_inside_its_producer(void)
{
    struct own own = {.batches = 1};
    struct ArrowArrayStream stream = own_stream(&own);
    struct ArrowArray batch;

    own.abandon = &stream;
    CHECK_INT(stream.get_next(&stream, &batch), ECANCELED);
    CHECK_INT(own.again, EBUSY);
    CHECK(batch.release == NULL && stream.release == NULL);
    CHECK_INT(own.releases, 1);
    CHECK_INT(live_streams(), 0);
    CHECK_INT(make_alive, 0);
}

static void making_a_stream_survives_an_allocation_failure(void)
{
    struct own own = {.batches = 1};
    struct ArrowArrayStream stream;
    stoa_error err;

    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__stream_out(&own_producer, &own, &stream, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK(stream.release == NULL);
    CHECK_INT(own.releases, 0);
    CHECK_INT(live_streams(), 0);
}

static void our_own_errors_come_through_whole(void)
{
    struct own own = {.answer = STOA_ERR_CANCELLED};
    struct ArrowArrayStream stream = own_stream(&own);
    struct stoa__stream_in in;
    struct ArrowArray batch;
    stoa_error err;

    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "stopped by hand");
    CHECK_INT(stoa__stream_in_init(&in, &stream, STOA_CHECK_SHAPE, NULL), STOA_OK);
    CHECK_INT(stoa__stream_in_next(&in, &batch, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "stopped by hand");
    stoa__stream_in_release(&in);
    CHECK_INT(own.releases, 1);
}

static void any_stream_is_read_through_functions(void)
{
    struct foreign self = {.batches = 1, .fail_at = 3, .next_code = ENOENT, .text = "gone"};
    struct ArrowArrayStream stream = foreign_stream(&self), empty = {0};
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_error err;

    CHECK_INT(stoa_stream_schema(&stream, &schema, &err), STOA_OK);
    stoa_schema_release(&schema);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
    stoa_batch_release(&batch);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_DONE);
    CHECK(batch.release == NULL);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "the stream failed: gone");
    CHECK_INT(err.engine_code, ENOENT);
    self.schema_code = EPERM;
    CHECK_INT(stoa_stream_schema(&stream, &schema, &err), STOA_ERR_AUTH);
    CHECK(schema.release == NULL);
    CHECK_INT(stoa_stream_schema(&stream, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_stream_next(&stream, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_stream_schema(&empty, &schema, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_stream_next(&empty, &batch, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "released");
    CHECK_INT(stoa_stream_next(NULL, &batch, NULL), STOA_ERR_INVALID);
    CHECK_INT(stoa_stream_schema(NULL, &schema, NULL), STOA_ERR_INVALID);
    stoa_stream_release(&stream);
    stoa_stream_release(NULL);
    CHECK_INT(self.releases, 1);
    CHECK_INT(make_alive, 0);
}

static void failures_have_names_in_both_languages(void)
{
    for (stoa_status status = STOA_ERR_INTERNAL; status < 0; status++)
        CHECK(stoa__errno_from_status(status) > 0);
    CHECK_INT(stoa__errno_from_status(STOA_ERR_INVALID), EINVAL);
    CHECK_INT(stoa__errno_from_status(STOA_ERR_TYPE), EINVAL);
    CHECK_INT(stoa__errno_from_status(STOA_ERR_NOMEM), ENOMEM);
    CHECK_INT(stoa__errno_from_status(STOA_ERR_CANCELLED), ECANCELED);
    CHECK_INT(stoa__errno_from_status(STOA_ERR_UNSUPPORTED), ENOTSUP);
    CHECK_INT(stoa__status_from_errno(EINVAL), STOA_ERR_INVALID);
    CHECK_INT(stoa__status_from_errno(EIO), STOA_ERR_IO);
    CHECK_INT(stoa__status_from_errno(ENOSYS), STOA_ERR_UNSUPPORTED);
    CHECK_INT(stoa__status_from_errno(EINTR), STOA_ERR_CANCELLED);
    CHECK_INT(stoa__status_from_errno(9), STOA_ERR_HANDLE);
    CHECK_INT(stoa__status_from_errno(-1), STOA_ERR_CALLBACK);
    CHECK_INT(stoa__status_from_errno(99999), STOA_ERR_CALLBACK);
}

TEST_MAIN({"a foreign stream is read to its end", a_foreign_stream_is_read_to_its_end},
          {"the first failure of a producer stays", the_first_failure_of_a_producer_stays},
          {"a batch that does not fit ends the stream",
           a_batch_that_does_not_fit_ends_the_stream},
          {"a failure without text tells the number",
           a_failure_without_text_tells_the_number},
          {"a stream that cannot be read is not taken",
           a_stream_that_cannot_be_read_is_not_taken},
          {"an unread stream can be given back", an_unread_stream_can_be_given_back},
          {"opening survives every allocation failure",
           opening_survives_every_allocation_failure},
          {"our stream is read through its pointers",
           our_stream_is_read_through_its_pointers},
          {"our failures are sticky", our_failures_are_sticky},
          {"a failed schema takes no rows away", a_failed_schema_takes_no_rows_away},
          {"a producer that breaks its promise is an error",
           a_producer_that_breaks_its_promise_is_an_error},
          {"misuse of our stream is answered", misuse_of_our_stream_is_answered},
          {"a stream may be released from inside its producer",
           a_stream_may_be_released_from_inside_its_producer},
          {"making a stream survives an allocation failure",
           making_a_stream_survives_an_allocation_failure},
          {"our own errors come through whole", our_own_errors_come_through_whole},
          {"any stream is read through functions", any_stream_is_read_through_functions},
          {"failures have names in both languages", failures_have_names_in_both_languages})
