/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/manifest.h"

#include "base/error.h"
#include "engine/adbc/toml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/ban.h"

/* A manifest is some lines; more is not one. */
enum { FILE_BYTES_MAX = 1 << 20, READ_BYTES = 4096 };

/* As the convention writes it: os_arch, and _musl where that is the C library. */
#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__i386__)
#define ARCHITECTURE "x86"
#elif defined(__riscv)
#define ARCHITECTURE "riscv64"
#elif defined(__powerpc64__)
#define ARCHITECTURE "powerpc64le"
#elif defined(__s390x__)
#define ARCHITECTURE "s390x"
#else
#define ARCHITECTURE "arm"
#endif
#ifdef __GLIBC__
#define PLATFORM "linux_" ARCHITECTURE
#else
#define PLATFORM "linux_" ARCHITECTURE "_musl"
#endif

static const char one_library[] = "Driver.shared";
static const char platform_library[] = "Driver.shared." PLATFORM;

static stoa_status read_all(int file, stoa__buffer *out, const char *path, stoa_error *err)
{
    for (;;) {
        ssize_t got;

        if (out->size > FILE_BYTES_MAX)
            return stoa__fail(err, STOA_ERR_INVALID, "%s is larger than %d bytes", path,
                              FILE_BYTES_MAX);
        if (stoa__buffer_reserve(out, READ_BYTES) != STOA_OK)
            return stoa__fail_nomem(err);
        got = read(file, out->data + out->size, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return stoa__fail_errno(err, errno, "%s", path);
        if (got == 0)
            return STOA_OK;
        out->size += (size_t)got;
    }
}

stoa_status adbc_file_read(const char *path, stoa__buffer *out, stoa_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    stoa_status rc;

    if (file < 0)
        return stoa__fail_errno(err, errno, "%s", path);
    rc = read_all(file, out, path, err);
    (void)close(file);
    return rc;
}

/* ---- what it says ---- */

struct manifest {
    stoa__arena *arena;
    const char *library, *entrypoint, *version;
};

static stoa_status keep_text(struct manifest *manifest, const char *key, enum adbc_toml_kind kind,
                             const char *text, const char **out, stoa_error *err)
{
    if (kind != ADBC_TOML_TEXT)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is not a text", key);
    if (text[0] == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "%s is empty", key);
    *out = stoa__arena_copy_text(manifest->arena, text, strlen(text));
    return *out ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status manifest_value(void *self, const char *key, enum adbc_toml_kind kind,
                                  const char *text, stoa_error *err)
{
    struct manifest *manifest = self;

    if (strcmp(key, "manifest_version") == 0 &&
        (kind != ADBC_TOML_INTEGER || strcmp(text, "1") != 0))
        return stoa__fail(err, STOA_ERR_INVALID, "manifest_version is '%s', not 1", text);
    if (strcmp(key, one_library) == 0 || strcmp(key, platform_library) == 0)
        return keep_text(manifest, key, kind, text, &manifest->library, err);
    if (strcmp(key, "Driver.entrypoint") == 0)
        return keep_text(manifest, key, kind, text, &manifest->entrypoint, err);
    if (strcmp(key, "version") == 0 && kind == ADBC_TOML_TEXT && text[0] != '\0')
        return keep_text(manifest, key, kind, text, &manifest->version, err);
    return STOA_OK;
}

/* A relative path is the manifest's neighbour; a bare file name may be the loader's to find, but
 * only if there is no such neighbour. */
static stoa_status resolve(const char *path, struct manifest *manifest, stoa_error *err)
{
    const char *slash = strrchr(path, '/');
    stoa__buffer joined = {0};
    stoa_status rc = STOA_OK;

    if (manifest->library[0] == '/')
        return STOA_OK;
    if (stoa__buffer_format(&joined, "%.*s/%s", slash ? (int)(slash - path) : 1,
                            slash ? path : ".", manifest->library) != STOA_OK ||
        stoa__buffer_terminate(&joined) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc == STOA_OK &&
        (strchr(manifest->library, '/') || access((char *)joined.data, F_OK) == 0)) {
        manifest->library =
            stoa__arena_copy_text(manifest->arena, (char *)joined.data, joined.size);
        rc = manifest->library ? STOA_OK : stoa__fail_nomem(err);
    }
    stoa__buffer_release(&joined);
    return rc;
}

static stoa_status read_text(const char *path, const stoa__buffer *text,
                             struct manifest *manifest, stoa_error *err)
{
    stoa_status rc =
        adbc_toml_read((const char *)text->data, text->size, manifest_value, manifest, err);

    if (rc == STOA_ERR_SYNTAX && err)
        err->code = rc = STOA_ERR_INVALID;
    if (rc == STOA_ERR_SYNTAX)
        rc = STOA_ERR_INVALID;
    if (rc == STOA_ERR_INVALID)
        stoa__wrap(err, "the driver manifest %s", path);
    if (rc == STOA_OK && !manifest->library)
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND, "it has no library for " PLATFORM);
    return rc == STOA_OK ? resolve(path, manifest, err) : rc;
}

stoa_status adbc_manifest_read(const char *path, stoa__arena *arena, struct adbc_found *out,
                               bool *there, stoa_error *err)
{
    struct manifest manifest = {.arena = arena};
    stoa__buffer text = {0};
    stoa_status rc = adbc_file_read(path, &text, err);

    *there = rc != STOA_ERR_NOT_FOUND;
    if (rc == STOA_OK)
        rc = read_text(path, &text, &manifest, err);
    else if (rc != STOA_ERR_NOT_FOUND && rc != STOA_ERR_NOMEM)
        rc = stoa__fail(err, STOA_ERR_INVALID, "the driver manifest %s cannot be read", path);
    if (rc == STOA_OK)
        *out = (struct adbc_found){.path = manifest.library,
                                   .entrypoint = manifest.entrypoint,
                                   .version = manifest.version};
    stoa__buffer_release(&text);
    return rc;
}
