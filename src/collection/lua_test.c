/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: what goes into Lua and comes out of it, what they may not do, and how they end. */
#include "base/mem.h"
#include "collection/lua_kit.h"

#include <pthread.h>

static void compat(const struct lab *lab)
{
    const stoa_option options[] = {{"trim", "yes"},        {"dates", "raw"},
                                   {"nan", "null"},        {"arrays", "fan_out"},
                                   {"cells", "null"},      {"rules", "basic"}};
    stoa_error err;

    app_must(stoa_collection_set(lab->conn, options, 6, &err), &err, "set");
}

/* ---- results ---- */

static void results_are_json(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab, "", "");
    gives(&lab, "local a = 1", "");
    gives(&lab, "return nil", "null");
    gives(&lab, "return true, 2", "true");
    gives(&lab, "return false", "false");
    gives(&lab, "return 7", "7");
    gives(&lab, "return math.mininteger", "-9223372036854775808");
    gives(&lab, "return 10.0", "10");
    gives(&lab, "return 0.1", "0.1");
    gives(&lab, "return {0/0, 1/0, -1/0}", "[null,null,null]");
    gives(&lab, "return {}", "[]");
    gives(&lab, "return {1, {2, {}}, 'x'}", "[1,[2,[]],\"x\"]");
    gives(&lab, "return {b = 1, a = {c = true}, [10] = 2, [9] = 3}",
          "{\"10\":2,\"9\":3,\"a\":{\"c\":true},\"b\":1}");
    gives(&lab, "return {1, nil, 3}", "{\"1\":1,\"3\":3}");
    gives(&lab, "return {[0] = 'zero'}", "{\"0\":\"zero\"}");
    gives(&lab, "return '\\\"\\\\\\b\\f\\n\\r\\t\\1\\u{e9}'",
          "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\xc3\xa9\"");
    gives(&lab, "t = {} u = t for i = 1, 31 do u[1] = {} u = u[1] end return t",
          "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    lab_close(&lab);
}

static void results_that_json_has_not_are_refused(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    fails(&lab, "return print", STOA_ERR_TYPE,
          "Cannot run: script returned an unsupported Lua type: a function");
    fails(&lab, "return {1, {coroutine.create(print)}}", STOA_ERR_TYPE,
          "Cannot run: script returned an unsupported Lua type: a thread");
    fails(&lab, "return {[1.5] = 1}", STOA_ERR_TYPE, "unsupported Lua type");
    fails(&lab, "t = {} u = t for i = 1, 32 do u[1] = {} u = u[1] end return t", STOA_ERR_TYPE,
          "Cannot run: the result is nested deeper than 32");
    fails(&lab, "t = {} t[1] = t return t", STOA_ERR_TYPE, "nested deeper");
    fails(&lab, "return '\\xff'", STOA_ERR_TYPE, "Cannot run: the result holds a string");
    fails(&lab, "return {['1'] = 1, [1] = 2}", STOA_ERR_TYPE,
          "Cannot run: the result has an integer and a string key that are both written '1'");
    fails(&lab, "local s = ('x'):rep(1 << 20) t = {} for i = 1, 65 do t[i] = s end return t",
          STOA_ERR_FULL, "Cannot run: the result is larger than 64 MiB");
    gives(&lab, "return 'goes on'", "\"goes on\"");
    lab_close(&lab);
}

/* ---- the environment ---- */

static void scripts_have_nothing_of_the_machine(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab,
          "local t = {} for _, name in ipairs{'os', 'io', 'package', 'debug', 'require', "
          "'dofile', 'loadfile'} do t[#t + 1] = _G[name] end return #t",
          "0");
    gives(&lab, "return {type(load), type(string), type(table), type(math), type(coroutine), "
                "type(utf8)}",
          "[\"function\",\"table\",\"table\",\"table\",\"table\",\"table\"]");
    gives(&lab, "return load('return 1 + 1')()", "2");
    gives(&lab, "return load('return x', 'name', 'bt', {x = 5})()", "5");
    gives(&lab, "x = 4 return load('return x', nil, nil)()", "4");
    gives(&lab, "return pcall(load('return x', nil, nil, nil))", "false");
    gives(&lab, "return select('#', load(string.dump(function() end), 'x', 'b'))", "2");
    gives(&lab, "return (load(string.dump(function() end)))", "null");
    fails(&lab, "\x1bLua", STOA_ERR_SYNTAX, "attempt to load a binary chunk");
    fails(&lab, "setmetatable({}, {__gc = function() while true do end end})",
          STOA_ERR_UNSUPPORTED, "__gc");
    gives(&lab,
          "local t = {} for i in coroutine.wrap(function(n) for i = 1, n do coroutine.yield(i) end "
          "end), 3 do t[#t + 1] = i end "
          "return {t, {xpcall(error, function(e) return e .. '!' end, 'x')}, "
          "{pcall(coroutine.wrap(function() error('y', 0) end))}}",
          "[[1,2,3],[false,\"x!\"],[false,\"y\"]]");
    gives(&lab,
          "return {table.move({1, 2, 3}, 1, 3, 2), table.move({1, 2, 3}, 2, 3, 1), "
          "table.move({1, 2}, 1, 2, 1, {}), ('x'):rep(3, ','), (''):rep(1 << 62)}",
          "[[1,1,2,3],[2,3,3],[1,2],\"x,x,x\",\"\"]");
    gives(&lab, "return setmetatable({}, {__index = function() return 3 end}).x", "3");
    gives(&lab, "x = (x or 0) + 1 return x", "5"); /* It was 4. */
    gives(&lab, "x = (x or 0) + 1 return x", "6");
    lab_close(&lab);
}

static void errors_say_where_and_what(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    fails(&lab, "x = = 1", STOA_ERR_SYNTAX,
          "Failed to run Lua script: script:1: unexpected symbol");
    fails(&lab, "\nerror('no good')", STOA_ERR_CALLBACK,
          "Failed to run Lua script: script:2: no good");
    fails(&lab, "error({})", STOA_ERR_CALLBACK,
          "Failed to run Lua script: error object is a table");
    fails(&lab, "db:delete_element('Orchard', 7)", STOA_ERR_NOT_FOUND,
          "Failed to run Lua script: script:1: Element not found: 7 in collection 'Orchard'");
    fails(&lab, "db.delete_element('Orchard', 7)", STOA_ERR_INVALID,
          "Cannot delete_element: call it by colon, db:delete_element(...)");
    fails(&lab, "db:delete_element('Orchard', 'x')", STOA_ERR_INVALID,
          "Cannot delete_element: id is a string, not an integer");
    fails(&lab, "db:delete_element()", STOA_ERR_INVALID, "collection is a no value, not a string");
    fails(&lab, "db:create_element('Orchard', {label = true})", STOA_ERR_TYPE,
          "Cannot create_element: attribute 'label' has unsupported Lua type boolean");
    fails(&lab, "db:create_element('Orchard', {spacing = {print}})", STOA_ERR_TYPE,
          "column 'spacing' has unsupported Lua type function");
    fails(&lab, "db:create_element('Orchard', {spacing = {1, 'x'}})", STOA_ERR_TYPE,
          "column 'spacing' mixes strings and numbers");
    fails(&lab, "db:create_element('Orchard', {'x'})", STOA_ERR_INVALID, "a name is a number");
    gives(&lab, "return (pcall(db.delete_element, db, 'Orchard', 7))", "false");
    CHECK_INT(stoa_lua_run(lab.lua, NO_OP, NULL, 4, NULL, NULL, NULL), STOA_ERR_INVALID);
    lab_close(&lab);
}

/* ---- elements, groups, series ---- */

static void values_go_both_ways(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    compat(&lab);
    gives(&lab,
          "db:create_element('Region', {label = 'North'})"
          "return {db:create_element('Orchard', {label = 'Hill', tree_count = 120, area = 2.5, "
          "date_planted = '2019-03-01', region_id = 'North', spacing = {4, 4.5}, "
          "variety = {'Gala', 'Fuji'}, region_sold_to = {'North'}}), "
          "db:create_element('Orchard', {label = 'Dale', spacing = {}})}",
          "[1,2]");
    gives(&lab, "return db:read_scalars_by_id('Orchard', 1)",
          "{\"area\":2.5,\"date_planted\":\"2019-03-01\",\"id\":1,\"label\":\"Hill\","
          "\"region_id\":1,\"tree_count\":120}");
    gives(&lab, "return db:read_vectors_by_id('Orchard', 1)",
          "{\"spacing\":[4,4.5],\"variety\":[\"Gala\",\"Fuji\"]}");
    gives(&lab, "return db:read_sets_by_id('Orchard', 1)", "{\"region_sold_to\":[1]}");
    gives(&lab, "local e = db:read_element_by_id('Orchard', 1) return {e.label, #e.variety}",
          "[\"Hill\",2]");
    gives(&lab, "return {db:read_scalars_by_id('Orchard', 9), db:read_vectors_by_id('Orchard', 9)}",
          "[[],{\"spacing\":[],\"variety\":[]}]");
    gives(&lab, "return db:read_element_ids('Orchard')", "[1,2]");
    gives(&lab, "return db:number_of_elements('Orchard')", "2");
    gives(&lab, "return db:read_scalar_strings('Orchard', 'label')", "[\"Hill\",\"Dale\"]");
    gives(&lab, "return db:read_scalar_floats('Orchard', 'tree_count')", "[120,0]");
    gives(&lab, "local t = db:read_scalar_integers('Orchard', 'region_id') return {t[1], t[2]}",
          "[1]");
    gives(&lab, "return db:read_scalar_relation('Orchard', 'region_id')", "[\"North\"]");
    gives(&lab, "return db:read_vector_floats('Orchard', 'spacing')", "[[4,4.5]]");
    gives(&lab, "return db:read_vector_strings('Orchard', 'variety')", "[[\"Gala\",\"Fuji\"]]");
    gives(&lab, "return db:read_set_integers('Orchard', 'region_sold_to')", "[[1]]");
    gives(&lab,
          "db:update_vector_group('Orchard', 'rows', 1, {spacing = {[3] = 9}, variety = {'a'}}) "
          "return {db:read_vectors_by_id('Orchard', 1), "
          "db:query_integer('SELECT count(*) FROM Orchard_vector_rows')}",
          "[{\"spacing\":[9],\"variety\":[\"a\"]},3]");
    gives(&lab, "db:update_vector_group('Orchard', 'rows', 1, {}) "
                "return db:read_vector_floats('Orchard', 'spacing')",
          "[]");
    gives(&lab, "db:update_set_group('Orchard', 'buyers', 2, {region_sold_to = {'North'}}) "
                "return db:read_sets_by_id('Orchard', 2)",
          "{\"region_sold_to\":[1]}");
    fails(&lab, "db:update_vector_group('Orchard', 'rows', 1, {variety = {}, spacing = {}})",
          STOA_ERR_INVALID,
          "Cannot update_vector_group: columns [spacing, variety] contain no rows; pass an empty "
          "table {} to clear the group");
    fails(&lab, "db:update_vector_group('Orchard', 'rows', 1, {spacing = 4})", STOA_ERR_INVALID,
          "column 'spacing' must be an array of values");
    fails(&lab, "db:update_vector_group('Orchard', 'rows', 1, {spacing = {[1 << 40] = 4}})",
          STOA_ERR_INVALID, "must be an array of values");
    fails(&lab, "db:update_vector_group('Orchard', 'rows', 1, {spacing = {(1 << 53) + 1, 0.5}})",
          STOA_ERR_TYPE, "9007199254740993");
    gives(&lab, "db:update_element('Orchard', 2, {area = 1}) db:delete_element('Orchard', 1) "
                "return db:read_scalar_floats('Orchard', 'area')",
          "[1]");
    lab_close(&lab);
}

static void time_series_go_both_ways(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    compat(&lab);
    gives(&lab,
          "a = db:create_element('Orchard', {label = 'Hill'})"
          "b = db:create_element('Orchard', {label = 'Dale'})"
          "db:update_time_series_group('Orchard', 'yield', a, {"
          "date_time = {'2024-01-02T00:00:00', '2024-01-01T00:00:00'}, block = {1, 1}, "
          "tonnes = {[2] = 2.5}})"
          "local t = db:read_time_series_group('Orchard', 'yield', a)"
          "return {t.date_time, t.block, t.tonnes[1], t.tonnes[2] == nil, t.grade}",
          "[[\"2024-01-01T00:00:00\",\"2024-01-02T00:00:00\"],[1,1],2.5,true,[]]");
    gives(&lab, "return db:read_time_series_group('Orchard', 'yield', b)", "[]");
    gives(&lab, "return db:read_time_series_group('Orchard', 'yield', 99)", "[]");
    gives(&lab,
          "db:upsert_time_series_row('Orchard', 'yield', b, "
          "{date_time = '2024-01-01T00:00:00', block = 1, grade = 3}) "
          "local t = db:read_time_series_row('Orchard', 'yield', 'grade', '2024-06-01') "
          "return {t[1] == nil, t[2]}",
          "[true,3]");
    gives(&lab, "return db:read_time_series_row('Orchard', 'yield', 'tonnes', '2024-06-01')",
          "[2.5]");
    fails(&lab, "db:update_time_series_group('Orchard', 'yield', a, {tonnes = {1}, block = {1}})",
          STOA_ERR_INVALID,
          "Cannot update_time_series_group: missing dimension column 'date_time'");
    fails(&lab,
          "db:update_time_series_group('Orchard', 'yield', a, "
          "{date_time = {'x', 'y'}, block = {1}})",
          STOA_ERR_INVALID,
          "Cannot update_time_series_group: dimension column 'block' has nil at index 2");
    fails(&lab,
          "db:update_time_series_group('Orchard', 'yield', a, "
          "{date_time = {'x'}, block = {1}, tonnes = {1, 2, 3}})",
          STOA_ERR_INVALID,
          "Cannot update_time_series_group: column 'tonnes' has length 3 but expected 1");
    fails(&lab, "db:update_time_series_group('Orchard', 'yield', a, {tonnes = 5})",
          STOA_ERR_INVALID,
          "Cannot update_time_series_group: column 'tonnes' must be an array of values");
    fails(&lab, "db:update_time_series_group('Orchard', 'yield', a, {tonnes = {}})",
          STOA_ERR_INVALID,
          "Cannot update_time_series_group: columns [tonnes] contain no rows; pass an empty table "
          "{} to clear the group");
    fails(&lab, "db:update_time_series_group('Orchard', 'none', a, {tonnes = {1}})",
          STOA_ERR_NOT_FOUND, "Time series group");
    gives(&lab,
          "db:update_time_series_group('Orchard', 'yield', a, {}) "
          "return db:read_time_series_group('Orchard', 'yield', a)",
          "[]");
    lab_close(&lab);
}

static void the_schema_is_told(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab, "return db:get_scalar_metadata('Orchard', 'tree_count')",
          "{\"data_type\":\"integer\",\"default_value\":\"0\",\"is_foreign_key\":false,"
          "\"name\":\"tree_count\",\"not_null\":true,\"primary_key\":false}");
    gives(&lab, "local m = db:get_scalar_metadata('Orchard', 'region_id') "
                "return {m.is_foreign_key, m.references_collection, m.references_column}",
          "[true,\"Region\",\"id\"]");
    gives(&lab, "return db:get_scalar_metadata('Orchard', 'date_planted').data_type",
          "\"date_time\"");
    gives(&lab,
          "local m = db:get_time_series_metadata('Orchard', 'yield') "
          "return {m.group_name, m.dimension_column, #m.value_columns, m.value_columns[1].name, "
          "m.value_columns[1].primary_key}",
          "[\"yield\",\"date_time\",3,\"block\",true]");
    gives(&lab,
          "local m = db:get_vector_metadata('Orchard', 'rows') "
          "return {m.group_name, m.dimension_column == nil, m.value_columns[2].name}",
          "[\"rows\",true,\"variety\"]");
    gives(&lab, "return {#db:list_scalar_attributes('Orchard'), #db:list_vector_groups('Orchard'), "
                "#db:list_set_groups('Orchard'), #db:list_time_series_groups('Orchard'), "
                "#db:list_set_groups('None')}",
          "[8,1,1,1,0]");
    fails(&lab, "db:get_scalar_metadata('Orchard', 'x')", STOA_ERR_NOT_FOUND,
          "Scalar attribute not found: 'x' in collection 'Orchard'");
    fails(&lab, "db:get_set_metadata('Orchard', 'x')", STOA_ERR_NOT_FOUND,
          "Set group not found: 'x' in collection 'Orchard'");
    fails(&lab, "db:list_scalar_attributes('None')", STOA_ERR_NOT_FOUND,
          "Cannot list_scalar_attributes: collection not found: None");
    gives(&lab,
          "return {db:has_time_series_files('Orchard'), db:has_time_series_files('Region'), "
          "db:list_time_series_files_columns('Orchard'), db:read_time_series_files('Orchard')}",
          "[true,false,[\"drone_images\",\"harvest_log\"],[]]");
    gives(&lab,
          "db:update_time_series_files('Orchard', {drone_images = 'a.csv'}) "
          "db:update_time_series_files('Orchard', {harvest_log = 'b.csv'}) "
          "return db:read_time_series_files('Orchard')",
          "{\"harvest_log\":\"b.csv\"}");
    fails(&lab, "db:list_time_series_files_columns('Region')", STOA_ERR_NOT_FOUND,
          "Time series files table not found: Region_time_series_files");
    gives(&lab, "return {db:path(), db:current_version(), db:is_healthy()}",
          "[\":memory:\",0,true]");
    gives(&lab, "return {(db:describe():gsub('\\n.*', '')), "
                "(db:summarize_collection('Region'):gsub('\\n.*', ''))}",
          "[\"Database: :memory:\",\"Collection: Region (0 elements)\"]");
    lab_close(&lab);
}

static void queries_have_parameters(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab,
          "return {db:query_integer('SELECT ?1 + ?2', {1, 2}), db:query_float('SELECT ?', {0.5}), "
          "db:query_string('SELECT ?', {'a\\0b'}) == 'a\\0b', db:query_string('SELECT NULL')}",
          "[3,0.5,true]");
    gives(&lab, "return db:query_integer('SELECT ?1 IS NULL AND ?2 = 1', {[2] = 1})", "1");
    fails(&lab, "db:query_integer('SELECT ?', {true})", STOA_ERR_TYPE,
          "Cannot query_integer: parameter '1' has unsupported Lua type boolean");
    fails(&lab, "db:query_integer('SELECT nothing')", STOA_ERR_SYNTAX,
          "Failed to prepare statement");
    lab_close(&lab);
}

/* ---- transactions ---- */

static void functions_run_in_transactions(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab,
          "return db:transaction(function(d) d:create_element('Region', {label = 'a'}) "
          "return d:in_transaction() and d == db end)",
          "true");
    fails(&lab,
          "db:transaction(function() db:create_element('Region', {label = 'b'}) "
          "db:create_element('Region', {label = 'a'}) end)",
          STOA_ERR_CONSTRAINT, "UNIQUE constraint failed: Region.label");
    gives(&lab, "return {db:read_scalar_strings('Region', 'label'), db:in_transaction()}",
          "[[\"a\"],false]");
    gives(&lab,
          "local n = db:dry_run(function(d) d:create_element('Region', {label = 'c'}) "
          "d:transaction(function() d:create_element('Region', {label = 'd'}) end) "
          "return d:in_dry_run() and d:number_of_elements('Region') end) "
          "return {n, db:number_of_elements('Region'), db:in_dry_run()}",
          "[3,1,false]");
    fails(&lab, "db:dry_run(function() error('stop') end)", STOA_ERR_CALLBACK, "stop");
    fails(&lab, "db:transaction(function() db:transaction(print) end)", STOA_ERR_INVALID,
          "Cannot begin_transaction: transaction already active");
    fails(&lab, "db:transaction(5)", STOA_ERR_INVALID,
          "Cannot transaction: its argument is a number, not a function");
    gives(&lab, "db:begin_transaction() db:create_element('Region', {label = 'e'}) db:rollback() "
                "db:begin_transaction() db:create_element('Region', {label = 'f'}) db:commit() "
                "return db:read_scalar_strings('Region', 'label')",
          "[\"a\",\"f\"]");
    fails(&lab, "db:commit()", STOA_ERR_INVALID, "Cannot commit: no active transaction");
    fails(&lab, "db:end_dry_run()", STOA_ERR_INVALID, "Cannot end_dry_run: no active dry run");
    fails(&lab, "db:create_element('Region', {label = 'kept'}) error('x')", STOA_ERR_CALLBACK, "x");
    gives(&lab, "return #db:read_element_ids('Region')", "3");
    lab_close(&lab);
}

static void a_dry_run_goes_around_a_script(void)
{
    struct lab lab;
    stoa_error err;

    if (!lab_open(&lab))
        return;
    app_must(stoa_dry_run_begin(lab.conn, NO_OP, &err), &err, "begin");
    gives(&lab, "db:create_element('Region', {label = 'a'}) return db:number_of_elements('Region')",
          "1");
    app_must(stoa_dry_run_end(lab.conn, NO_OP, &err), &err, "end");
    gives(&lab, "return db:number_of_elements('Region')", "0");
    lab_close(&lab);
}

/* ---- files ---- */

static void csv_needs_a_folder(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    fails(&lab, "db:export_csv('Orchard', '', 'a.csv')", STOA_ERR_INVALID,
          "Cannot export_csv: database is in-memory, file operations are unavailable");
    lab_close(&lab);
}

static void csv_stays_in_the_folder_of_the_database(void)
{
    char *folder = test_path("in"), *file = test_path("in/a.db"), *link = test_path("in/out");
    char *outside = test_path("secret.csv");
    struct lab lab = {0};
    char script[2048];
    stoa_error err;

    CHECK_INT(mkdir(folder, 0700), 0);
    CHECK_INT(symlink("/tmp", link), 0);
    lab.db = app_open(file, NULL);
    lab.conn = app_connect(lab.db);
    app_run(lab.conn, KIT_SCHEMA);
    if (stoa_lua_open(lab.conn, &lab.lua, &err) == STOA_ERR_NOT_FOUND) {
        printf("# skipped: %s\n", err.text);
        goto done;
    }
    gives(&lab,
          "db:create_element('Orchard', {label = 'Hill', soil = 1})"
          "local options = {enum_labels = {soil = {en = {clay = 1}}}, "
          "date_time_format = '%d/%m/%Y'}"
          "db:export_csv('Orchard', '', './x/../sub/a.csv', options)"
          "db:update_element('Orchard', 1, {soil = 2})"
          "db:import_csv('Orchard', '', 'sub/a.csv', options)"
          "return db:read_scalar_integers('Orchard', 'soil')",
          "[1]");
    (void)snprintf(script, sizeof script,
                   "db:export_csv('Orchard', '', '%s/b.csv') "
                   "return pcall(db.export_csv, db, 'Orchard', '', '%s')",
                   folder, outside);
    gives(&lab, script, "false");
    fails(&lab, "db:export_csv('Orchard', '', '../b.csv')", STOA_ERR_INVALID,
          "Cannot export_csv: path '../b.csv' escapes the database directory '");
    fails(&lab, "db:import_csv('Orchard', '', 'sub/../../b.csv')", STOA_ERR_INVALID,
          "Cannot import_csv: path 'sub/../../b.csv' escapes the database directory '");
    fails(&lab, "db:export_csv('Orchard', '', 'out/b.csv')", STOA_ERR_INVALID, "escapes");
    fails(&lab, "db:export_csv('Orchard', '', '/etc/b.csv')", STOA_ERR_INVALID, "escapes");
    fails(&lab, "db:export_csv('Orchard', '', '')", STOA_ERR_INVALID, "escapes");
    fails(&lab, "db:export_csv('Orchard', '', 'a.csv', {x = 1})", STOA_ERR_INVALID,
          "there is no option 'x'");
    fails(&lab, "db:transaction(function() db:import_csv('Orchard', '', 'sub/a.csv') end)",
          STOA_ERR_INVALID, "Cannot import_csv: transaction already active");
    CHECK(access(outside, F_OK) != 0);
done:
    lab_close(&lab);
    free(folder), free(file), free(link), free(outside);
}

/* ---- ends ---- */

static void a_missing_lua_is_named(void)
{
    stoa_error err = {0};
    stoa_lua lua = {9};
    stoa_conn conn;
    stoa_db db;

    conn = kit_open(KIT_SCHEMA, &db);
    CHECK_INT(setenv("STOA_LUA", "/nowhere/liblua.so", 1), 0);
    CHECK_INT(stoa_lua_open(conn, &lua, &err), STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "Lua 5.4 was not found at /nowhere/liblua.so");
    CHECK_INT((int64_t)lua.id, 0);
    CHECK_INT(setenv("STOA_LUA", "libc.so.6", 1), 0);
    CHECK_INT(stoa_lua_open(conn, &lua, &err), STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "libc.so.6 lacks lua_version");
    stoa_db_close(db);
    db = app_open("null:", NULL);
    CHECK_INT(stoa_lua_open(app_connect(db), &lua, &err), STOA_ERR_UNSUPPORTED);
    stoa_db_close(db);
}

struct ticker {
    struct lab *lab;
    bool asked;
    bool closes;
};

static void *run_too(void *argument)
{
    const struct lab *lab = argument;
    const char *json;
    int64_t size;

    CHECK_INT(stoa_lua_run(lab->lua, NO_OP, "return 1", STOA_NUL, &json, &size, NULL),
              STOA_ERR_BUSY);
    return NULL;
}

/* Another thread, and this one, are told BUSY; then the run is ended. */
static int32_t end_it(void *user_data)
{
    struct ticker *ticker = user_data;
    pthread_t thread;

    if (!ticker->asked) {
        CHECK_INT(pthread_create(&thread, NULL, run_too, ticker->lab), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
        (void)run_too(ticker->lab);
    }
    ticker->asked = true;
    if (!ticker->closes)
        return 1;
    stoa_lua_close(ticker->lab->lua);
    return 0;
}

static void ends_with(const struct lab *lab, stoa_op op, const char *script, stoa_status status)
{
    const char *json;
    int64_t size;
    stoa_error err;

    CHECK_INT(stoa_lua_run(lab->lua, op, script, STOA_NUL, &json, &size, &err), status);
    if (status != STOA_ERR_TIMEOUT) /* Which may pass before it begins. */
        CHECK_HAS(err.text, "Failed to run Lua script: ");
    CHECK(json == NULL);
}

static const char *const endless[] = {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local f = coroutine.wrap(function() while true do end end) f()",
    "db:transaction(function() db:create_element('Region', {label = 'x'}) while true do end end)",
    "while true do db:number_of_elements('Region') end",
    "table.move({}, 1, 1 << 62, 2)",
    "table.move({}, 2, 1 << 62, 1)",
    "while true do xpcall(error, function() while true do end end) end",
    "local c = setmetatable({}, {__close = function() while true do end end}) "
    "coroutine.wrap(function() local t <close> = c while true do end end)()",
    "local c = setmetatable({}, {__close = function() while true do end end}) "
    "local co = coroutine.create(function() local t <close> = c while true do end end) "
    "coroutine.resume(co) coroutine.close(co)",
    "local t <close> = setmetatable({}, {__close = function() while true do end end})",
    "table.insert(setmetatable({}, {__len = function() return 1 << 53 end}), 1, 1)",
    "table.remove(setmetatable({}, {__len = function() return 1 << 53 end}), 1)",
    "load(collectgarbage) while true do load(collectgarbage) end",
};

static void endless_scripts_are_cancelled(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        struct ticker ticker = {.lab = &lab};
        stoa_error err;
        stoa_op op;

        app_must(stoa_op_open(-1, end_it, &ticker, NULL, &op, &err), &err, "op");
        ends_with(&lab, op, endless[i], STOA_ERR_CANCELLED);
        CHECK(ticker.asked);
        stoa_op_close(op);
        app_must(stoa_op_open(10, NULL, NULL, NULL, &op, &err), &err, "op");
        ends_with(&lab, op, endless[i], STOA_ERR_TIMEOUT);
        stoa_op_close(op);
    }
    gives(&lab, "return {db:number_of_elements('Region'), db:in_transaction()}", "[0,false]");
    lab_close(&lab);
}

static void closing_inside_a_script_ends_it(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        struct ticker ticker = {.lab = &lab, .closes = true};
        stoa_error err;
        stoa_op op;

        app_must(stoa_op_open(-1, end_it, &ticker, NULL, &op, &err), &err, "op");
        ends_with(&lab, op, endless[i], STOA_ERR_CANCELLED);
        stoa_op_close(op);
        CHECK_INT(stoa_lua_run(lab.lua, NO_OP, "", 0, &(const char *){0}, &(int64_t){0}, &err),
                  STOA_ERR_CLOSED);
        app_must(stoa_lua_open(lab.conn, &lab.lua, &err), &err, "again");
    }
    stoa_conn_close(lab.conn);
    CHECK_INT(stoa_lua_run(lab.lua, NO_OP, "", 0, &(const char *){0}, &(int64_t){0}, NULL),
              STOA_ERR_CLOSED);
    stoa_lua_close(lab.lua);
    lab_close(&lab);
}

/* What is written in Lua, so that a cancel is heard, does as Lua's own. */
static void tables_are_changed_as_in_lua(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    gives(&lab, "local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) "
                "table.insert(t, 6, 5) return t", "[0,1,2,3,4,5]");
    gives(&lab, "local t = {1, 2, 3, 4} return {table.remove(t, 2), table.remove(t), "
                "table.remove(t, 3) or 'none', table.remove(t, 1), #t, table.remove({}, 0) or 'n', "
                "table.remove({}) or 'n'}", "[2,4,\"none\",1,1,\"n\",\"n\"]");
    fails(&lab, "table.insert({1}, 3, 2)", STOA_ERR_CALLBACK,
          "script:1: bad argument #2 to 'insert' (position out of bounds)");
    fails(&lab, "table.insert({1}, 'x', 2)", STOA_ERR_CALLBACK, "bad argument #2 to 'insert'");
    fails(&lab, "table.insert({1}, 1, 2, 3)", STOA_ERR_CALLBACK, "wrong number of arguments");
    fails(&lab, "table.remove({1}, 3)", STOA_ERR_CALLBACK,
          "script:1: bad argument #2 to 'remove' (position out of bounds)");
    gives(&lab, "local t = {} for i = 1, 250000 do t[i] = i % 10 end local a, b = "
                "table.concat(t), table.concat(t, ',', 2, 249999) "
                "return {#a, a:sub(-3), #b, b:sub(1, 5), b:sub(-3), table.concat({}), "
                "table.concat({1, 2}, '-'), table.concat({1, 2, 3}, '', 3, 2)}",
          "[250000,\"890\",499995,\"2,3,4\",\"8,9\",\"\",\"1-2\",\"\"]");
    fails(&lab, "table.concat({1, {}})", STOA_ERR_CALLBACK, "invalid value (table) at index 2");
    gives(&lab, "local t = {} for i = 1, 100001 do t[i] = -i end table.sort(t) "
                "local u = {3, 1, 2} table.sort(u, function(a, b) return a > b end) "
                "return {t[1], t[100001], u}", "[-100001,-1,[3,2,1]]");
    fails(&lab, "table.sort(3)", STOA_ERR_CALLBACK, "bad argument #1");
    gives(&lab, "local parts = {'return ', '4', '2'} local i = 0 return load(function() "
                "i = i + 1 return parts[i] end)()", "42");
    lab_close(&lab);
}

static void memory_is_bounded(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    fails(&lab, "return #('x'):rep(1 << 29)", STOA_ERR_FULL,
          "Failed to run Lua script: the script needs more than 256 MiB");
    fails(&lab, "local s = 'x' while true do s = s .. s end", STOA_ERR_FULL, "256 MiB");
    gives(&lab, "return pcall(string.rep, 'x', 1 << 29)", "false");
    fails(&lab, "local function f() return 1 + f() end f()", STOA_ERR_CALLBACK, "stack overflow");
    gives(&lab, "return #('x'):rep(1 << 20)", "1048576");
    lab_close(&lab);
}

/* Each allocation fails once, and from then on: an answer, nothing lost, and it goes on. */
static void every_allocation_may_fail(void)
{
    static const char script[] =
        "return db:dry_run(function() local id = db:create_element('Orchard', {label = 'Hill', "
        "spacing = {4, 4.5}, variety = {'a', 'b'}}) "
        "db:update_time_series_group('Orchard', 'yield', id, {date_time = {'2024-01-01'}, "
        "block = {1}, tonnes = {2}}) return {db:read_element_by_id('Orchard', id), "
        "db:read_vector_floats('Orchard', 'spacing'), db:list_time_series_groups('Orchard'), "
        "db:read_time_series_group('Orchard', 'yield', id), db:query_string('SELECT ?', {'x'})} "
        "end)";
    struct lab lab;

    if (!lab_open(&lab))
        return;
    for (int repeat = 0; repeat < 2; repeat++) {
        stoa_status rc = STOA_ERR_NOMEM;
        int64_t left = -1;

        for (int64_t nth = 0; left < 0; nth += nth < 100 ? 1 : 17) { /* Some are enough. */
            const char *json;
            int64_t size;
            stoa_error err = {0};
            stoa_lua lua;

            stoa__mem_fail_repeat = repeat;
            stoa__mem_fail_nth = nth;
            rc = stoa_lua_open(lab.conn, &lua, &err);
            if (rc == STOA_OK)
                rc = stoa_lua_run(lua, NO_OP, script, STOA_NUL, &json, &size, &err);
            left = stoa__mem_fail_nth;
            stoa__mem_fail_nth = -1;
            stoa__mem_fail_repeat = false;
            if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
                printf("# %lld: %s\n", (long long)nth, err.text);
            CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
            stoa_lua_close(lua);
        }
        CHECK_INT(rc, STOA_OK);
    }
    gives(&lab, "return {db:number_of_elements('Orchard'), db:in_dry_run()}", "[0,false]");
    lab_close(&lab);
}

TEST_MAIN({"results are JSON", results_are_json},
          {"results that JSON has not are refused", results_that_json_has_not_are_refused},
          {"scripts have nothing of the machine", scripts_have_nothing_of_the_machine},
          {"errors say where and what", errors_say_where_and_what},
          {"values go both ways", values_go_both_ways},
          {"time series go both ways", time_series_go_both_ways},
          {"the schema is told", the_schema_is_told},
          {"queries have parameters", queries_have_parameters},
          {"functions run in transactions", functions_run_in_transactions},
          {"a dry run goes around a script", a_dry_run_goes_around_a_script},
          {"CSV needs a folder", csv_needs_a_folder},
          {"CSV stays in the folder of the database", csv_stays_in_the_folder_of_the_database},
          {"a missing Lua is named", a_missing_lua_is_named},
          {"endless scripts are cancelled", endless_scripts_are_cancelled},
          {"closing inside a script ends it", closing_inside_a_script_ends_it},
          {"tables are changed as in Lua", tables_are_changed_as_in_lua},
          {"memory is bounded", memory_is_bounded},
          {"every allocation may fail", every_allocation_may_fail})
