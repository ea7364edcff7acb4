/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include "base/mem.h"
#include "test.h"

static void bytes_are_appended_in_order(void)
{
    stoa__buffer buffer = {0};

    CHECK_INT(stoa__buffer_append(&buffer, "ab", 2), STOA_OK);
    CHECK_INT(stoa__buffer_append_byte(&buffer, 'c'), STOA_OK);
    CHECK_INT(stoa__buffer_append_text(&buffer, "de"), STOA_OK);
    CHECK_INT(stoa__buffer_append_zero(&buffer, 2), STOA_OK);
    CHECK_INT(stoa__buffer_append(&buffer, NULL, 0), STOA_OK);
    CHECK_INT(stoa__buffer_format(&buffer, "%d-%s", 17, "x"), STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&buffer), STOA_OK);
    CHECK_INT(buffer.size, 11);
    CHECK(memcmp(buffer.data, "abcde\0\00017-x", 12) == 0);
    stoa__buffer_release(&buffer);
    CHECK(!buffer.data && buffer.size == 0 && buffer.capacity == 0);
    stoa__buffer_release(&buffer);
}

static void growth_doubles_and_stays_aligned(void)
{
    stoa__buffer buffer = {0};
    size_t moves = 0, capacity = 0;

    for (size_t i = 0; i < 100000; i++) {
        CHECK_INT(stoa__buffer_append_byte(&buffer, (uint8_t)(i % 251)), STOA_OK);
        moves += capacity != buffer.capacity;
        capacity = buffer.capacity;
        CHECK_INT((uintptr_t)buffer.data % 64, 0);
    }
    CHECK(moves <= 12);
    for (size_t i = 0; i < 100000; i++)
        CHECK_INT(buffer.data[i], i % 251);
    stoa__buffer_release(&buffer);
}

static void long_formats_fit(void)
{
    stoa__buffer buffer = {0};

    CHECK_INT(stoa__buffer_format(&buffer, "%5000d", 1), STOA_OK);
    CHECK_INT(stoa__buffer_format(&buffer, "%s", ""), STOA_OK);
    CHECK_INT(buffer.size, 5000);
    CHECK_INT(buffer.data[4999], '1');
    stoa__buffer_release(&buffer);
}

static void sizes_that_overflow_are_out_of_memory(void)
{
    stoa__buffer buffer = {0};

    CHECK_INT(stoa__buffer_append_text(&buffer, "abc"), STOA_OK);
    CHECK_INT(stoa__buffer_reserve(&buffer, SIZE_MAX), STOA_ERR_NOMEM);
    CHECK_INT(stoa__buffer_reserve(&buffer, SIZE_MAX / 2), STOA_ERR_NOMEM);
    CHECK_INT(stoa__buffer_append_zero(&buffer, SIZE_MAX - 3), STOA_ERR_NOMEM);
    CHECK_INT(buffer.size, 3);
    stoa__buffer_release(&buffer);
}

/* Every way to grow, with a full buffer of 64 bytes. */
static stoa_status grow(stoa__buffer *buffer, int way)
{
    switch (way) {
    case 0:
        return stoa__buffer_reserve(buffer, 1);
    case 1:
        return stoa__buffer_append(buffer, "x", 1);
    case 2:
        return stoa__buffer_append_byte(buffer, 1);
    case 3:
        return stoa__buffer_append_text(buffer, "x");
    case 4:
        return stoa__buffer_append_zero(buffer, 1);
    case 5:
        return stoa__buffer_format(buffer, "x");
    default:
        return stoa__buffer_terminate(buffer);
    }
}

static void failures_leave_the_bytes_alone(void)
{
    stoa__buffer buffer = {0};

    for (int way = 0; way < 7; way++) {
        CHECK_INT(stoa__buffer_append_zero(&buffer, 64), STOA_OK);
        stoa__mem_fail_nth = 0;
        CHECK_INT(grow(&buffer, way), STOA_ERR_NOMEM);
        stoa__mem_fail_nth = -1;
        CHECK_INT(buffer.size, 64);
        CHECK_INT(buffer.capacity, 64);
        CHECK_INT(grow(&buffer, way), STOA_OK);
        stoa__buffer_release(&buffer);
    }
}

static void memory_is_handed_over(void)
{
    stoa__buffer buffer = {0};
    uint8_t *data;

    CHECK_INT(stoa__buffer_append_text(&buffer, "mine"), STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&buffer), STOA_OK);
    data = stoa__buffer_take(&buffer);
    CHECK(!buffer.data && buffer.size == 0);
    CHECK_TEXT((char *)data, "mine");
    stoa__free(data);
    CHECK(!stoa__buffer_take(&buffer));
}

TEST_MAIN({"bytes are appended in order", bytes_are_appended_in_order},
          {"growth doubles and stays aligned", growth_doubles_and_stays_aligned},
          {"long formats fit", long_formats_fit},
          {"sizes that overflow are out of memory",
           sizes_that_overflow_are_out_of_memory},
          {"failures leave the bytes alone", failures_leave_the_bytes_alone},
          {"memory is handed over", memory_is_handed_over})
