/* SPDX-License-Identifier: Apache-2.0 */
#include "prompt.h"

#include "complete.h"
#include "dot.h"
#include "editor.h"
#include "statement.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether Enter ends what was typed: a dot command, nothing, or whole statements. */
static int is_complete(const char *text)
{
    return text[0] == '.' || statement_empty(text, strlen(text)) || statement_complete(text);
}

/* $XDG_CONFIG_HOME/stoa/config, or ~/.config/stoa/config: dot commands and statements. That there
 * is none is no failure. */
static void run_config(struct session *session)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct text path = {0};

    if (config && *config == '/')
        text_format(&path, "%s/stoa/config", config);
    else if (home && *home)
        text_format(&path, "%s/.config/stoa/config", home);
    if (path.size > 0 && access(text_string(&path), R_OK) == 0)
        (void)script_read(session, text_string(&path));
    text_release(&path);
}

static void greet(const struct session *session)
{
    char version[64] = "", engine[32] = "";
    (void)stoa_db_property(session->db, "engine", STOA_NUL, engine, sizeof engine, NULL, NULL);
    (void)stoa_db_property(session->db, "engine_version", STOA_NUL, version, sizeof version, NULL,
                           NULL);
    printf("stoa %s, %s %s. A statement ends with a semicolon; .help lists commands.\n",
           stoa_version(), engine, version);
}

stoa_status prompt_run(struct session *session, int config)
{
    struct names names = {.session = session};
    struct editor editor = {.prompt = "stoa> ",
                            .more = " ...> ",
                            .complete = is_complete,
                            .candidates = names_candidates,
                            .user_data = &names};
    if (config)
        run_config(session);
    session->interactive = 1;
    history_open(&editor.history);
    greet(session);
    while (!session->quit && !interrupt_final()) {
        fflush(stdout);
        editor.color = session_colors(session, STDOUT_FILENO);
        int end = terminal_dumb() ? editor_read_plain(&editor) : editor_read(&editor);
        if (end == EDITOR_CLOSED)
            break;
        if (end == EDITOR_CLEARED || editor.text.size == 0)
            continue;
        history_add(&editor.history, text_string(&editor.text));
        interrupt_clear();
        (void)script_text(session, text_string(&editor.text));
    }
    interrupt_clear();
    editor_release(&editor);
    names_release(&names);
    return interrupt_final() ? STOA_ERR_CANCELLED : STOA_OK;
}
