/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of its corpus, each a test of its own. */
#include "test.h"

#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *corpus;
static const char *input_name;

/* The target gets a piece of exactly its size, so that reading past it is seen. */
static void replay(void)
{
    char path[4096];
    struct stat info;
    uint8_t *data;
    FILE *file;

    CHECK(snprintf(path, sizeof(path), "%s/%s", corpus, input_name) < (int)sizeof(path));
    CHECK_INT(stat(path, &info), 0);
    file = fopen(path, "rb");
    data = malloc((size_t)info.st_size);
    CHECK(file && (data || info.st_size == 0));
    CHECK_INT(fread(data, 1, (size_t)info.st_size, file), info.st_size);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, (size_t)info.st_size);
    free(data);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **list = NULL;
    int failed = 0;

    corpus = argc > 1 ? argv[1] : ".";
    const int count = scandir(corpus, &list, is_input, alphasort);

    printf("1..%d\n", count > 0 ? count : 0);
    for (int i = 0; i < count; i++) {
        const struct test test = {list[i]->d_name, replay};

        input_name = test.name;
        const bool passed = test_run_forked(&test);

        failed += !passed;
        printf("%s %d - %s\n", passed ? "ok" : "not ok", i + 1, test.name);
        free(list[i]);
    }
    free(list);
    return failed > 0 || count <= 0;
}
