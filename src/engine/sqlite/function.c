/* SPDX-License-Identifier: Apache-2.0 */
/* Registration of the caller's functions, and calling those that give a value a row. */
#include "engine/sqlite/function.h"

#include "arrow/validate.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static void unref(struct sqlite_function *function)
{
    if (--function->references > 0)
        return;
    if (function->spec.release)
        function->spec.release(function->spec.user_data);
    stoa__buffer_release(&function->values);
    stoa__buffer_release(&function->bytes);
    stoa__arena_release(&function->spec.arena);
    stoa__free(function);
}

static void on_destroy(void *function)
{
    unref(function);
}

/* ---- calling ---- */

void sqlite_function_fail(struct sqlite_function *function, sqlite3_context *context,
                          stoa_error *error)
{
    struct sqlite_session *session = function->session;

    if ((function->spec.flags & STOA_FUNCTION_NULL_ON_ERROR) && error->code != STOA_ERR_NOMEM) {
        sqlite3_result_null(context);
        return;
    }
    stoa__wrap(error, "function '%s'", function->spec.name);
    if (session->failure.code == STOA_OK)
        session->failure = *error;
    /* Never one of the codes that end the transaction (sqlite-arrow.md 4.2). */
    sqlite3_result_error(context, error->text, error->text_size);
}

void sqlite_callback_error(stoa_error *error)
{
    memset(error, 0, offsetof(stoa_error, text) + 1);
}

stoa_status sqlite_callback_failed(stoa_status rc, stoa_error *error)
{
    (void)stoa__error_mend(error, rc);
    error->code = STOA_ERR_CALLBACK;
    return STOA_ERR_CALLBACK;
}

bool sqlite_any_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++)
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return true;
    return false;
}

static stoa_status call_row(struct sqlite_function *function, sqlite3_context *context, int count,
                            sqlite3_value **values, stoa__buffer *packed, stoa__buffer *bytes,
                            stoa_error *error)
{
    stoa_value result = {.type = STOA_TYPE_NULL};
    const uint8_t *result_bytes = NULL;
    stoa_status rc = STOA_OK;

    packed->size = 0;
    bytes->size = 0;
    for (int i = 0; i < count && rc == STOA_OK; i++)
        rc = sqlite_argument_pack(function, i, values[i], packed, bytes, error);
    if (rc != STOA_OK)
        return rc;
    const stoa_rows rows = {
        .values = (const stoa_value *)(const void *)packed->data,
        .bytes = bytes->data,
        .bytes_size = (int64_t)bytes->size,
        .row_count = 1,
        .column_count = count,
        .rows_affected = -1,
    };
    rc = function->spec.row(function->spec.user_data, &rows, &result, &result_bytes, error);
    if (rc < 0)
        return sqlite_callback_failed(rc, error);
    return sqlite_result_pack(function, context, &result, result_bytes, error);
}

static stoa_status call_batch(struct sqlite_function *function, sqlite3_context *context,
                              int count, sqlite3_value **values, stoa_error *error)
{
    struct stoa__builder builder = {0};
    struct ArrowArray arguments = {0};
    struct ArrowArray result = {0};
    stoa__arena arena = {0};

    const struct stoa__arrow_type *type = sqlite_arguments_type(function, count, &arena);
    stoa_status rc =
        type ? stoa__builder_init(&builder, type, 1, error) : stoa__fail_nomem(error);
    for (int i = 0; i < count && rc == STOA_OK; i++)
        rc = sqlite_argument_append(function, i, values[i], &builder.root.children[i], error);
    if (rc == STOA_OK) {
        builder.root.length = 1;
        rc = stoa__builder_finish(&builder, 0, &arguments, error);
    }
    if (rc == STOA_OK) {
        rc = function->spec.batch(function->spec.user_data, &arguments, &result, error);
        if (rc < 0)
            rc = sqlite_callback_failed(rc, error);
        else
            rc = sqlite_result_array(function, context, &result, error);
    }
    stoa__array_release(&result);
    stoa__array_release(&arguments);
    stoa__builder_release(&builder);
    stoa__arena_release(&arena);
    return rc;
}

static void on_call(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_function *function = sqlite3_user_data(context);
    struct sqlite_session *session = function->session;
    bool was_in_callback = session->in_callback;
    bool nested = function->running; /* A function whose own query calls it: scratch is taken. */
    stoa__buffer own_values = {0};
    stoa__buffer own_bytes = {0};
    stoa_error error;
    stoa_status rc;

    if (!(function->spec.flags & STOA_FUNCTION_CALL_ON_NULL) &&
        sqlite_any_null(count, values))
        return;
    sqlite_callback_error(&error);
    session->in_callback = true;
    function->running = true;
    function->references++; /* It may drop itself. */
    if (function->spec.batch)
        rc = call_batch(function, context, count, values, &error);
    else
        rc = call_row(function, context, count, values, nested ? &own_values : &function->values,
                      nested ? &own_bytes : &function->bytes, &error);
    session->in_callback = was_in_callback;
    function->running = nested;
    if (rc != STOA_OK)
        sqlite_function_fail(function, context, &error);
    stoa__buffer_release(&own_values);
    stoa__buffer_release(&own_bytes);
    unref(function);
}

/* ---- registration ---- */

static int sqlite_flags(int64_t flags)
{
    int out = SQLITE_UTF8;
    if (flags & STOA_FUNCTION_DETERMINISTIC)
        out |= SQLITE_DETERMINISTIC;
    /* The schema is not trusted, so what it may call must be declared harmless. */
    out |= flags & STOA_FUNCTION_IN_SCHEMA ? SQLITE_INNOCUOUS : SQLITE_DIRECTONLY;
    return out;
}

static int argument_count(const struct stoa__function_spec *spec)
{
    return spec->flags & STOA_FUNCTION_VARIADIC ? -1 : spec->parameters->child_count;
}

/* Is there a function of this name and count (-1: that takes any)? */
static stoa_status find_existing(struct sqlite_session *session,
                                 const struct stoa__function_spec *spec, bool *found,
                                 stoa_error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(session->db,
                                  "SELECT 1 FROM pragma_function_list WHERE name = ?1 COLLATE "
                                  "NOCASE AND narg = ?2",
                                  -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, spec->name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 2, argument_count(spec));
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    *found = code == SQLITE_ROW;
    stoa_status rc =
        code == SQLITE_ROW || code == SQLITE_DONE ? STOA_OK : sqlite_fail(session, code, err);
    sqlite3_finalize(statement);
    return rc;
}

static bool is_pending(const struct sqlite_session *session,
                       const struct stoa__function_spec *spec)
{
    const struct sqlite_function *at = session->functions;
    while (at && (sqlite3_stricmp(at->spec.name, spec->name) != 0 ||
                  argument_count(&at->spec) != argument_count(spec)))
        at = at->next;
    return at != NULL;
}

static stoa_status check_spec(struct sqlite_session *session,
                              const struct stoa__function_spec *spec, stoa_error *err)
{
    int limit = sqlite3_limit(session->db, SQLITE_LIMIT_FUNCTION_ARG, -1);
    int32_t count = spec->parameters->child_count;

    if (*spec->name == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "a function needs a name");
    if (strlen(spec->name) > 255)
        return stoa__fail(err, STOA_ERR_INVALID, "a function's name has at most 255 bytes");
    if (count > limit)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "function '%s' has %d parameters; SQLite takes at most %d", spec->name,
                          count, limit);
    if ((spec->flags & STOA_FUNCTION_VARIADIC) && count == 0)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "function '%s' takes any number of arguments of its last parameter's "
                          "type, and has no parameter",
                          spec->name);
    if (!spec->row && !spec->returns)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "function '%s' gives arrays and must say of which type", spec->name);
    for (int32_t i = 0; i < count && !spec->row; i++)
        if (spec->parameters->children[i].kind == STOA__ARROW_NULL)
            return stoa__fail(err, STOA_ERR_INVALID,
                              "function '%s': parameter %d of any type ('n') is for row "
                              "functions only",
                              spec->name, i + 1);
    return STOA_OK;
}

static stoa_status check_existing(struct sqlite_session *session,
                                  const struct stoa__function_spec *spec, stoa_error *err)
{
    bool found = false;

    if (is_pending(session, spec))
        return stoa__fail(err, STOA_ERR_BUSY,
                          "function '%s' is dropped, but a statement that runs has it still",
                          spec->name);
    stoa_status rc = find_existing(session, spec, &found, err);
    if (rc == STOA_OK && found && !(spec->flags & STOA_FUNCTION_REPLACE))
        rc = stoa__fail(err, STOA_ERR_EXISTS,
                        "there is a function '%s' with that number of arguments already",
                        spec->name);
    return rc;
}

stoa_status sqlite_function_add(void *self, struct stoa__function_spec *spec, void **out,
                                stoa_error *err)
{
    struct sqlite_session *session = self;
    sqlite_functions_settle(session);
    stoa_status rc = check_spec(session, spec, err);
    if (rc == STOA_OK)
        rc = check_existing(session, spec, err);
    if (rc != STOA_OK)
        return rc;
    struct sqlite_function *function = stoa__alloc_zero(1, sizeof *function);
    if (!function)
        return stoa__fail_nomem(err);
    function->session = session;
    function->spec = *spec;
    function->parameter_count = spec->parameters->child_count;
    if (spec->returns)
        function->returns = (struct sqlite_column_form){
            stoa__arrow_type_values(spec->returns), sqlite_type_form_default(spec->returns)};
    /* Until it is registered the spec is the core's: the destructor SQLite runs on a failure must
     * not touch it. */
    stoa_release release = function->spec.release;
    stoa__arena arena = function->spec.arena;
    function->spec.release = NULL;
    function->spec.arena = (stoa__arena){0};
    function->references = 2;

    bool aggregate = spec->step != NULL;
    int code = sqlite3_create_function_v2(session->db, spec->name, argument_count(spec),
                                          sqlite_flags(spec->flags), function,
                                          aggregate ? NULL : on_call,
                                          aggregate ? sqlite_aggregate_step : NULL,
                                          aggregate ? sqlite_aggregate_final : NULL, on_destroy);
    if (code != SQLITE_OK) { /* SQLite has let go of its reference. */
        rc = (code & 0xff) == SQLITE_BUSY
                 ? stoa__fail(err, STOA_ERR_BUSY,
                              "function '%s' cannot be replaced while statements run", spec->name)
                 : sqlite_fail(session, code, err);
        unref(function);
        return rc;
    }
    function->spec.release = release;
    function->spec.arena = arena;
    session->dirty = true;
    *out = function;
    return STOA_OK;
}

/* Remove it from SQLite; false when statements run. */
static bool remove_now(struct sqlite_function *function)
{
    struct stoa__function_spec *spec = &function->spec;
    return sqlite3_create_function_v2(function->session->db, spec->name, argument_count(spec),
                                      SQLITE_UTF8, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

void sqlite_function_drop(void *self)
{
    struct sqlite_function *function = self;
    struct sqlite_session *session = function->session;

    if (function->references > 1 && !remove_now(function)) {
        function->next = session->functions;
        session->functions = function;
        return;
    }
    unref(function);
}

void sqlite_functions_settle(struct sqlite_session *session)
{
    struct sqlite_function **at = &session->functions;
    while (*at) {
        struct sqlite_function *function = *at;
        if (function->references > 1 && !remove_now(function))
            return; /* Still statements that run. */
        *at = function->next;
        unref(function);
    }
}

void sqlite_functions_forget(struct sqlite_session *session)
{
    while (session->functions) {
        struct sqlite_function *function = session->functions;
        session->functions = function->next;
        unref(function);
    }
}
