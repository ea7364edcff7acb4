/* SPDX-License-Identifier: Apache-2.0 */
/* What driver and database are: GetInfo, table types, names of statistics, a table's schema. */
#include "adbc_export/parts.h"

#include "arrow/builder.h"
#include "base/error.h"

#include <string.h>

#include "base/ban.h"

static const char info_type[] =
    "info_name:I!,"
    "info_value:+ud:0,1,2,3,4,5(string_value:u,bool_value:b,int64_value:l,int32_bitmask:i,"
    "string_list:+l(item:u),"
    "int32_to_int32_list_map:+m(entries:+s(key:i!,value:+l(item:i))!))";

enum { INFO_TEXT = 0, INFO_BOOL = 1, INFO_INT64 = 2 };

/* One answer of the driver's. */
struct fact {
    uint32_t code;
    int8_t kind;
    const char *text;     /* NULL: a null, or a property below. */
    const char *property; /* Of the database. */
    int64_t number;
};

static const struct fact facts[] = {
    {0, INFO_TEXT, NULL, "engine", 0},
    {1, INFO_TEXT, NULL, "engine_version", 0},
    {3, INFO_BOOL, NULL, NULL, 1},
    {4, INFO_BOOL, NULL, NULL, 0},
    {100, INFO_TEXT, "ADBC Stoa Driver", NULL, 0},
    {101, INFO_TEXT, "", NULL, 0},
    {102, INFO_TEXT, "C data interface", NULL, 0},
    {103, INFO_INT64, NULL, NULL, ADBC_VERSION_1_1_0},
};

static stoa_status put_text(struct stoa__column *column, const struct fact *fact, stoa_db db,
                            stoa_error *err)
{
    char text[256] = "";
    stoa_status rc = STOA_OK;

    if (fact->property)
        rc = stoa_db_property(db, fact->property, STOA_NUL, text, sizeof text, NULL, err);
    if (rc != STOA_OK)
        return rc;
    if (!fact->property)
        return stoa__column_append_bytes(column, *fact->text ? fact->text : stoa_version(),
                                         (int64_t)strlen(*fact->text ? fact->text
                                                                     : stoa_version()),
                                         err);
    return stoa__column_append_bytes(column, text, (int64_t)strlen(text), err);
}

static stoa_status put_fact(struct stoa__column *root, const struct fact *fact, stoa_db db,
                            stoa_error *err)
{
    struct stoa__column *value = &root->children[1];
    struct stoa__column *child = &value->children[fact->kind];
    stoa_status rc = stoa__column_append_int64(&root->children[0], fact->code, err);

    if (rc == STOA_OK)
        rc = fact->kind == INFO_TEXT ? put_text(child, fact, db, err)
                                     : stoa__column_append_int64(child, fact->number, err);
    if (rc == STOA_OK)
        rc = stoa__column_end_union(value, fact->kind, err);
    return rc == STOA_OK ? stoa__column_end_struct(root, err) : rc;
}

static bool is_asked(uint32_t code, const uint32_t *codes, size_t count)
{
    for (size_t i = 0; codes && i < count; i++)
        if (codes[i] == code)
            return true;
    return codes == NULL;
}

/* ---- a result of a few rows ---- */

/* A result under way: of `connection`, which is entered. */
struct answer {
    struct driver_connection *connection;
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    stoa_error failure;
    stoa_status rc; /* The first failure; what is put after it is not needed. */
};

/* What it answers is not OK when there is nothing to end. */
static AdbcStatusCode answer_begin(struct answer *answer, struct AdbcConnection *self,
                                   const char *type, struct ArrowArrayStream *out,
                                   struct AdbcError *error)
{
    AdbcStatusCode status;

    if (!out)
        return stoa__driver_fail_null(error, "out");
    *out = (struct ArrowArrayStream){0};
    status = stoa__driver_enter_open(self, &answer->connection, error);
    if (status != ADBC_STATUS_OK)
        return status;
    answer->rc = stoa__driver_type(type, &answer->arena, &answer->type, &answer->failure);
    if (answer->rc == STOA_OK)
        answer->rc = stoa__builder_init(&answer->builder, answer->type, 16, &answer->failure);
    return ADBC_STATUS_OK;
}

/* Hands it over, or says why not. */
static AdbcStatusCode answer_end(struct answer *answer, struct ArrowArrayStream *out,
                                 struct AdbcError *error)
{
    struct driver_node *node = &answer->connection->node;
    stoa_status rc = answer->rc;
    stoa_op op = {0};

    if (rc == STOA_OK)
        rc = stoa__driver_op_open(node, &op, &answer->failure);
    if (rc == STOA_OK)
        rc = stoa__driver_answer(&answer->builder, answer->type, op, out, &answer->failure);
    if (rc != STOA_OK)
        stoa_op_close(op);
    stoa__builder_release(&answer->builder);
    stoa__arena_release(&answer->arena);
    return stoa__driver_leave(node, rc == STOA_OK
                                        ? ADBC_STATUS_OK
                                        : stoa__driver_fail_stoa(error, &answer->failure));
}

AdbcStatusCode stoa__driver_info(struct AdbcConnection *self, const uint32_t *codes,
                                 size_t count, struct ArrowArrayStream *out,
                                 struct AdbcError *error)
{
    struct answer answer = {0};
    AdbcStatusCode status = answer_begin(&answer, self, info_type, out, error);

    if (status != ADBC_STATUS_OK)
        return status;
    for (size_t i = 0; answer.rc == STOA_OK && i < sizeof facts / sizeof *facts; i++)
        if (is_asked(facts[i].code, codes, count))
            answer.rc = put_fact(&answer.builder.root, &facts[i], answer.connection->db,
                                 &answer.failure);
    return answer_end(&answer, out, error);
}

AdbcStatusCode stoa__driver_table_types(struct AdbcConnection *self,
                                        struct ArrowArrayStream *out, struct AdbcError *error)
{
    static const char *const types[] = {"table", "view", "virtual", "shadow", "scan"};
    struct answer answer = {0};
    AdbcStatusCode status = answer_begin(&answer, self, "table_type:u!", out, error);

    if (status != ADBC_STATUS_OK)
        return status;
    for (size_t i = 0; answer.rc == STOA_OK && i < sizeof types / sizeof *types; i++) {
        struct stoa__column *root = &answer.builder.root;

        answer.rc = stoa__column_append_bytes(&root->children[0], types[i],
                                              (int64_t)strlen(types[i]), &answer.failure);
        if (answer.rc == STOA_OK)
            answer.rc = stoa__column_end_struct(root, &answer.failure);
    }
    return answer_end(&answer, out, error);
}

/* There are none of the driver's own. */
AdbcStatusCode stoa__driver_statistic_names(struct AdbcConnection *self,
                                            struct ArrowArrayStream *out,
                                            struct AdbcError *error)
{
    struct answer answer = {0};
    AdbcStatusCode status =
        answer_begin(&answer, self, "statistic_name:u!,statistic_key:s!", out, error);

    return status == ADBC_STATUS_OK ? answer_end(&answer, out, error) : status;
}

/* ---- a table ---- */

/* `database` and `db_schema` as the catalogue of Stoa names both: "a", "a.b" or "b". */
static stoa_status table_schema(struct driver_connection *connection, const char *catalog,
                                const char *db_schema, const char *table,
                                struct ArrowSchema *out, stoa_error *err)
{
    bool both = catalog && *catalog && db_schema && *db_schema;
    stoa__buffer database = {0};
    stoa_op op = {0};
    stoa_status rc = stoa__buffer_format(&database, "%s%s%s", catalog ? catalog : "",
                                         both ? "." : "", db_schema ? db_schema : "");

    if (rc != STOA_OK)
        return stoa__fail_nomem(err);
    rc = stoa__driver_op_open(&connection->node, &op, err);
    if (rc == STOA_OK)
        rc = stoa_table_schema(connection->conn, op, (const char *)database.data,
                               (int64_t)database.size, table, STOA_NUL, out, err);
    stoa_op_close(op);
    stoa__buffer_release(&database);
    return rc;
}

AdbcStatusCode stoa__driver_table_schema(struct AdbcConnection *self, const char *catalog,
                                         const char *db_schema, const char *table,
                                         struct ArrowSchema *out, struct AdbcError *error)
{
    struct driver_connection *connection;
    AdbcStatusCode status;
    stoa_error failure;

    if (!out)
        return stoa__driver_fail_null(error, "schema");
    *out = (struct ArrowSchema){0};
    if (!table)
        return stoa__driver_fail_null(error, "table");
    status = stoa__driver_enter_open(self, &connection, error);
    if (status != ADBC_STATUS_OK)
        return status;
    if (table_schema(connection, catalog, db_schema, table, out, &failure) != STOA_OK)
        status = stoa__driver_fail_stoa(error, &failure);
    return stoa__driver_leave(&connection->node, status);
}
