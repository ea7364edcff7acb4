/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database file tells of its columns, whoever wrote it: with an even first byte
 * the rest is a field of the metadata table, with an odd one a declared type. A field
 * that is accepted is the same after another turn; a declared type that promises
 * something can be declared, and promises the same then.
 */
#include "engine/sqlite/column_type.h"
#include "engine/sqlite/type.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void try_field(const uint8_t *data, size_t size)
{
    struct stoa__arrow_type *first, *second;
    stoa__arena arena = {0};
    stoa__buffer bytes = {0};

    if (sqlite_field_decode(data, size, &arena, &first, NULL) == STOA_OK) {
        expect(sqlite_field_encode(first, &bytes, NULL) == STOA_OK);
        expect(sqlite_field_decode(bytes.data, bytes.size, &arena, &second, NULL) ==
               STOA_OK);
        expect(stoa__arrow_type_equal(first, second));
        expect(first->nullable == second->nullable);
    }
    stoa__buffer_release(&bytes);
    stoa__arena_release(&arena);
}

static void try_declared(const uint8_t *data, size_t size)
{
    static const struct sqlite_forms plain = {0};
    struct sqlite_declared first, second;
    stoa__arena arena = {0};
    stoa__buffer text = {0};
    enum sqlite_form form;
    bool metadata;
    char *declared = malloc(size + 1);

    expect(declared != NULL);
    memcpy(declared, data, size);
    declared[size] = 0;
    expect(sqlite_type_parse(declared, &arena, &first, NULL) == STOA_OK);
    if (first.type && sqlite_type_declare(first.type, &plain, &text, &form, &metadata,
                                          NULL) == STOA_OK) {
        expect(stoa__buffer_terminate(&text) == STOA_OK && !metadata);
        expect(sqlite_type_parse((const char *)text.data, &arena, &second, NULL) ==
               STOA_OK);
        expect(second.type && stoa__arrow_type_equal(first.type, second.type));
        expect(second.form == form);
    }
    free(declared);
    stoa__buffer_release(&text);
    stoa__arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && (data[0] & 1))
        try_declared(data + 1, size - 1);
    else if (size > 0)
        try_field(data + 1, size - 1);
    return 0;
}
