/* SPDX-License-Identifier: Apache-2.0 */
/* Columns in, rows committed; queries in, rows out.
 *
 *     cc quick_start.c $(pkg-config --cflags --libs stoa) -o quick_start */
#include <stdio.h>
#include <stoa.h>

static int failed(const stoa_error *error)
{
    fprintf(stderr, "%s: %s\n", stoa_status_name(error->code), error->text);
    return 1;
}

int main(int argc, char **argv)
{
    static const int64_t times[] = {1700000000000000000, 1700000001000000000};
    static const double prices[] = {101.5, 102.25};
    static const stoa_op no_limit = {0};
    const stoa_column columns[] = {
        {.name = "time", .name_size = STOA_NUL, .type = STOA_TYPE_TIMESTAMP, .count = 2,
         .data = times, .data_size = sizeof times},
        {.name = "price", .name_size = STOA_NUL, .type = STOA_TYPE_FLOAT64, .count = 2,
         .data = prices, .data_size = sizeof prices},
    };
    const stoa_table trades = {.struct_size = sizeof trades, .name = "trades",
                               .name_size = STOA_NUL, .row_count = 2, .columns = columns,
                               .column_count = 2, .create = 1};
    stoa_error error;
    stoa_db db;
    stoa_conn conn;
    stoa_ingest ingest;
    stoa_result result;
    double mean;

    if (stoa_open(no_limit, argc > 1 ? argv[1] : ":memory:", STOA_NUL, NULL, 0, &db, &error) < 0 ||
        stoa_connect(db, no_limit, NULL, 0, &conn, &error) < 0 ||
        stoa_conn_ingest_open(conn, NULL, 0, NULL, 0, &ingest, &error) < 0 ||
        stoa_ingest_push(ingest, no_limit, &trades, 1, NULL, NULL, &error) < 0 ||
        stoa_query(conn, no_limit, "SELECT avg(price) FROM trades", STOA_NUL, NULL, 0, NULL, 0,
                   &result, &error) < 0 ||
        stoa_result_step(result, no_limit, &error) < 0 ||
        stoa_result_float64(result, 0, &mean, &error) < 0)
        return failed(&error);
    printf("mean price %.3f\n", mean);
    stoa_db_close(db); /* Closes the rest; any order is right, and twice is harmless. */
    return 0;
}
