/* SPDX-License-Identifier: Apache-2.0 */
/* One element: made, changed, deleted; values of every type for columns of every type. */
#include "collection/write_kit.h"

static stoa_db db;

static stoa_conn orchard(void)
{
    const stoa_conn conn = kit_open(KIT_SCHEMA, &db);

    app_run(conn, "INSERT INTO Region(label) VALUES('North'), ('South')");
    return conn;
}

#define SCALARS "SELECT id, label, tree_count, area, date_planted, soil, region_id, " \
                "orchard_neighbour FROM Orchard ORDER BY id"
#define ROWS "SELECT * FROM Orchard_vector_rows ORDER BY 1, 2"
#define BUYERS "SELECT * FROM Orchard_set_buyers ORDER BY 1, 2"
#define YIELD "SELECT * FROM Orchard_time_series_yield ORDER BY 1, 2, 3"
#define NOTHING                                                                               \
    "SELECT (SELECT count(*) FROM Orchard) + (SELECT count(*) FROM Orchard_vector_rows) + "   \
    "(SELECT count(*) FROM Orchard_set_buyers) + (SELECT count(*) FROM Orchard_time_series_yield)"

static void the_worked_example(void)
{
    const stoa_conn conn = orchard();

    CHECK_INT(kit_made(conn, "Orchard",
                       "label='Hill' tree_count=120 area=2 date_planted='2019-03-01' soil=1 "
                       "region_id='North' spacing=[4.0 4.5] variety=['Gala' 'Fuji'] "
                       "region_sold_to=['North'] date_time=['2024-01-01' '2024-01-01T00:00:00Z'] "
                       "block=[2 1] tonnes=[1.5 2.5]"),
              1);
    CHECK_INT(kit_made(conn, "Orchard", "label='Dale' soil=2 orchard_neighbour='Hill'"), 2);
    CHECK_ROWS(conn, SCALARS,
            "1|Hill|120|2.0|2019-03-01T00:00:00|1|1|NULL\n2|Dale|0|NULL|NULL|2|NULL|1");
    CHECK_ROWS(conn, ROWS, "1|1|4|Gala\n1|2|4.5|Fuji");
    CHECK_ROWS(conn, BUYERS, "1|1");
    CHECK_ROWS(conn, YIELD, "1|2024-01-01T00:00:00|1|2.5|NULL\n1|2024-01-01T00:00:00|2|1.5|NULL");
    stoa_db_close(db);
}

TEST_MAIN({"the worked example", the_worked_example})
