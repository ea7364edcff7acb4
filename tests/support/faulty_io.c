/* SPDX-License-Identifier: Apache-2.0 */
#include "support/faulty_io.h"

#include "sqlite3.h"
#include "test.h"

#include <errno.h>

enum { SECTOR = 512, FILE_COUNT_MAX = 16, NAME_SIZE = 64 };

/* SQLite's own file lies behind ours. */
struct faulty_file {
    sqlite3_file base;
    int name;  /* In `names`; -1: it has none, and is not recorded. */
    int inode; /* Of the record: differs between files that had one name in turn. */
    bool sync_folder;
};

static sqlite3_vfs *system_vfs;
static struct faulty_plan plan = {.nth = -1};
static bool fired;

static sqlite3_file *real(sqlite3_file *file)
{
    return (sqlite3_file *)((char *)file + sizeof(struct faulty_file));
}

static bool fails(int kind)
{
    if (plan.nth < 0 || !(plan.kinds & kind))
        return false;
    if (fired && !plan.stays)
        return false;
    if (!fired && plan.nth-- > 0)
        return false;
    plan.nth = 0;
    fired = true;
    errno = EIO; /* SQLite keeps it as the system's reason. */
    return true;
}

void faulty_plan(const struct faulty_plan *next)
{
    plan = *next;
    fired = false;
}

bool faulty_fired(void)
{
    const bool was = fired;

    plan.nth = -1;
    fired = false;
    return was;
}

/* ---- the record ---- */

enum event_kind {
    EVENT_CREATE,
    EVENT_REMOVE,
    EVENT_WRITE,
    EVENT_TRUNCATE,
    EVENT_SYNC,
    EVENT_FOLDER
};

struct event {
    enum event_kind kind;
    int name, inode;
    bool folder; /* SYNC, REMOVE: the folder was synced as well. */
    int64_t offset, size;
    char *bytes;
};

static bool recording;
static char names[FILE_COUNT_MAX][NAME_SIZE];
static int inodes[FILE_COUNT_MAX]; /* Of the names, now. */
static int name_count, inode_count;
static struct event *events;
static int64_t event_count, event_room;

static int name_of(const char *path)
{
    const char *name = path ? strrchr(path, '/') : NULL;

    if (!name)
        return -1;
    for (int i = 0; i < name_count; i++)
        if (strcmp(names[i], name + 1) == 0)
            return i;
    CHECK(name_count < FILE_COUNT_MAX);
    (void)snprintf(names[name_count], NAME_SIZE, "%s", name + 1);
    return name_count++;
}

static void note(struct event event, const void *bytes)
{
    if (!recording || event.name < 0)
        return;
    if (event_count == event_room) {
        event_room = event_room ? event_room * 2 : 1024;
        events = realloc(events, (size_t)event_room * sizeof(*events));
        CHECK(events != NULL);
    }
    if (bytes) {
        event.bytes = malloc((size_t)event.size);
        CHECK(event.bytes != NULL);
        memcpy(event.bytes, bytes, (size_t)event.size);
    }
    events[event_count++] = event;
}

void faulty_record(void)
{
    recording = true;
}

int64_t faulty_now(void)
{
    return event_count;
}

bool faulty_is_sync(int64_t now)
{
    return now > 0 && events[now - 1].kind >= EVENT_SYNC;
}

void faulty_forget(void)
{
    for (int64_t i = 0; i < event_count; i++)
        free(events[i].bytes);
    free(events);
    events = NULL;
    event_count = event_room = 0;
    name_count = inode_count = 0;
    recording = false;
}

/* ---- the file ---- */

static int on_close(sqlite3_file *file)
{
    return real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    if (fails(FAULTY_READ))
        return SQLITE_IOERR_READ;
    return real(file)->pMethods->xRead(real(file), bytes, size, offset);
}

static int on_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    const struct faulty_file *own = (const struct faulty_file *)file;
    const bool fail = fails(FAULTY_WRITE);

    if (fail && !plan.tear)
        return plan.code ? plan.code : SQLITE_IOERR_WRITE;
    if (fail)
        size /= 2;
    const int code = real(file)->pMethods->xWrite(real(file), bytes, size, offset);
    if (code == SQLITE_OK)
        note((struct event){EVENT_WRITE, own->name, own->inode, false, offset, size, NULL}, bytes);
    return fail ? (plan.code ? plan.code : SQLITE_IOERR_WRITE) : code;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const struct faulty_file *own = (const struct faulty_file *)file;

    if (fails(FAULTY_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    note((struct event){EVENT_TRUNCATE, own->name, own->inode, false, size, 0, NULL}, NULL);
    return real(file)->pMethods->xTruncate(real(file), size);
}

/* The real sync is left out: it costs most of the time and proves nothing here. */
static int on_sync(sqlite3_file *file, int flags)
{
    struct faulty_file *own = (struct faulty_file *)file;

    (void)flags;
    if (fails(FAULTY_SYNC))
        return SQLITE_IOERR_FSYNC;
    note((struct event){EVENT_SYNC, own->name, own->inode, own->sync_folder, 0, 0, NULL}, NULL);
    own->sync_folder = false;
    return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int on_lock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xLock(real(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xUnlock(real(file), lock);
}

static int on_reserved(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int on_control(sqlite3_file *file, int what, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int on_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int on_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove_it)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove_it);
}

static const sqlite3_io_methods methods = {
    2,         on_close,  on_read,     on_write,   on_truncate, on_sync,
    on_size,   on_lock,   on_unlock,   on_reserved, on_control, on_sector,
    on_device, on_shm_map, on_shm_lock, on_shm_barrier, on_shm_unmap, NULL, NULL,
};

/* Stoa's own syncs, in place of the C library's. */
int fsync(int fd)
{
    struct stat status;

    if (fails(FAULTY_SYNC)) {
        errno = EIO;
        return -1;
    }
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        note((struct event){EVENT_FOLDER, 0, -1, true, 0, 0, NULL}, NULL);
    return 0;
}

/* ---- the VFS ---- */

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    struct faulty_file *own = (struct faulty_file *)file;
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL;
    int there = 0;

    (void)vfs;
    own->base.pMethods = NULL;
    if (fails(FAULTY_OPEN))
        return SQLITE_CANTOPEN;
    if (path)
        (void)system_vfs->xAccess(system_vfs, path, SQLITE_ACCESS_EXISTS, &there);
    const int code = system_vfs->xOpen(system_vfs, path, real(file), flags, out);
    own->name = path && recording ? name_of(path) : -1;
    own->sync_folder = (flags & SQLITE_OPEN_CREATE) && (flags & journals);
    if (real(file)->pMethods)
        own->base.pMethods = &methods;
    if (code == SQLITE_OK && own->name >= 0 && !there) {
        inodes[own->name] = inode_count++;
        note((struct event){EVENT_CREATE, own->name, inodes[own->name], false, 0, 0, NULL}, NULL);
    }
    own->inode = own->name >= 0 ? inodes[own->name] : -1;
    return code;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    if (fails(FAULTY_DELETE))
        return SQLITE_IOERR_DELETE;
    const int code = system_vfs->xDelete(system_vfs, path, 0);
    if (code == SQLITE_OK)
        note((struct event){EVENT_REMOVE, recording ? name_of(path) : -1, -1, sync_folder != 0, 0,
                            0, NULL}, NULL);
    return code;
}

void faulty_install(void)
{
    static sqlite3_vfs vfs;

    CHECK_INT(sqlite3_initialize(), SQLITE_OK);
    system_vfs = sqlite3_vfs_find("unix");
    CHECK(system_vfs != NULL);
    vfs = *system_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile += (int)sizeof(struct faulty_file);
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    CHECK_INT(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* ---- what is left ---- */

struct content {
    char *bytes;
    int64_t size, room;
    bool there;
    int inode;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void resize(struct content *content, int64_t size)
{
    if (size > content->room) {
        content->room = size * 2;
        content->bytes = realloc(content->bytes, (size_t)content->room);
        CHECK(content->bytes != NULL);
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, (size_t)(size - content->size));
    content->size = size;
}

static void put(struct content *content, const struct event *event, int64_t from, int64_t to)
{
    if (event->offset + to > content->size)
        resize(content, event->offset + to);
    memcpy(content->bytes + event->offset + from, event->bytes + from, (size_t)(to - from));
}

/* Apply a write or truncation: all of it, or when it is not durable the sectors chance leaves. */
static void apply(struct content *content, const struct event *event, bool durable,
                  uint64_t *random)
{
    if (event->kind == EVENT_TRUNCATE) {
        if (durable || next_random(random) % 2)
            resize(content, event->offset);
        return;
    }
    for (int64_t at = 0; at < event->size;) {
        int64_t end = ((event->offset + at) / SECTOR + 1) * SECTOR - event->offset;

        end = end < event->size ? end : event->size;
        if (durable || next_random(random) % 2)
            put(content, event, at, end);
        at = end;
    }
}

/* Until which event each file and the folder are durable. */
static int64_t *find_durable(int64_t now, int64_t *folder)
{
    int64_t *file = calloc((size_t)inode_count + 1, sizeof(*file));

    CHECK(file != NULL);
    *folder = 0;
    for (int64_t i = 0; i < now; i++) {
        if (events[i].kind == EVENT_SYNC)
            file[events[i].inode] = i + 1;
        if (events[i].folder)
            *folder = i + 1;
    }
    return file;
}

static void store(const struct content *content, const char *folder, const char *name)
{
    char path[1024];
    const int size = snprintf(path, sizeof(path), "%s/%s", folder, name);

    CHECK(size > 0 && (size_t)size < sizeof(path));
    (void)remove(path);
    if (!content->there)
        return;
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(content->bytes, 1, (size_t)content->size, file) == (size_t)content->size);
    CHECK_INT(fclose(file), 0);
}

void faulty_crash(int64_t now, uint64_t seed, const char *to)
{
    struct content contents[FILE_COUNT_MAX] = {{0}};
    int64_t folder, *durable = find_durable(now, &folder);
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;
    bool names_stop = false; /* From here on names were not made or removed. */

    for (int64_t i = 0; i < now; i++) {
        const struct event *event = &events[i];
        struct content *content = &contents[event->name];
        const bool is_name = event->kind == EVENT_CREATE || event->kind == EVENT_REMOVE;

        if (is_name && seed && i >= folder && next_random(&random) % 3 == 0)
            names_stop = true;
        if (is_name && names_stop)
            continue;
        if (is_name) {
            content->there = event->kind == EVENT_CREATE;
            content->inode = event->inode;
            content->size = 0;
        } else if (event->kind < EVENT_SYNC && content->there &&
                   content->inode == event->inode) {
            apply(content, event, seed == 0 || i < durable[event->inode], &random);
        }
    }
    free(durable);
    for (int i = 0; i < name_count; i++) {
        store(&contents[i], to, names[i]);
        free(contents[i].bytes);
    }
}
