/* SPDX-License-Identifier: Apache-2.0 */
#include "keywords.h"

#include <string.h>
#include <strings.h>

/* Sorted. */
static const char *const keywords[] = {
    "ADD", "AFTER", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "ATTACH", "AUTOINCREMENT",
    "BEFORE", "BEGIN", "BETWEEN", "BY", "CASE", "CAST", "CHECK", "COLLATE", "COLUMN", "COMMIT",
    "CONFLICT", "CONSTRAINT", "CREATE", "CROSS", "CURRENT_DATE", "CURRENT_TIMESTAMP",
    "DEFAULT", "DELETE", "DESC", "DETACH", "DISTINCT", "DROP", "EACH", "ELSE", "END", "EXCEPT",
    "EXISTS", "EXPLAIN", "FILTER", "FIRST", "FOLLOWING", "FOR", "FOREIGN", "FROM", "FULL",
    "GENERATED", "GLOB", "GROUP", "HAVING", "IF", "IN", "INDEX", "INNER", "INSERT", "INSTEAD",
    "INTERSECT", "INTO", "IS", "JOIN", "KEY", "LAST", "LEFT", "LIKE", "LIMIT", "MATERIALIZED",
    "NATURAL", "NOT", "NOTHING", "NULL", "NULLS", "OF", "OFFSET", "ON", "OR", "ORDER", "OUTER",
    "OVER", "PARTITION", "PRAGMA", "PRECEDING", "PRIMARY", "RANGE", "RECURSIVE", "REFERENCES",
    "REINDEX", "RENAME", "REPLACE", "RETURNING", "RIGHT", "ROLLBACK", "ROW", "ROWS",
    "SAVEPOINT", "SELECT", "SET", "STRICT", "TABLE", "TEMP", "TEMPORARY", "THEN", "TO",
    "TRANSACTION", "TRIGGER", "UNBOUNDED", "UNION", "UNIQUE", "UPDATE", "USING", "VACUUM",
    "VALUES", "VIEW", "VIRTUAL", "WHEN", "WHERE", "WINDOW", "WITH", "WITHOUT",
};

const char *keyword_name(size_t nth)
{
    return nth < sizeof keywords / sizeof *keywords ? keywords[nth] : NULL;
}

int keyword_is(const char *word, size_t size)
{
    size_t low = 0, high = sizeof keywords / sizeof *keywords;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncasecmp(word, keywords[middle], size);
        if (order == 0)
            order = -(keywords[middle][size] != '\0');
        if (order == 0)
            return 1;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
