/* SPDX-License-Identifier: Apache-2.0 */
#include "pager.h"

#include "terminal.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_installed(const char *command)
{
    const char *path = getenv("PATH");
    struct text file = {0};
    int found = 0;

    while (path && *path && !found) {
        size_t size = strcspn(path, ":");
        text_clear(&file);
        text_add(&file, path, size);
        text_format(&file, "/%s", command);
        found = size > 0 && access(text_string(&file), X_OK) == 0;
        path += size + (path[size] == ':');
    }
    text_release(&file);
    return found;
}

const char *pager_default(void)
{
    const char *named = getenv("PAGER");

    if (named)
        return *named ? named : NULL;
    return !terminal_dumb() && is_installed("less") ? "less" : NULL;
}

struct pager pager_begin(const char *command)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct pager pager = {0};

    setenv("LESS", "-FRSX", 0); /* Colours, whole lines, and no wait for what fits the screen. */
    pager.file = popen(command, "w"); /* First: it does not inherit what is ignored here. */
    sigaction(SIGPIPE, &ignore, &pager.pipe);
    sigaction(SIGINT, &ignore, &pager.interrupt);
    return pager;
}

void pager_end(struct pager *pager)
{
    if (pager->file)
        pclose(pager->file);
    sigaction(SIGPIPE, &pager->pipe, NULL);
    sigaction(SIGINT, &pager->interrupt, NULL);
}
