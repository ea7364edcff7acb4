/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_ROWS = 65536, SENSOR_COUNT = 50, COLUMN_COUNT = 5, NAME_SIZE = 10 };

struct sensors {
    int64_t rows, done, fail_after;
    uint64_t random;
};

/* One batch's memory: everything in one piece. */
struct readings {
    struct ArrowArray columns[COLUMN_COUNT];
    struct ArrowArray *children[COLUMN_COUNT];
    const void *buffers[COLUMN_COUNT][3];
    const void *no_buffers[1];
    int64_t time[BATCH_ROWS];
    int32_t offsets[BATCH_ROWS + 1];
    double temperature[BATCH_ROWS];
    double humidity[BATCH_ROWS];
    int64_t battery[BATCH_ROWS];
    uint8_t humidity_valid[BATCH_ROWS / 8];
    char names[BATCH_ROWS * NAME_SIZE];
};

static const char *const formats[COLUMN_COUNT] = {"tsu:UTC", "u", "g", "g", "l"};
static const char *const names[COLUMN_COUNT] = {"time", "sensor", "temperature", "humidity",
                                                "battery"};

static uint64_t next_random(struct sensors *sensors)
{
    uint64_t x = sensors->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return sensors->random = x;
}

/* ---- the schema ---- */

struct fields {
    struct ArrowSchema columns[COLUMN_COUNT];
    struct ArrowSchema *children[COLUMN_COUNT];
};

static void release_field(struct ArrowSchema *field)
{
    field->release = NULL; /* Its memory is the parent's. */
}

static void release_schema(struct ArrowSchema *schema)
{
    free(schema->private_data);
    schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct fields *fields = calloc(1, sizeof *fields);
    (void)stream;
    if (!fields)
        return ENOMEM;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        fields->columns[i] = (struct ArrowSchema){.format = formats[i],
                                                  .name = names[i],
                                                  .flags = ARROW_FLAG_NULLABLE,
                                                  .release = release_field};
        fields->children[i] = &fields->columns[i];
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = COLUMN_COUNT,
                                .children = fields->children,
                                .release = release_schema,
                                .private_data = fields};
    return 0;
}

/* ---- batches ---- */

static void fill_row(struct sensors *sensors, struct readings *readings, int64_t row)
{
    int64_t number = sensors->done + row;
    uint64_t random = next_random(sensors);
    int sensor = (int)(number % SENSOR_COUNT);
    double day = (double)number / 86400.0 * 6.283185307179586;
    double noise = (double)(random % 2000) / 1000.0 - 1.0;

    readings->time[row] = INT64_C(1700000000000000) + number * 1000000;
    readings->temperature[row] = 12.0 + 0.2 * sensor + 8.0 * sin(day) + noise;
    readings->humidity[row] = 60.0 - 20.0 * sin(day) + 3.0 * noise;
    if (random % 97 != 0)
        readings->humidity_valid[row / 8] |= (uint8_t)(1u << (row % 8));
    readings->battery[row] = 100 - number / 200000 % 100;
    int size = snprintf(readings->names + readings->offsets[row], NAME_SIZE, "sensor-%02d", sensor);
    readings->offsets[row + 1] = readings->offsets[row] + size;
}

static void release_column(struct ArrowArray *column)
{
    column->release = NULL;
}

static void release_batch(struct ArrowArray *batch)
{
    free(batch->private_data);
    batch->release = NULL;
}

static void describe(struct readings *readings, int64_t rows, struct ArrowArray *out)
{
    const void *const data[COLUMN_COUNT][3] = {
        {NULL, readings->time},
        {NULL, readings->offsets, readings->names},
        {NULL, readings->temperature},
        {readings->humidity_valid, readings->humidity},
        {NULL, readings->battery},
    };
    memcpy(readings->buffers, data, sizeof data);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        readings->columns[i] = (struct ArrowArray){.length = rows,
                                                   .null_count = i == 3 ? -1 : 0,
                                                   .n_buffers = i == 1 ? 3 : 2,
                                                   .buffers = readings->buffers[i],
                                                   .release = release_column};
        readings->children[i] = &readings->columns[i];
    }
    *out = (struct ArrowArray){.length = rows,
                               .n_buffers = 1,
                               .buffers = readings->no_buffers,
                               .n_children = COLUMN_COUNT,
                               .children = readings->children,
                               .release = release_batch,
                               .private_data = readings};
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct sensors *sensors = stream->private_data;
    int64_t rows = sensors->rows - sensors->done;

    out->release = NULL;
    if (sensors->fail_after >= 0 && sensors->done >= sensors->fail_after)
        return EIO;
    if (rows <= 0)
        return 0;
    if (rows > BATCH_ROWS)
        rows = BATCH_ROWS;
    struct readings *readings = calloc(1, sizeof *readings);
    if (!readings)
        return ENOMEM;
    for (int64_t row = 0; row < rows; row++)
        fill_row(sensors, readings, row);
    describe(readings, rows, out);
    sensors->done += rows;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the cable of the sensors was pulled";
}

static void release_stream(struct ArrowArrayStream *stream)
{
    free(stream->private_data);
    stream->release = NULL;
}

int sensors_open(int64_t rows, int64_t fail_after, struct ArrowArrayStream *out)
{
    struct sensors *sensors = malloc(sizeof *sensors);
    if (!sensors)
        return ENOMEM;
    *sensors = (struct sensors){
        .rows = rows, .fail_after = fail_after, .random = UINT64_C(88172645463325252)};
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release_stream,
                                     .private_data = sensors};
    return 0;
}
