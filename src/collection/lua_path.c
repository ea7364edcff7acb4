/* SPDX-License-Identifier: Apache-2.0 */
/* Where a script's CSV files may lie: inside of the folder of the database, whatever the path says
 * by "..", by its root or by links. */
#include "collection/lua.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

static void add(struct lua_runner *runner, const char *text, size_t size)
{
    if (stoa__buffer_append(&runner->scratch.text, text, size) != STOA_OK)
        collection_lua_raise_nomem(runner);
}

/* The folder of the database, ending with no slash ("" is the root), in the arena. */
static struct lua_text find_folder(struct lua_runner *runner)
{
    static const char sql[] = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    struct lua_text file, out = {0};
    stoa_rows rows;
    const char *slash;

    collection_lua_must(runner, stoa_query_cell(runner->conn, runner->op, sql, STOA_NUL, NULL, 0,
                                                NULL, 0, STOA_TYPE_TEXT, &rows, &runner->failure));
    file = collection_lua_row_text(&rows, 0);
    slash = file.size > 0 ? memrchr(file.text, '/', (size_t)file.size) : NULL;
    if (!slash)
        collection_lua_refuse(runner, STOA_ERR_INVALID,
                              "database is in-memory, file operations are unavailable");
    out.size = slash - file.text;
    out.text = stoa__arena_copy_text(&runner->scratch.arena, file.text, (size_t)out.size);
    if (!out.text)
        collection_lua_raise_nomem(runner);
    return out;
}

static _Noreturn void refuse(struct lua_runner *runner, struct lua_text path,
                             struct lua_text folder)
{
    collection_lua_refuse(runner, STOA_ERR_INVALID,
                          "path '%.*s' escapes the database directory '%s'", (int)path.size,
                          path.text, folder.text);
}

/* Append the steps of `path` to scratch.text, which begins with a folder of `floor` bytes that ".."
 * does not leave; false if it would. */
static bool walk(struct lua_runner *runner, struct lua_text path, size_t floor)
{
    stoa__buffer *text = &runner->scratch.text;
    const char *at = path.text, *end = path.text + path.size;

    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const size_t size = (size_t)((slash ? slash : end) - at);

        if (size == 2 && memcmp(at, "..", 2) == 0) {
            if (text->size <= floor)
                return false;
            while (text->data[text->size - 1] != '/')
                text->size--;
            text->size--;
        } else if (size > 0 && !(size == 1 && at[0] == '.')) {
            add(runner, "/", 1);
            add(runner, at, size);
        }
        at += size + (slash != NULL);
    }
    return true;
}

static bool is_inside(const char *path, struct lua_text folder)
{
    return strncmp(path, folder.text, (size_t)folder.size) == 0 &&
           (path[folder.size] == '/' || path[folder.size] == '\0');
}

/* Follow the links of what is there already of the path in scratch.text. */
static bool leads_inside(struct lua_runner *runner, struct lua_text folder)
{
    stoa__buffer *text = &runner->scratch.text;
    char *real = stoa__arena_alloc(&runner->scratch.arena, PATH_MAX);
    char *path = stoa__arena_copy_text(&runner->scratch.arena, (const char *)text->data,
                                       text->size);
    size_t size = text->size;

    if (!real || !path)
        collection_lua_raise_nomem(runner);
    while (size > (size_t)folder.size && !realpath(path, real)) {
        while (path[size - 1] != '/')
            size--;
        path[--size] = '\0';
    }
    return size <= (size_t)folder.size || is_inside(real, folder);
}

struct lua_text collection_lua_resolve_path(struct lua_runner *runner, struct lua_text path)
{
    const struct lua_text folder = find_folder(runner);
    stoa__buffer *text = &runner->scratch.text;
    const bool rooted = path.size > 0 && path.text[0] == '/';
    bool inside;

    if (path.size > 0 && memchr(path.text, '\0', (size_t)path.size))
        collection_lua_refuse(runner, STOA_ERR_INVALID, "the path holds a NUL");
    if (!rooted)
        add(runner, folder.text, (size_t)folder.size);
    inside = walk(runner, path, rooted ? 0 : (size_t)folder.size);
    add(runner, "", 1);
    text->size--;
    if (!inside || text->size <= (size_t)folder.size ||
        !is_inside((const char *)text->data, folder) || !leads_inside(runner, folder))
        refuse(runner, path, folder);
    return (struct lua_text){(const char *)text->data, (int64_t)text->size};
}
