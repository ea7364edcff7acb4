/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few declarations of zlib and libzstd that are needed, written here: their headers need not
 * be there to build, nor the libraries to run. Both have been frozen for years.
 */
#include "format/unpack.h"

#include "base/error.h"
#include "base/mem.h"
#include "stoa/format.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

#include "base/ban.h"

/* z_stream of zlib 1.x. */
struct zlib_stream {
    const uint8_t *next_in;
    unsigned avail_in;
    unsigned long total_in;
    uint8_t *next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *msg;
    void *state;
    void *(*zalloc)(void *, unsigned, unsigned);
    void (*zfree)(void *, void *);
    void *opaque;
    int data_type;
    unsigned long adler;
    unsigned long reserved;
};
_Static_assert(sizeof(struct zlib_stream) == 112, "as zlib.h has it on x86-64");

struct zstd_in {
    const void *data;
    size_t size, at;
};
struct zstd_out {
    void *data;
    size_t size, at;
};

enum {
    ZLIB_GZIP_ONLY = 15 + 16, /* Window bits that ask for a gzip header. */
    ZLIB_OK = 0,
    ZLIB_END = 1,
    ZLIB_NO_PROGRESS = -5,
    ZLIB_NOMEM = -4,
    /* zlib counts in unsigned: no piece is larger. */
    PIECE_MAX = 1 << 30
};

struct stoa__unpack {
    void *library;
    int32_t compression;
    bool between;
    struct zlib_stream zlib;
    int (*inflate_init)(struct zlib_stream *, int, const char *, int);
    int (*inflate)(struct zlib_stream *, int);
    int (*inflate_reset)(struct zlib_stream *);
    int (*inflate_end)(struct zlib_stream *);
    void *zstd;
    void *(*zstd_new)(void);
    size_t (*zstd_free)(void *);
    size_t (*zstd_run)(void *, struct zstd_out *, struct zstd_in *);
    unsigned (*zstd_is_error)(size_t);
    const char *(*zstd_error_name)(size_t);
};

/* ISO C knows no way from an object pointer to a function pointer; POSIX promises this one. */
static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    _Static_assert(sizeof(void (*)(void)) == sizeof symbol, "POSIX");
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_zlib(stoa__unpack *unpack)
{
    return find(unpack->library, "inflateInit2_", &unpack->inflate_init) &&
           find(unpack->library, "inflate", &unpack->inflate) &&
           find(unpack->library, "inflateReset", &unpack->inflate_reset) &&
           find(unpack->library, "inflateEnd", &unpack->inflate_end);
}

static bool find_zstd(stoa__unpack *unpack)
{
    return find(unpack->library, "ZSTD_createDStream", &unpack->zstd_new) &&
           find(unpack->library, "ZSTD_freeDStream", &unpack->zstd_free) &&
           find(unpack->library, "ZSTD_decompressStream", &unpack->zstd_run) &&
           find(unpack->library, "ZSTD_isError", &unpack->zstd_is_error) &&
           find(unpack->library, "ZSTD_getErrorName", &unpack->zstd_error_name);
}

/* No path of our own: where libraries lie is for the system to say. */
static stoa_status load(stoa__unpack *unpack, stoa_error *err)
{
    bool gzip = unpack->compression == STOA_COMPRESSION_GZIP;
    const char *name = gzip ? "libz.so.1" : "libzstd.so.1";
    const char *why;

    unpack->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!unpack->library) {
        why = dlerror();
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "the input is packed with %s, and its library was not found where the "
                          "system looks for libraries (LD_LIBRARY_PATH, the loader's cache, "
                          "/lib, /usr/lib): %s",
                          gzip ? "gzip" : "zstd", why ? why : name);
    }
    if (gzip ? !find_zlib(unpack) : !find_zstd(unpack))
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "%s lacks a function that unpacking needs", name);
    return STOA_OK;
}

static stoa_status start(stoa__unpack *unpack, stoa_error *err)
{
    if (unpack->compression == STOA_COMPRESSION_ZSTD) {
        unpack->zstd = unpack->zstd_new();
        return unpack->zstd ? STOA_OK : stoa__fail_nomem(err);
    }
    if (unpack->inflate_init(&unpack->zlib, ZLIB_GZIP_ONLY, "1.2.11",
                             (int)sizeof unpack->zlib) == ZLIB_OK)
        return STOA_OK;
    unpack->zlib.state = NULL;
    return stoa__fail_nomem(err);
}

stoa_status stoa__unpack_new(int32_t compression, stoa__unpack **out, stoa_error *err)
{
    stoa__unpack *unpack = stoa__alloc_zero(1, sizeof *unpack);
    stoa_status rc;

    assert(compression == STOA_COMPRESSION_GZIP || compression == STOA_COMPRESSION_ZSTD);
    *out = NULL;
    if (!unpack)
        return stoa__fail_nomem(err);
    unpack->compression = compression;
    unpack->between = true;
    rc = load(unpack, err);
    if (rc == STOA_OK)
        rc = start(unpack, err);
    if (rc == STOA_OK)
        *out = unpack;
    else
        stoa__unpack_free(unpack);
    return rc;
}

static stoa_status run_gzip(stoa__unpack *unpack, const uint8_t *input, size_t input_size,
                            uint8_t *output, size_t output_size, stoa_error *err)
{
    struct zlib_stream *zlib = &unpack->zlib;
    int rc;

    zlib->next_in = input;
    zlib->avail_in = (unsigned)input_size;
    zlib->next_out = output;
    zlib->avail_out = (unsigned)output_size;
    rc = unpack->inflate(zlib, 0);
    unpack->between = rc == ZLIB_END;
    if (rc == ZLIB_END) /* Members may follow each other. */
        rc = unpack->inflate_reset(zlib);
    if (rc == ZLIB_NOMEM)
        return stoa__fail_nomem(err);
    if (rc != ZLIB_OK && rc != ZLIB_NO_PROGRESS)
        return stoa__fail(err, STOA_ERR_CORRUPT, "the gzip data is damaged: %s",
                          zlib->msg ? zlib->msg : "no reason given");
    return STOA_OK;
}

static stoa_status run_zstd(stoa__unpack *unpack, struct zstd_in *in, struct zstd_out *out,
                            stoa_error *err)
{
    size_t rc = unpack->zstd_run(unpack->zstd, out, in);

    if (unpack->zstd_is_error(rc))
        return stoa__fail(err, STOA_ERR_CORRUPT, "the zstd data is damaged: %s",
                          unpack->zstd_error_name(rc));
    unpack->between = rc == 0;
    return STOA_OK;
}

stoa_status stoa__unpack_run(stoa__unpack *unpack, const uint8_t *input, size_t input_size,
                             uint8_t *output, size_t output_size, size_t *taken,
                             size_t *given, bool *between, stoa_error *err)
{
    stoa_status rc;

    assert(output_size > 0 && (input_size > 0 || !unpack->between));
    input_size = input_size < PIECE_MAX ? input_size : PIECE_MAX;
    output_size = output_size < PIECE_MAX ? output_size : PIECE_MAX;
    if (unpack->compression == STOA_COMPRESSION_GZIP) {
        rc = run_gzip(unpack, input, input_size, output, output_size, err);
        *taken = input_size - unpack->zlib.avail_in;
        *given = output_size - unpack->zlib.avail_out;
    } else {
        struct zstd_in in = {input, input_size, 0};
        struct zstd_out out = {output, output_size, 0};

        rc = run_zstd(unpack, &in, &out, err);
        *taken = in.at;
        *given = out.at;
    }
    *between = unpack->between;
    return rc;
}

void stoa__unpack_free(stoa__unpack *unpack)
{
    if (!unpack)
        return;
    if (unpack->zlib.state)
        unpack->inflate_end(&unpack->zlib);
    if (unpack->zstd)
        unpack->zstd_free(unpack->zstd);
    if (unpack->library)
        dlclose(unpack->library);
    stoa__free(unpack);
}
