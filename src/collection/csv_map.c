/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/csv_map.h"

#include "base/mem.h"
#include "text/hash.h"

#include <assert.h>

#include "base/ban.h"

enum { SLOTS_FIRST = 64 };

/* The slot of `key`, or the free one it would have. */
static struct csv_map_slot *find(const struct csv_map *map, int64_t key)
{
    const size_t mask = map->slot_count - 1;
    size_t at = (size_t)stoa__hash_number((uint64_t)key, 0) & mask;

    assert(map->used < map->slot_count);
    while (map->slots[at].used && map->slots[at].key != key)
        at = (at + 1) & mask;
    return &map->slots[at];
}

static bool grow(struct csv_map *map)
{
    struct csv_map larger = {.slot_count = map->slot_count ? 2 * map->slot_count : SLOTS_FIRST,
                             .used = map->used};

    larger.slots = stoa__alloc_zero(larger.slot_count, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < map->slot_count; i++)
        if (map->slots[i].used)
            *find(&larger, map->slots[i].key) = map->slots[i];
    stoa__free(map->slots);
    *map = larger;
    return true;
}

int64_t *collection_csv_map_at(struct csv_map *map, int64_t key)
{
    struct csv_map_slot *slot;

    if (map->used * 4 >= map->slot_count * 3 && !grow(map))
        return NULL;
    slot = find(map, key);
    if (!slot->used) {
        *slot = (struct csv_map_slot){.key = key, .used = true};
        map->used++;
    }
    return &slot->value;
}

void collection_csv_map_release(struct csv_map *map)
{
    stoa__free(map->slots);
    *map = (struct csv_map){0};
}

/* ---- sets: 64 ids a slot ---- */

static int64_t block_of(int64_t id)
{
    return id / 64 - (id % 64 < 0);
}

static uint64_t bit_of(int64_t id)
{
    return UINT64_C(1) << ((uint64_t)id & 63);
}

bool collection_csv_set_add(struct csv_map *set, int64_t id, bool *there)
{
    int64_t *const bits = collection_csv_map_at(set, block_of(id));

    if (!bits)
        return false;
    *there = ((uint64_t)*bits & bit_of(id)) != 0;
    *bits = (int64_t)((uint64_t)*bits | bit_of(id));
    return true;
}

bool collection_csv_set_has(const struct csv_map *set, int64_t id)
{
    return set->used > 0 && ((uint64_t)find(set, block_of(id))->value & bit_of(id)) != 0;
}
