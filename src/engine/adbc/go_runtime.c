/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/go_runtime.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

/* A file has a dozen segments, and its notes are some hundred bytes. */
enum { SEGMENT_COUNT_MAX = 256, NOTE_BYTES_MAX = 65536, GO_BUILD_ID = 4 };

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Notes stand one behind the other: sizes of owner and content, type, owner, content. */
static bool has_go_note(const uint8_t *notes, size_t size)
{
    while (size >= 12) {
        uint32_t owner_size, content_size, type;
        size_t whole;

        memcpy(&owner_size, notes, 4);
        memcpy(&content_size, notes + 4, 4);
        memcpy(&type, notes + 8, 4);
        if (owner_size > size || content_size > size)
            return false;
        whole = 12 + padded(owner_size) + padded(content_size);
        if (whole > size)
            return false;
        if (type == GO_BUILD_ID && owner_size >= 2 && memcmp(notes + 12, "Go", 2) == 0 &&
            (owner_size == 2 || notes[14] == '\0'))
            return true;
        notes += whole;
        size -= whole;
    }
    return false;
}

/* ---- files ---- */

static bool read_at(int file, void *out, size_t size, uint64_t offset)
{
    return offset <= INT64_MAX && pread(file, out, size, (off_t)offset) == (ssize_t)size;
}

static bool segment_has_note(int file, const Elf64_Phdr *segment)
{
    uint8_t notes[2048];
    uint64_t left = segment->p_filesz;

    if (segment->p_type != PT_NOTE || left > NOTE_BYTES_MAX)
        return false;
    if (left > sizeof notes)
        left = sizeof notes;
    return read_at(file, notes, (size_t)left, segment->p_offset) &&
           has_go_note(notes, (size_t)left);
}

static bool file_has_note(int file)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    if (!read_at(file, &header, sizeof header, 0) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof segment ||
        header.e_phnum > SEGMENT_COUNT_MAX)
        return false;
    for (size_t i = 0; i < header.e_phnum; i++)
        if (read_at(file, &segment, sizeof segment, header.e_phoff + i * sizeof segment) &&
            segment_has_note(file, &segment))
            return true;
    return false;
}

bool adbc_go_in_file(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool found;

    if (file < 0)
        return false;
    found = file_has_note(file);
    (void)close(file);
    return found;
}

/* ---- the process ---- */

struct hunt {
    const struct stat *file; /* NULL: none. */
    char *name;
    size_t capacity;
    bool found, loaded;
};

static bool is_go_object(const struct dl_phdr_info *info)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_NOTE &&
            has_go_note((const uint8_t *)(info->dlpi_addr + segment->p_vaddr),
                        segment->p_memsz))
            return true;
    }
    return false;
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct hunt *hunt = data;
    struct stat there;

    (void)size;
    if (hunt->file && info->dlpi_name[0] != '\0' && stat(info->dlpi_name, &there) == 0 &&
        there.st_dev == hunt->file->st_dev && there.st_ino == hunt->file->st_ino)
        hunt->loaded = true;
    if (!hunt->found && is_go_object(info)) {
        hunt->found = true;
        (void)snprintf(hunt->name, hunt->capacity, "%s",
                       info->dlpi_name[0] != '\0' ? info->dlpi_name : "the program itself");
    }
    return hunt->loaded;
}

bool adbc_go_meets(const char *path, char *name, size_t capacity)
{
    struct stat file;
    struct hunt hunt = {.name = name, .capacity = capacity};

    if (path && stat(path, &file) == 0)
        hunt.file = &file;
    (void)dl_iterate_phdr(look_at_object, &hunt);
    return hunt.found && !hunt.loaded;
}
