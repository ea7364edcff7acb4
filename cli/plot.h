/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as pictures: a line of braille dots, bars of blocks, and a line in an SVG file. */
#ifndef STOA_CLI_PLOT_H
#define STOA_CLI_PLOT_H

#include <stddef.h>
#include <stdio.h>

/* Values at equal distances. NaN is a gap. */
struct series {
    const double *values;
    size_t count;
};

/* `width` by `height` characters, each 2 by 4 dots, with the range at the left. */
void plot_line(FILE *file, const struct series *series, int width, int height);

/* `bins` rows of bars, each with where it begins and its count. */
void plot_histogram(FILE *file, const struct series *series, int bins, int width);

/* 0, or an errno. */
int plot_svg(const char *path, const struct series *series, const char *title);

#endif
