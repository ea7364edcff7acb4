/* SPDX-License-Identifier: Apache-2.0 */
#include "format_kit.h"

#include "base/mem.h"

static void fields_are_cut_as_the_rfc_says(void)
{
    CHECK_CSV("a,b\n1,x\n2,\"y, \"\"z\"\"\"\n", "",
              "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y, \\\"z\\\"\"}\n");
    CHECK_CSV("a,b\r\n1,x\r\n2,\"y\r\nz\"", "",
              "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\\r\\nz\"}\n");
    CHECK_CSV("a,b\r1,x\r2,y\r", "", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n");
    CHECK_CSV("a,b\n1,x\r\n2,y\r3,z\n\n\r\n4,w", "",
              "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n{\"a\":3,\"b\":\"z\"}\n"
              "{\"a\":4,\"b\":\"w\"}\n");
    CHECK_CSV("\xef\xbb\xbf\"a\",b\n1,2\n", "", "{\"a\":1,\"b\":2}\n");
    CHECK_CSV("a,b\n5\" pipe,6\" pipe\nx\"y\"z,w\n", "",
              "{\"a\":\"5\\\" pipe\",\"b\":\"6\\\" pipe\"}\n{\"a\":\"x\\\"y\\\"z\",\"b\":\"w\"}\n");
    CHECK_CSV("a,b\n'x,1',2\n'y''z',3\n", "",
              "{\"a\":\"x,1\",\"b\":2}\n{\"a\":\"y'z\",\"b\":3}\n");
}

static void small_files_are_what_they_are(void)
{
    CHECK_CSV("", "", "");
    CHECK_CSV("\n\n", "", "");
    CHECK_CSV("a,b", "", "");
    CHECK_CSV("a,b\n", "", "");
    CHECK_CSV("7", "", "{\"column1\":7}\n");
    CHECK_CSV("a\n1\n\n2\n", "", "{\"a\":1}\n{\"a\":null}\n{\"a\":2}\n");
    CHECK_CSV("a\nx\n\"\"\n", "", "{\"a\":\"x\"}\n{\"a\":\"\"}\n");
    CHECK_CSV_TYPES("", "", "");
    CHECK_CSV_TYPES("a,b\n", "", "a u, b u");
}

static void types_are_inferred_from_all_values(void)
{
    CHECK_CSV_TYPES("a,b,c,d,e\ntrue,1,1.5,x,\nFalse,-2,2,y,\n", "",
                    "a b, b l, c g, d u, e u");
    CHECK_CSV_TYPES("a,b,c\n2024-01-31,12:30:00,2024-01-31T12:30:00\n"
                    "0001-01-01,00:00:00.5,2024-01-31 12:30:00.123456\n",
                    "", "a tdD, b ttu, c tsu:");
    CHECK_CSV_TYPES("a,b\n2024-01-31T12:30:00Z,2024-01-31T12:30:00.123456789\n"
                    "2024-01-31T12:30:00+02:00,2024-01-31T12:30:00\n",
                    "", "a tsu:UTC, b tsn:");
    CHECK_CSV_TYPES("a,b,c,d\n007,+5,1e5,99999999999999999999\n8,6,nan,1\n", "",
                    "a u, b u, c g, d d:38,0");
    CHECK_CSV_TYPES("a,b\n1.25,1\n100.5,2\n", "numbers=decimal", "a d:38,2, b l");
    CHECK_CSV_TYPES("a,b\n1.25,1\n", "numbers=text", "a u, b l");
    CHECK_CSV_TYPES("a\n2024-01-01\n", "times=no", "a u");
    CHECK_CSV_TYPES("a,b\n1,2\n", "types=text", "a u, b u");
    CHECK_CSV_TYPES("a,b\n1,2024-01-01\n1,2024-01-01T00:00:00\n", "", "a l, b u");
    CHECK_CSV_TYPES("a;b\n\"1\"; 2\n\"\";3 \n", "", "a l, b l");
}

static void values_of_every_inferred_type_are_read(void)
{
    CHECK_CSV("a,b,c,d\ntrue,-9223372036854775808,-1.5e300,1.50\nFALSE,9223372036854775807,inf,2\n",
              "numbers=float header=yes",
              "{\"a\":true,\"b\":-9223372036854775808,\"c\":-1.5e300,\"d\":1.5}\n"
              "{\"a\":false,\"b\":9223372036854775807,\"c\":\"Infinity\",\"d\":2.0}\n");
    CHECK_CSV("a,b,c\n2024-02-29,23:59:59.5,1969-12-31T23:59:59.999999\n", "",
              "{\"a\":\"2024-02-29\",\"b\":\"23:59:59.500000\","
              "\"c\":\"1969-12-31T23:59:59.999999\"}\n");
    CHECK_CSV("a,b\n2024-01-31T12:30:00+02:00, 1.25 \n2024-01-31T12:30:00Z,\n",
              "numbers=decimal",
              "{\"a\":\"2024-01-31T10:30:00.000000Z\",\"b\":\"1.25\"}\n"
              "{\"a\":\"2024-01-31T12:30:00.000000Z\",\"b\":null}\n");
    CHECK_CSV("a,b\n0.1,-0\n-0.0,5\n123456789012345678.5,0\n", "",
              "{\"a\":0.1,\"b\":0}\n{\"a\":-0.0,\"b\":5}\n{\"a\":1.2345678901234568e17,\"b\":0}\n");
}

static void nulls_have_their_spellings(void)
{
    CHECK_CSV("a,b\n1,\n,\"\"\n", "", "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":\"\"}\n");
    CHECK_CSV("a,b\n1,NA\nNULL,\"NA\"\n,x\n", "null=NA,NULL,",
              "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":\"NA\"}\n{\"a\":null,\"b\":\"x\"}\n");
    CHECK_CSV("a,b\n1,\n-999,x\n", "null=-999", "{\"a\":1,\"b\":\"\"}\n{\"a\":null,\"b\":\"x\"}\n");
    CHECK_CSV("a,b\n\"1\",x\n\"\",y\n", "", "{\"a\":1,\"b\":\"x\"}\n{\"a\":null,\"b\":\"y\"}\n");
}

static void the_dialect_is_found(void)
{
    CHECK_CSV("a;b\n1,5;2\n1,7;3\n", "types=text",
              "{\"a\":\"1,5\",\"b\":\"2\"}\n{\"a\":\"1,7\",\"b\":\"3\"}\n");
    CHECK_CSV("a\tb\n1\t2\n", "", "{\"a\":1,\"b\":2}\n");
    CHECK_CSV("a|b\n1|2\n", "", "{\"a\":1,\"b\":2}\n");
    CHECK_CSV("a:b\n1:2\n", "separator=:", "{\"a\":1,\"b\":2}\n");
    CHECK_CSV("1,2\n3,4\n", "", "{\"column1\":1,\"column2\":2}\n{\"column1\":3,\"column2\":4}\n");
    CHECK_CSV("x,x\n3,4\n", "", "{\"column1\":\"x\",\"column2\":\"x\"}\n"
                                "{\"column1\":\"3\",\"column2\":\"4\"}\n");
    CHECK_CSV("x,y\nz,w\n", "header=no", "{\"column1\":\"x\",\"column2\":\"y\"}\n"
                                         "{\"column1\":\"z\",\"column2\":\"w\"}\n");
    CHECK_CSV("# made by hand\n\na,b\n1,2\n", "skip_lines=1", "{\"a\":1,\"b\":2}\n");
    CHECK_CSV("a,b\n\"x,1\n", "quote=none types=text", "{\"a\":\"\\\"x\",\"b\":\"1\"}\n");
    CHECK_CSV("a,b\n'90s,2\n", "", "{\"a\":\"'90s\",\"b\":2}\n");
    CHECK_CSV("a,b\n'90s,2\n'80s,'\n", "",
              "{\"a\":\"'90s\",\"b\":\"2\"}\n{\"a\":\"'80s\",\"b\":\"'\"}\n");
    CHECK_CSV_FAILS("a,b\n", "separator=ab", "neither auto, tab nor one ASCII character");
    CHECK_CSV_FAILS("a,b\n", "separator=\"", "separator and quote are both");
    CHECK_CSV_FAILS("a,b\n", "skip_lines=5", "skip_lines=5");
    CHECK_CSV_FAILS("a,b\n", "headr=yes", "did you mean 'header'?");
}

static void a_report_tells_what_was_found(void)
{
    const char *text = "a;b\n1;2\nx\n3;4\n";
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_format_report report;
    stoa_error err;

    CHECK_INT(kit_open_bytes(stoa_csv_open, text, strlen(text), NULL, "bad_rows=skip", &stream,
                             &err),
              STOA_OK);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
    CHECK_INT(batch.length, 2);
    stoa_batch_release(&batch);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_DONE);
    CHECK_INT(stoa_format_report_get(&stream, &report, &err), STOA_OK);
    CHECK_INT(report.rows, 2);
    CHECK_INT(report.bad_rows, 1);
    CHECK_INT(report.lines, 4);
    CHECK_INT(report.bytes, 14);
    CHECK_INT(report.bytes_total, 14);
    CHECK_INT(report.separator, ';');
    CHECK_INT(report.quote, '"');
    CHECK_INT(report.header, 1);
    CHECK_INT(report.compression, STOA_COMPRESSION_NONE);
    stoa_stream_release(&stream);
    CHECK_INT(stoa_format_report_get(&stream, &report, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_format_report_get(NULL, &report, &err), STOA_ERR_INVALID);
}

static void bad_rows_name_their_place(void)
{
    CHECK_CSV_FAILS("a,b\n1,2\n\"x\ny\",3\n1\n", "types=text",
                    "STOA_ERR_TYPE: the input, line 5: the record has 1 field, not 2");
    CHECK_CSV_FAILS("a,b\n1,2\n1,2,3\n", "", "line 3: the record has 3 fields, not 2");
    CHECK_CSV_FAILS("a,b\n1,\"2\"x\n", "", "line 2, column 2 ('b'): field 2 has text behind its");
    CHECK_CSV_FAILS("a,b\n1,x\xff\n", "types=text", "line 2, column 2 ('b'): byte 2 of the value, "
                                                 "0xff, is not UTF-8");
    CHECK_CSV_FAILS("a,b\n1,2\n3,\"4\n5,6\n", "bad_rows=skip",
                    "STOA_ERR_SYNTAX: the input, line 3: a quote in the record that begins here");
    CHECK_CSV_FAILS("a,b\n\xe9,2\n", "", "0xe9");
    CHECK_CSV_FAILS("caf\xe9,b\n1,2\n", "", "header, column 1: byte 4 of the value, 0xe9");
}

static char *long_text(const char *row, int count, const char *tail)
{
    const size_t size = strlen(row);
    char *text = malloc(size * (size_t)count + strlen(tail) + 16);

    CHECK(text != NULL);
    memcpy(text, "a,b\n", 4);
    for (int i = 0; i < count; i++)
        memcpy(text + 4 + size * (size_t)i, row, size);
    memcpy(text + 4 + size * (size_t)count, tail, strlen(tail) + 1);
    return text;
}

static void late_values_do_not_widen_the_type(void)
{
    char *text = long_text("1,2\n", 5000, "1,x\n1,2\n1,2.5\n");
    struct ArrowArrayStream stream, kept;
    stoa_error err;
    char *bad;

    CHECK_CSV_FAILS(text, "sample_size=4k",
                    "line 5002, column 2 ('b'): 'x' is not an integer: it must be digits");
    CHECK_CSV_FAILS(text, "sample_size=4k bad_rows=skip bad_rows_max=1",
                    "STOA_ERR_FULL: the input, line 5004, column 2 ('b')");
    CHECK_INT(kit_open_bytes(stoa_csv_open, text, strlen(text), NULL,
                             "sample_size=4k chunk_size=4k bad_rows=keep", &stream, &err),
              STOA_OK);
    for (struct ArrowArray batch; stoa_stream_next(&stream, &batch, &err) == STOA_OK;)
        stoa_batch_release(&batch);
    CHECK_INT(stoa_format_bad_rows(&stream, &kept, &err), STOA_OK);
    bad = kit_dump(&kept, stoa_jsonl_write, "");
    CHECK_TEXT(bad, "{\"line\":5002,\"column\":2,\"reason\":\"'x' is not an integer: it must be "
                    "digits\",\"text\":\"1,x\"}\n"
                    "{\"line\":5004,\"column\":2,\"reason\":\"'2.5' is not an integer: it must be "
                    "digits\",\"text\":\"1,2.5\"}\n");
    free(bad);
    CHECK_INT(stoa_format_bad_rows(&stream, &kept, &err), STOA_OK);
    bad = kit_dump(&kept, stoa_jsonl_write, "");
    CHECK_TEXT(bad, "");
    free(bad);
    stoa_stream_release(&stream);
    free(text);
}

static void bad_rows_go_to_a_file(void)
{
    char *path = test_path("bad.csv"), *settings = NULL, *rows, told[256] = {0};
    FILE *file;

    CHECK(asprintf(&settings, "bad_rows=file bad_file=%s", path) > 0);
    rows = kit_read_bytes(stoa_csv_open, "a,b\n1,2\n3\n4,\"x\"\"\n\n", 18, settings);
    CHECK_HAS(rows, "STOA_ERR_SYNTAX");
    free(rows);
    CHECK_INT(unlink(path), 0);
    rows = kit_read_bytes(stoa_csv_open, "a,b\n1,2\n3\n4,5\n", 14, settings);
    CHECK_TEXT(rows, "{\"a\":1,\"b\":2}\n{\"a\":4,\"b\":5}\n");
    free(rows);
    file = fopen(path, "rb");
    CHECK(file && fread(told, 1, sizeof told - 1, file) > 0);
    (void)fclose(file);
    CHECK_TEXT(told, "line,column,reason,text\n3,0,\"the record has 1 field, not 2\",\"3\"\n");
    CHECK_CSV_FAILS("a,b\n1\n", settings, "STOA_ERR_EXISTS");
    CHECK_CSV_FAILS("a,b\n1\n", "bad_rows=file", "bad_rows=file and bad_file go together");
    free(settings);
    free(path);
}

static void nul_bytes_are_refused_unless_kept(void)
{
    static const char text[] = "a,b\n1,x\0y\n2,z\n";
    char *got = kit_read_bytes(stoa_csv_open, text, sizeof text - 1, "");

    CHECK_HAS(got, "line 2, column 2 ('b'): the value holds a NUL byte");
    free(got);
    got = kit_read_bytes(stoa_csv_open, text, sizeof text - 1, "nul=keep");
    CHECK_TEXT(got, "{\"a\":1,\"b\":\"x\\u0000y\"}\n{\"a\":2,\"b\":\"z\"}\n");
    free(got);
}

static void files_that_are_no_text_are_named(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } cases[] = {{"ARROW1\0\0\x10", 9, "is an Arrow file"},
                 {"\xff\xff\xff\xff\x10\0\0\0", 8, "is an Arrow stream"},
                 {"PAR1\x15", 5, "is a Parquet file"},
                 {"SQLite format 3\0\x10\0", 18, "is a database of SQLite"},
                 {"PK\x03\x04\x14\0", 6, "is a zip archive"},
                 {"BZh91AY&SY\0", 11, "is packed with bzip2"},
                 {"\xfd" "7zXZ\0\0", 7, "is packed with xz"},
                 {"\x04\x22\x4d\x18@", 5, "is packed with lz4"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = kit_read_bytes(stoa_csv_open, cases[i].bytes, cases[i].size, "");

        CHECK_HAS(got, "STOA_ERR_UNSUPPORTED");
        CHECK_HAS(got, cases[i].name);
        free(got);
        got = kit_read_bytes(stoa_jsonl_open, cases[i].bytes, cases[i].size, "");
        CHECK_HAS(got, cases[i].name);
        free(got);
    }
    CHECK_CSV("PAR,1\nARROW,2\n", "header=no",
              "{\"column1\":\"PAR\",\"column2\":1}\n{\"column1\":\"ARROW\",\"column2\":2}\n");
}

static void other_encodings_are_named(void)
{
    static const struct {
        const char *text, *name;
        size_t size;
    } cases[] = {{"\xff\xfe"
                  "a\0,\0",
                  "is UTF-16LE", 6},
                 {"\xfe\xff\0a\0,", "is UTF-16BE", 6},
                 {"\xff\xfe\0\0a\0\0\0", "is UTF-32LE", 8},
                 {"\0\0\xfe\xff\0\0\0a", "is UTF-32BE", 8},
                 {"a\0,\0b\0\n\0001\0,\0002\0\n\0", "is UTF-16LE", 16},
                 {"\0a\0,\0b\0\n\0001\0,\0002\0\n", "is UTF-16BE", 16}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = kit_read_bytes(stoa_csv_open, cases[i].text, cases[i].size, "");

        CHECK_HAS(got, "STOA_ERR_UNSUPPORTED");
        CHECK_HAS(got, cases[i].name);
        free(got);
    }
}

static void long_records_are_refused_with_the_limit(void)
{
    const size_t size = 300000;
    char *text = malloc(size + 16), *got;

    CHECK(text != NULL);
    memcpy(text, "a,b\n1,", 6);
    memset(text + 6, 'x', size);
    memcpy(text + 6 + size, "\n2,y\n", 6);
    CHECK_CSV_FAILS(text, "record_size=64k",
                    "line 2: the record has 300002 bytes, more than record_size allows (65536)");
    CHECK_CSV_FAILS(text, "record_size=64k sample_size=4k chunk_size=4k",
                    "STOA_ERR_FULL: the input, line 2: a record is longer than record_size");
    got = kit_read_bytes(stoa_csv_open, text, strlen(text), "record_size=64k bad_rows=skip");
    CHECK_TEXT(got, "{\"a\":2,\"b\":\"y\"}\n");
    free(got);
    got = kit_read_bytes(stoa_csv_open, text, strlen(text), "sample_size=4k chunk_size=4k");
    CHECK_INT(strlen(got), size + 35);
    free(got);
    text[4] = '"';
    CHECK_CSV_FAILS(text + 4, "record_size=64k sample_size=4k header=no",
                    "line 1: the record is longer than record_size allows");
    free(text);
}

static void two_thousand_columns_are_read(void)
{
    enum { COLUMNS = 2000, ROWS = 30 };
    char *text = malloc((ROWS + 1) * COLUMNS * 8);
    size_t size = 0;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_error err;

    CHECK(text != NULL);
    for (int row = 0; row <= ROWS; row++)
        for (int i = 0; i < COLUMNS; i++)
            size += (size_t)snprintf(text + size, 8, row == 0 ? "c%d%c" : "%d%c", i + row,
                                     i + 1 < COLUMNS ? ',' : '\n');
    CHECK_INT(kit_open_bytes(stoa_csv_open, text, size, NULL, "", &stream, &err), STOA_OK);
    CHECK_INT(stoa_stream_next(&stream, &batch, &err), STOA_OK);
    CHECK_INT(batch.n_children, COLUMNS);
    CHECK_INT(batch.length, ROWS);
    for (int i = 0; i < COLUMNS; i++)
        CHECK_INT(((const int64_t *)batch.children[i]->buffers[1])[ROWS - 1], i + ROWS);
    stoa_batch_release(&batch);
    stoa_stream_release(&stream);
    free(text);
}

/* `fields` are "name format" pairs. */
static void make_target(const char *const (*fields)[2], int count, struct ArrowSchema *out)
{
    static struct ArrowSchema children[8], *pointers[8];

    CHECK(count <= 8);
    *out = (struct ArrowSchema){.format = "+s", .n_children = count, .children = pointers};
    for (int i = 0; i < count; i++) {
        children[i] = (struct ArrowSchema){.format = fields[i][1],
                                           .name = fields[i][0],
                                           .flags = ARROW_FLAG_NULLABLE,
                                           .release = out->release};
        pointers[i] = &children[i];
    }
}

static void never_released(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static char *read_with_target(const char *text, const char *const (*fields)[2], int count,
                              const char *settings)
{
    struct ArrowSchema target;
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    char *told = NULL;
    stoa_status rc;

    make_target(fields, count, &target);
    target.release = never_released;
    for (int i = 0; i < count; i++)
        target.children[i]->release = never_released;
    rc = kit_open_bytes(stoa_csv_open, text, strlen(text), &target, settings, &stream, &err);
    if (rc == STOA_OK)
        return kit_dump(&stream, stoa_jsonl_write, "");
    CHECK(asprintf(&told, "%s: %s", stoa_status_name(rc), err.text) > 0);
    return told;
}

static void a_target_says_the_types(void)
{
    static const char *const fields[][2] = {{"Price", "d:12,2"}, {"ID", "u"},    {"small", "c"},
                                            {"big", "L"},        {"data", "z"}, {"when", "tsm:"}};
    char *got = read_with_target("id,price,small,big,data,extra\n"
                                 "007,12.5,-128,18446744073709551615,aGk=,1\n",
                                 fields, 6, "");

    CHECK_TEXT(got, "{\"ID\":\"007\",\"Price\":\"12.50\",\"small\":-128,"
                    "\"big\":18446744073709551615,\"data\":\"aGk=\",\"extra\":1}\n");
    free(got);
    got = read_with_target("id,price\n1,12.505\n", fields, 6, "");
    CHECK_HAS(got, "line 2, column 2 ('Price'): '12.505' does not fit decimal(12, 2)");
    free(got);
    got = read_with_target("1.5,x\n", fields, 2, "");
    CHECK_TEXT(got, "{\"Price\":\"1.50\",\"ID\":\"x\"}\n");
    free(got);
    got = read_with_target("small,small2\n128,1\n", fields, 6, "");
    CHECK_HAS(got, "128 does not fit int8");
    free(got);
    got = read_with_target("data\n6869\n", fields, 6, "binary=hex");
    CHECK_TEXT(got, "{\"data\":\"aGk=\"}\n");
    free(got);
}

static void misuse_is_answered(void)
{
    static const char text[] = "a\n1\n";
    struct ArrowArrayStream stream;
    stoa_source source = {.struct_size = sizeof source, .bytes = text, .bytes_size = 4};
    stoa_error err;

    CHECK_INT(stoa_csv_open((stoa_op){0}, NULL, NULL, NULL, 0, &stream, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_csv_open((stoa_op){0}, &source, NULL, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_csv_open((stoa_op){77}, &source, NULL, NULL, 0, &stream, &err),
              STOA_ERR_HANDLE);
    source.struct_size = 8;
    CHECK_INT(stoa_csv_open((stoa_op){0}, &source, NULL, NULL, 0, &stream, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "struct_size");
    source.struct_size = sizeof source;
    source.path = "x";
    source.path_size = 1;
    CHECK_INT(stoa_csv_open((stoa_op){0}, &source, NULL, NULL, 0, &stream, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "more than one");
    CHECK_INT(stoa_format_columns(NULL, &stream, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_format_bad_rows(&stream, NULL, &err), STOA_ERR_INVALID);
}

/* Everything from opening to the last batch; what is wrong is a code. */
static stoa_status read_all(const char *text, size_t size, const char *settings)
{
    struct ArrowArrayStream stream, columns;
    struct ArrowArray batch;
    stoa_error err;
    stoa_status rc =
        kit_open_bytes(stoa_csv_open, text, size, NULL, settings, &stream, &err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa_format_columns(&stream, &columns, &err);
    if (rc == STOA_OK)
        stoa_stream_release(&columns);
    while (rc == STOA_OK) {
        rc = stoa_stream_next(&stream, &batch, &err);
        stoa_batch_release(&batch);
    }
    if (rc == STOA_DONE)
        rc = stoa_format_bad_rows(&stream, &columns, &err);
    if (rc == STOA_OK)
        stoa_stream_release(&columns);
    stoa_stream_release(&stream);
    return rc;
}

static void every_failed_allocation_is_survived(void)
{
    static const char text[] = "a,b,c,d\n1,\"x \"\"y\"\"\",2024-01-01T00:00:00,1.5\n,,\n2,,,\n";
    bool through = false;

    for (int64_t nth = 0; !through; nth++) {
        stoa_status rc;

        atomic_store(&stoa__mem_fail_nth, nth);
        rc = read_all(text, sizeof text - 1, "bad_rows=keep threads=1");
        through = atomic_exchange(&stoa__mem_fail_nth, -1) >= 0;
        CHECK_INT(rc, through ? STOA_OK : STOA_ERR_NOMEM);
        CHECK_INT(stoa__mem_allocations(), 0);
        CHECK(!through || nth > 20);
    }
}

TEST_MAIN({"fields are cut as the RFC says", fields_are_cut_as_the_rfc_says},
          {"small files are what they are", small_files_are_what_they_are},
          {"types are inferred from all values", types_are_inferred_from_all_values},
          {"values of every inferred type are read", values_of_every_inferred_type_are_read},
          {"NULLs have their spellings", nulls_have_their_spellings},
          {"the dialect is found", the_dialect_is_found},
          {"a report tells what was found", a_report_tells_what_was_found},
          {"bad rows name their place", bad_rows_name_their_place},
          {"late values do not widen the type", late_values_do_not_widen_the_type},
          {"bad rows go to a file", bad_rows_go_to_a_file},
          {"NUL bytes are refused unless kept", nul_bytes_are_refused_unless_kept},
          {"files that are no text are named", files_that_are_no_text_are_named},
          {"other encodings are named", other_encodings_are_named},
          {"long records are refused with the limit", long_records_are_refused_with_the_limit},
          {"two thousand columns are read", two_thousand_columns_are_read},
          {"a target says the types", a_target_says_the_types},
          {"misuse is answered", misuse_is_answered},
          {"every failed allocation is survived", every_failed_allocation_is_survived})
