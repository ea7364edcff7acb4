/* SPDX-License-Identifier: Apache-2.0 */
/* convert csv|jsonl|ipc FILE [KEY=VALUE ...]: read the file and write its rows as JSON lines; those
 * of Arrow's form in that form, with the settings. */
#include "stoa.h"

#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 16 };

static stoa_status print(void *user_data, const void *bytes, int64_t size, stoa_error *err)
{
    (void)user_data, (void)err;
    return fwrite(bytes, 1, (size_t)size, stdout) == (size_t)size ? STOA_OK : STOA_ERR_IO;
}

int main(int argc, char **argv)
{
    stoa_source source = {.struct_size = sizeof source, .path_size = STOA_NUL};
    stoa_sink sink = {.struct_size = sizeof sink, .write = print};
    stoa_option options[OPTIONS_MAX];
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_status rc;
    int count = 0;

    if (argc < 3 || argc > OPTIONS_MAX + 3)
        return 2;
    for (int i = 3; i < argc; i++) {
        char *equal = strchr(argv[i], '=');

        if (!equal)
            return 2;
        *equal = '\0';
        options[count].key = argv[i];
        options[count++].value = equal + 1;
    }
    source.path = argv[2];
    if (strcmp(argv[1], "ipc") == 0)
        rc = stoa_ipc_open((stoa_op){0}, &source, NULL, 0, &stream, &err);
    else if (strcmp(argv[1], "csv") == 0)
        rc = stoa_csv_open((stoa_op){0}, &source, NULL, options, count, &stream, &err);
    else
        rc = stoa_jsonl_open((stoa_op){0}, &source, NULL, options, count, &stream, &err);
    if (rc == STOA_OK) {
        if (strcmp(argv[1], "ipc") == 0)
            rc = stoa_ipc_write((stoa_op){0}, &stream, &sink, options, count, NULL, &err);
        else
            rc = stoa_jsonl_write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err);
        stoa_stream_release(&stream);
    }
    if (rc != STOA_OK)
        fprintf(stderr, "%s\n", err.text);
    return rc == STOA_OK ? 0 : 1;
}
