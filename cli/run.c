/* SPDX-License-Identifier: Apache-2.0 */
/* Running statements from arguments, from a pipe, or from a person. */
#include "cli.h"
#include "dot.h"
#include "prompt.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options of the session; what is left are settings of the target. 0 and a sentence when wrong. */
static int take_options(struct session *session, struct args *args, const char **script)
{
    const char *format = args_take(args, "format"), *rows = args_take(args, "rows");
    const char *output = args_take(args, "output"), *color = args_take(args, "color");
    char *end = NULL;

    *script = args_take(args, "read");
    session->timer = args_take(args, "timer") != NULL;
    if (format && mode_find(format) < 0) {
        fprintf(stderr, "stoa: --format %s: it is one of %s\n", format, MODE_NAMES);
        return 0;
    }
    if (format)
        session->output.mode = (enum mode)mode_find(format);
    if (color && color_find(color) < 0) {
        fprintf(stderr, "stoa: --color %s: it is one of %s\n", color, COLOR_NAMES);
        return 0;
    }
    if (color)
        session->color = (enum color)color_find(color);
    session_refresh(session);
    if (rows) {
        session->output.rows_max = strtoll(rows, &end, 10);
        if (*end || session->output.rows_max < 0 || session->output.rows_max == 1) {
            fprintf(stderr, "stoa: --rows %s: it is a number from 2, or 0 for all\n", rows);
            return 0;
        }
    }
    if (output && session_output(session, output) != STOA_OK) {
        session_tell(session, NULL);
        return 0;
    }
    return 1;
}

static stoa_status run_all(struct session *session, struct args *args, const char *script,
                           int config)
{
    stoa_status rc = STOA_OK;

    if (script)
        rc = script_read(session, script);
    for (int i = 1; i < args->count && rc == STOA_OK && !session->quit; i++)
        rc = script_text(session, args->words[i]);
    if (args->count > 1 || script)
        return rc;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return prompt_run(session, config);
    return script_run(session, stdin, "standard input");
}

int cli_run(struct args *args)
{
    struct session session;
    const char *script;
    stoa_status rc;

    session_init(&session);
    int config = args_take(args, "no_config") == NULL;
    if (!take_options(&session, args, &script)) {
        session_release(&session);
        return CLI_USAGE;
    }
    interrupt_catch();
    rc = session_open(&session, args->words[0], args->options, args->option_count);
    if (rc == STOA_OK)
        rc = run_all(&session, args, script, config);
    if (rc == STOA_OK)
        rc = session_close(&session);
    if (rc == STOA_OK && fflush(session.output.file) != 0)
        rc = session_fail(&session, STOA_ERR_IO, "the rows could not be written");
    if (rc < 0)
        session_tell(&session, NULL);
    session_release(&session);
    return session_exit(rc);
}
