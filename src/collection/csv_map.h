/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers by number, and sets of ids: what an import has to remember of every row. A set takes half
 * a byte an id where ids are dense. */
#ifndef STOA_COLLECTION_CSV_MAP_H
#define STOA_COLLECTION_CSV_MAP_H

#include "stoa/base.h"

#include <stdbool.h>
#include <stddef.h>

struct csv_map_slot {
    int64_t key, value;
    bool used;
};

/* All-zero is empty. */
struct csv_map {
    struct csv_map_slot *slots;
    size_t slot_count, used;
};

/* The value of `key`, 0 at first; NULL: out of memory. It stays until the next call. */
int64_t *collection_csv_map_at(struct csv_map *map, int64_t key);
void collection_csv_map_release(struct csv_map *map);

/* Put an id into a set; `*there`: it was in it before. False: out of memory. */
bool collection_csv_set_add(struct csv_map *set, int64_t id, bool *there);
bool collection_csv_set_has(const struct csv_map *set, int64_t id);

#endif
