/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/driver.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/adbc/go_runtime.h"

#include <assert.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { SYMBOL_SIZE = 256, NAME_SIZE = 256, MESSAGE_SIZE = 512 };

static const char fallback_symbol[] = "AdbcDriverInit";

/* Every library in use, or once used. Nothing leaves the list. */
static stoa__mutex lock = STOA__MUTEX_INITIALIZER;
static struct adbc_driver *drivers;

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

void adbc_driver_symbol(const char *path, char *out, size_t capacity)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size, made = 0;
    char pieces[SYMBOL_SIZE];
    bool first = true;

    if (strncmp(name, "lib", 3) == 0)
        name += 3;
    size = strcspn(name, ".");
    for (size_t i = 0; i < size && made + 1 < sizeof pieces; i++) {
        bool separator = name[i] == '-' || name[i] == '_';

        if (!separator)
            pieces[made++] = first ? upper(name[i]) : name[i];
        first = separator;
    }
    pieces[made] = '\0';
    (void)snprintf(out, capacity, "%s%sInit", strncmp(pieces, "Adbc", 4) == 0 ? "" : "Adbc",
                   pieces);
}

/* ---- negotiation ---- */

/* The driver's words, which are gone with the error. */
static void take_message(adbc_error *error, char *out, size_t capacity)
{
    size_t size;

    (void)snprintf(out, capacity, "%s", error->message ? error->message : "no reason given");
    size = strlen(out);
    out[stoa__text_repair(out, size, size + 1 == capacity)] = '\0';
    if (error->release)
        error->release(error);
}

static adbc_status try_version(struct adbc_driver *driver, int version, char *message,
                               size_t capacity)
{
    adbc_error error = {.vendor_code =
                            version == ADBC_VERSION_1_1 ? ADBC_VENDOR_CODE_EXTENDED : 0};
    adbc_status status;

    memset(&driver->table, 0, sizeof driver->table);
    status = driver->entry(version, &driver->table, &error);
    take_message(&error, message, capacity);
    driver->version = version;
    return status;
}

static stoa_status negotiate(struct adbc_driver *driver, stoa_error *err)
{
    char message[MESSAGE_SIZE];
    adbc_status status = try_version(driver, ADBC_VERSION_1_1, message, sizeof message);
    stoa_status rc;

    if (status == ADBC_NOT_IMPLEMENTED)
        status = try_version(driver, ADBC_VERSION_1_0, message, sizeof message);
    if (status != ADBC_OK)
        return stoa__fail(err, STOA_ERR_PROTOCOL, "the driver %s does not start: %s",
                          driver->path, message);
    rc = adbc_table_complete(&driver->table, driver->version, err);
    driver->lacks = adbc_table_lacks(&driver->table);
    if (rc != STOA_OK) {
        stoa__wrap(err, "%s", driver->path);
        if (driver->table.release)
            (void)driver->table.release(&driver->table, NULL);
    }
    return rc;
}

/* ---- loading ---- */

/* What dlsym gives is an object pointer; POSIX says that it may be a function's. */
static adbc_entry entry_of(void *library, const char *symbol)
{
    void *found = dlsym(library, symbol);
    adbc_entry entry = NULL;

    if (found)
        memcpy(&entry, &found, sizeof entry);
    return entry;
}

static stoa_status find_entry(void *library, const char *path, const char *wanted,
                              adbc_entry *entry, char *symbol, stoa_error *err)
{
    if (wanted) {
        (void)snprintf(symbol, SYMBOL_SIZE, "%s", wanted);
        *entry = entry_of(library, symbol);
        if (*entry)
            return STOA_OK;
        return stoa__fail(err, STOA_ERR_PROTOCOL, "%s has no entry point %s", path, wanted);
    }
    adbc_driver_symbol(path, symbol, SYMBOL_SIZE);
    *entry = entry_of(library, symbol);
    if (!*entry)
        *entry = entry_of(library, fallback_symbol);
    if (!*entry)
        return stoa__fail(err, STOA_ERR_PROTOCOL,
                          "%s is no ADBC driver that can be guessed: it has neither %s nor %s; "
                          "name its entry point with entrypoint=",
                          path, symbol, fallback_symbol);
    if (!entry_of(library, symbol))
        (void)snprintf(symbol, SYMBOL_SIZE, "%s", fallback_symbol);
    return STOA_OK;
}

static stoa_status check_go(const struct adbc_driver_wish *wish, const char *path,
                            stoa_error *err)
{
    char other[NAME_SIZE];

    if (wish->allow_two_go_runtimes || !adbc_go_in_file(path) ||
        !adbc_go_meets(path, other, sizeof other))
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s brings a Go runtime, and %s has brought one into this process already; "
                      "two do not work together (allow_two_go_runtimes=yes tries it)",
                      path, other);
}

/* What the dynamic loader found by itself is loaded already: too late to refuse, not to warn. */
static void warn_of_go(const struct adbc_driver_wish *wish, void *library, const char *other)
{
    struct link_map *map = NULL;

    if (other[0] != '\0' && !wish->allow_two_go_runtimes &&
        dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && strcmp(map->l_name, other) != 0 &&
        adbc_go_in_file(map->l_name))
        stoa__log(STOA_LOG_WARNING,
                  "%s brings a Go runtime, and %s has brought one into this process already; two "
                  "do not work together",
                  map->l_name, other);
}

static struct adbc_driver *record(adbc_entry entry, const char *path, const char *symbol)
{
    struct adbc_driver *driver = stoa__alloc_zero(1, sizeof *driver);

    if (!driver)
        return NULL;
    driver->path = stoa__copy_text(path, strlen(path));
    driver->entrypoint = stoa__copy_text(symbol, strlen(symbol));
    driver->entry = entry;
    if (driver->path && driver->entrypoint)
        return driver;
    stoa__free(driver->path);
    stoa__free(driver->entrypoint);
    stoa__free(driver);
    return NULL;
}

static struct adbc_driver *recorded(adbc_entry entry)
{
    struct adbc_driver *driver = drivers;

    while (driver && driver->entry != entry)
        driver = driver->next;
    return driver;
}

/* The library is there: its driver, from the list or new in it. The lock is held. */
static stoa_status adopt(void *library, const char *path, const char *wanted,
                         struct adbc_driver **out, stoa_error *err)
{
    char symbol[SYMBOL_SIZE];
    adbc_entry entry = NULL;
    struct adbc_driver *driver;
    stoa_status rc = find_entry(library, path, wanted, &entry, symbol, err);

    if (rc != STOA_OK)
        return rc;
    driver = recorded(entry);
    if (!driver) {
        driver = record(entry, path, symbol);
        if (!driver)
            return stoa__fail_nomem(err);
        driver->next = drivers;
        drivers = driver;
    }
    if (driver->use_count == 0)
        rc = negotiate(driver, err);
    if (rc != STOA_OK)
        return rc;
    driver->use_count++;
    *out = driver;
    return STOA_OK;
}

/* ---- by its place ---- */

static void *load(const char *path, char *why, size_t capacity)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *text = library ? NULL : dlerror();

    if (text)
        (void)snprintf(why, capacity, "%s", text);
    return library;
}

static stoa_status use_found(const struct adbc_driver_wish *wish, const struct adbc_found *found,
                             struct adbc_driver **out, stoa_error *err)
{
    char why[MESSAGE_SIZE] = "";
    void *library;
    stoa_status rc = check_go(wish, found->path, err);

    if (rc != STOA_OK)
        return rc;
    library = load(found->path, why, sizeof why);
    if (!library)
        return stoa__fail(err, STOA_ERR_PROTOCOL, "the driver %s does not load: %s", found->path,
                          why);
    return adopt(library, found->path, wish->entrypoint ? wish->entrypoint : found->entrypoint,
                 out, err);
}

/* The dynamic loader has its own path: the name itself, then libNAME.so and libadbc_driver_NAME.so
 * in it. */
static stoa_status use_loaders(const struct adbc_driver_wish *wish, const stoa__buffer *tried,
                               struct adbc_driver **out, stoa_error *err)
{
    static const char *const patterns[][2] = {{"lib", ".so"}, {"libadbc_driver_", ".so"},
                                              {"", ""}};
    char name[NAME_SIZE], why[MESSAGE_SIZE] = "", other[NAME_SIZE] = "";
    void *library = NULL;

    (void)adbc_go_meets(NULL, other, sizeof other);
    for (size_t i = 0; !library && i < sizeof patterns / sizeof *patterns; i++) {
        (void)snprintf(name, sizeof name, "%s%.200s%s", patterns[i][0], wish->search.name,
                       patterns[i][1]);
        library = load(name, why, sizeof why);
    }
    if (library)
        warn_of_go(wish, library, other);
    if (library)
        return adopt(library, name, wish->entrypoint, out, err);
    return stoa__fail(err, STOA_ERR_NOT_FOUND,
                      "the ADBC driver '%.200s' is not installed; looked at: %.*s; the dynamic "
                      "loader: %.200s",
                      wish->search.name, (int)(tried->size < 600 ? tried->size : 600),
                      tried->size > 0 ? (const char *)tried->data : "", why);
}

stoa_status adbc_driver_use(const struct adbc_driver_wish *wish, struct adbc_driver **out,
                            stoa_error *err)
{
    stoa__arena arena = {0};
    stoa__buffer tried = {0};
    struct adbc_found found;
    stoa_error failure = {0};
    stoa_status rc = adbc_find(&wish->search, &arena, &found, &tried, &failure);

    stoa__mutex_lock(&lock);
    if (rc == STOA_OK)
        rc = use_found(wish, &found, out, &failure);
    else if (rc == STOA_ERR_NOT_FOUND && failure.code == 0)
        rc = use_loaders(wish, &tried, out, &failure);
    stoa__mutex_unlock(&lock);
    stoa__buffer_release(&tried);
    stoa__arena_release(&arena);
    if (rc != STOA_OK)
        stoa__error_copy(err, &failure);
    return rc;
}

void adbc_driver_unuse(struct adbc_driver *driver)
{
    adbc_error error = {0};

    stoa__mutex_lock(&lock);
    assert(driver->use_count > 0);
    if (--driver->use_count == 0 && driver->table.release) {
        (void)driver->table.release(&driver->table, &error);
        if (error.release)
            error.release(&error);
    }
    stoa__mutex_unlock(&lock);
}

stoa_status adbc_driver_locate(const struct adbc_search *search, stoa__buffer *path,
                               stoa__buffer *version, stoa_error *err)
{
    stoa__arena arena = {0};
    stoa__buffer tried = {0};
    struct adbc_found found;
    stoa_error failure = {0};
    stoa_status rc = adbc_find(search, &arena, &found, &tried, &failure);

    if (rc == STOA_ERR_NOT_FOUND && failure.code == 0)
        rc = stoa__fail(&failure, STOA_ERR_NOT_FOUND, "not installed; looked at: %.*s",
                        (int)(tried.size < 800 ? tried.size : 800),
                        tried.size > 0 ? (const char *)tried.data : "");
    if (rc == STOA_OK && (stoa__buffer_append_text(path, found.path) != STOA_OK ||
                          (found.version &&
                           stoa__buffer_append_text(version, found.version) != STOA_OK)))
        rc = stoa__fail_nomem(&failure);
    if (rc != STOA_OK)
        stoa__error_copy(err, &failure);
    stoa__buffer_release(&tried);
    stoa__arena_release(&arena);
    return rc;
}
