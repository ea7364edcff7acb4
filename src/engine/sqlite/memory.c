/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/memory.h"

#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/ban.h"

/*
 * Extent 0 holds the first EXTENT_FIRST bytes, and each further one as many as those before it
 * together: so few of them hold anything, and at most half of the room is not used (and, below a
 * huge page, not touched).
 */
enum { EXTENT_BITS = 16, EXTENT_FIRST = 1 << EXTENT_BITS, EXTENT_COUNT = 64 - EXTENT_BITS };

/* In struct store's `holders`. */
enum { WRITER = 1 << 30 };

/*
 * A database, or a journal. SQLite writes to a database in EXCLUSIVE alone, so while a file holds
 * any lock nobody else changes what it reads. A journal has no locks, and a database's header is
 * read without one too: these look under the mutex, which is held for every change.
 */
struct store {
    struct store *next;
    char *name;
    stoa__mutex lock; /* Innermost. */
    uint8_t *extents[EXTENT_COUNT];
    int64_t size, limit;
    /* Files with any lock, and WRITER when one of them holds more than SHARED: nobody else gets any
     * then. Taken and given back by each statement that reads, hence no mutex. */
    _Atomic int32_t holders;
    int32_t files; /* Guarded by `lock_stores`. */
};

struct file {
    sqlite3_file base;
    struct store *store;
    int held; /* SQLITE_LOCK_... */
};

static struct store *stores;
static stoa__mutex lock_stores = STOA__MUTEX_INITIALIZER;

static struct store *store_of(sqlite3_file *file)
{
    return ((struct file *)file)->store;
}

static bool is_held(sqlite3_file *file)
{
    return ((struct file *)file)->held != SQLITE_LOCK_NONE;
}

static bool may_change(sqlite3_file *file)
{
    return !is_held(file) || ((struct file *)file)->held == SQLITE_LOCK_EXCLUSIVE;
}

/* ---- room ---- */

static int extent_of(int64_t offset)
{
    const uint64_t firsts = (uint64_t)offset >> EXTENT_BITS;

    return firsts == 0 ? 0 : 64 - __builtin_clzll(firsts);
}

static int64_t extent_begin(int extent)
{
    return extent == 0 ? 0 : INT64_C(1) << (EXTENT_BITS + extent - 1);
}

static size_t extent_size(int extent)
{
    return extent == 0 ? EXTENT_FIRST : (size_t)extent_begin(extent);
}

/* Where the bytes from `offset` on are, of which `*size` lie together. */
static uint8_t *place_of(const struct store *store, int64_t offset, int64_t *size)
{
    const int extent = extent_of(offset);
    const int64_t inside = offset - extent_begin(extent);
    const int64_t left = (int64_t)extent_size(extent) - inside;

    *size = *size < left ? *size : left;
    assert(store->extents[extent]);
    return store->extents[extent] + inside;
}

static void copy_out(const struct store *store, int64_t offset, uint8_t *out, int64_t size)
{
    for (int64_t piece = size; size > 0; piece = size) {
        const uint8_t *const place = place_of(store, offset, &piece);

        memcpy(out, place, (size_t)piece);
        offset += piece;
        out += piece;
        size -= piece;
    }
}

/* `bytes` NULL: zeroes. */
static void copy_in(const struct store *store, int64_t offset, const uint8_t *bytes, int64_t size)
{
    for (int64_t piece = size; size > 0; piece = size) {
        uint8_t *place = place_of(store, offset, &piece);

        if (bytes)
            memcpy(place, bytes, (size_t)piece);
        else
            memset(place, 0, (size_t)piece);
        bytes = bytes ? bytes + piece : NULL;
        offset += piece;
        size -= piece;
    }
}

/* Room up to `end`. What was added before memory ran out is used another time. */
static bool enlarge(struct store *store, int64_t end)
{
    const int last = extent_of(end - 1);

    for (int i = 0; i <= last && !store->extents[last]; i++) {
        if (!store->extents[i])
            store->extents[i] = stoa__alloc_pages(extent_size(i));
        if (!store->extents[i])
            return false;
    }
    return true;
}

static void shrink(struct store *store, int64_t end)
{
    for (int i = end > 0 ? extent_of(end - 1) + 1 : 0; i < EXTENT_COUNT; i++) {
        stoa__free_pages(store->extents[i], extent_size(i));
        store->extents[i] = NULL;
    }
}

/* ---- an open database ---- */

static void store_free(struct store *store)
{
    shrink(store, 0);
    stoa__mutex_release(&store->lock);
    stoa__free(store->name);
    stoa__free(store);
}

static int file_close(sqlite3_file *file)
{
    struct store *const store = store_of(file);
    struct store **link = &stores;
    bool last;

    stoa__mutex_lock(&lock_stores);
    last = --store->files == 0;
    while (last && *link != store)
        link = &(*link)->next;
    if (last)
        *link = store->next;
    stoa__mutex_unlock(&lock_stores);
    if (last)
        store_free(store);
    return SQLITE_OK;
}

static int read_bytes(const struct store *store, void *out, int size, int64_t offset)
{
    int64_t there = store->size - offset;

    there = there < 0 ? 0 : there < size ? there : size;
    copy_out(store, offset, out, there);
    if (there == size)
        return SQLITE_OK;
    memset((uint8_t *)out + there, 0, (size_t)(size - there));
    return SQLITE_IOERR_SHORT_READ;
}

static int file_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    struct store *const store = store_of(file);
    int code;

    if (is_held(file))
        return read_bytes(store, out, size, offset);
    stoa__mutex_lock(&store->lock);
    code = read_bytes(store, out, size, offset);
    stoa__mutex_unlock(&store->lock);
    return code;
}

static int write_locked(struct store *store, const void *bytes, int size, int64_t offset)
{
    const int64_t end = offset + size;

    if (end > store->size) {
        if (end > store->limit)
            return SQLITE_FULL;
        if (!enlarge(store, end))
            return SQLITE_IOERR_NOMEM;
        if (offset > store->size)
            copy_in(store, store->size, NULL, offset - store->size);
        store->size = end;
    }
    copy_in(store, offset, bytes, size);
    return SQLITE_OK;
}

static int file_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    struct store *const store = store_of(file);
    int code;

    assert(may_change(file));
    stoa__mutex_lock(&store->lock);
    code = write_locked(store, bytes, size, offset);
    stoa__mutex_unlock(&store->lock);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct store *const store = store_of(file);

    assert(may_change(file));
    stoa__mutex_lock(&store->lock);
    if (size < store->size)
        store->size = size;
    shrink(store, size > EXTENT_FIRST ? size : EXTENT_FIRST);
    stoa__mutex_unlock(&store->lock);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    struct store *const store = store_of(file);

    if (is_held(file)) {
        *out = store->size;
        return SQLITE_OK;
    }
    stoa__mutex_lock(&store->lock);
    *out = store->size;
    stoa__mutex_unlock(&store->lock);
    return SQLITE_OK;
}

/* ---- locks ---- */

static bool may_lock(int32_t holders, int held, int wanted)
{
    if (wanted == SQLITE_LOCK_SHARED)
        return !(holders & WRITER);
    if (wanted == SQLITE_LOCK_EXCLUSIVE && (holders & ~WRITER) > 1)
        return false;
    return held > SQLITE_LOCK_SHARED || !(holders & WRITER);
}

static int file_lock(sqlite3_file *base, int wanted)
{
    struct file *const file = (struct file *)base;
    _Atomic int32_t *const holders = &file->store->holders;
    int32_t before = atomic_load_explicit(holders, memory_order_relaxed), after;

    if (wanted <= file->held)
        return SQLITE_OK;
    do {
        if (!may_lock(before, file->held, wanted))
            return SQLITE_BUSY;
        after = file->held == SQLITE_LOCK_NONE ? before + 1 : before;
        if (wanted > SQLITE_LOCK_SHARED)
            after |= WRITER;
    } while (!atomic_compare_exchange_weak_explicit(holders, &before, after, memory_order_acq_rel,
                                                    memory_order_relaxed));
    file->held = wanted;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int wanted)
{
    struct file *const file = (struct file *)base;
    const int32_t writer = file->held > SQLITE_LOCK_SHARED ? WRITER : 0;
    const int32_t holder = wanted == SQLITE_LOCK_NONE;

    if (wanted >= file->held)
        return SQLITE_OK;
    file->held = wanted;
    atomic_fetch_sub_explicit(&file->store->holders, writer + holder, memory_order_acq_rel);
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *out)
{
    *out = (atomic_load(&store_of(file)->holders) & WRITER) != 0;
    return SQLITE_OK;
}

/* ---- the rest of a file ---- */

/* A limit below what is there already becomes that; a negative one only asks. */
static void set_limit(struct store *store, sqlite3_int64 *limit)
{
    stoa__mutex_lock(&store->lock);
    if (*limit >= 0)
        store->limit = *limit > store->size ? *limit : store->size;
    *limit = store->limit;
    stoa__mutex_unlock(&store->lock);
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
    switch (what) {
    case SQLITE_FCNTL_SIZE_LIMIT:
        set_limit(store_of(file), argument);
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int file_sector(sqlite3_file *file)
{
    (void)file;
    return 512;
}

static int file_device(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_ATOMIC | SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND |
           SQLITE_IOCAP_SEQUENTIAL;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

/* ---- opening ---- */

static struct store *store_new(const char *name)
{
    struct store *const store = stoa__alloc_zero(1, sizeof *store);

    if (!store)
        return NULL;
    stoa__mutex_init(&store->lock);
    store->name = stoa__copy_text(name, strlen(name));
    store->limit = INT64_MAX / 2;
    /* The first extent at once: a small database then never runs out in the middle. */
    if (!store->name || !enlarge(store, 1)) {
        store_free(store);
        return NULL;
    }
    return store;
}

/* The store of that name, for one more file. */
static struct store *find(const char *name)
{
    struct store *store;

    stoa__mutex_lock(&lock_stores);
    for (store = stores; store && strcmp(store->name, name) != 0;)
        store = store->next;
    if (!store && (store = store_new(name))) {
        store->next = stores;
        stores = store;
    }
    if (store)
        store->files++;
    stoa__mutex_unlock(&lock_stores);
    return store;
}

int sqlite_memory_open(const char *name, sqlite3_file *file, int flags, int *got)
{
    struct store *const store = find(name);

    file->pMethods = NULL;
    if (!store)
        return SQLITE_NOMEM;
    *(struct file *)file = (struct file){.base = {.pMethods = &methods}, .store = store};
    if (got)
        *got = flags | SQLITE_OPEN_MEMORY;
    return SQLITE_OK;
}

int sqlite_memory_file_size(void)
{
    return (int)sizeof(struct file);
}
