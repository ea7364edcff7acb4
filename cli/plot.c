/* SPDX-License-Identifier: Apache-2.0 */
#include "plot.h"

#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct range {
    double low, high;
};

/* Of the values that are numbers; never empty, so that it can be divided by. */
static struct range find_range(const struct series *series)
{
    struct range range = {INFINITY, -INFINITY};
    for (size_t i = 0; i < series->count; i++) {
        double value = series->values[i];
        if (!isfinite(value))
            continue;
        range.low = value < range.low ? value : range.low;
        range.high = value > range.high ? value : range.high;
    }
    if (range.low > range.high)
        return (struct range){0, 1};
    if (range.low == range.high)
        range.high = range.low + 1;
    return range;
}

/* ---- braille ---- */

/* Bits of a character's dots, by column and row: U+2800 plus them. */
static const uint8_t dots[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

static void set_dot(uint8_t *cells, int width, int x, int y)
{
    cells[y / 4 * width + x / 2] |= dots[x % 2][y % 4];
}

/* The smallest and greatest value of the points that share a column of dots; 0 when none has. */
static int column_range(const struct series *series, int column, int columns, struct range *out)
{
    size_t from = series->count * (size_t)column / (size_t)columns;
    size_t to = series->count * (size_t)(column + 1) / (size_t)columns;
    int found = 0;

    if (to <= from)
        to = from + 1;
    for (size_t i = from; i < to && i < series->count; i++) {
        double value = series->values[i];
        if (!isfinite(value))
            continue;
        out->low = found && out->low < value ? out->low : value;
        out->high = found && out->high > value ? out->high : value;
        found = 1;
    }
    return found;
}

static void put_braille(FILE *file, uint8_t bits)
{
    char bytes[4] = {(char)0xe2, (char)(0xa0 | bits >> 6), (char)(0x80 | (bits & 0x3f)), 0};
    fputs(bytes, file);
}

void plot_line(FILE *file, const struct series *series, int width, int height)
{
    uint8_t *cells = cli_new((size_t)width * (size_t)height, 1);
    struct range all = find_range(series);
    double scale = (height * 4 - 1) / (all.high - all.low);
    int last = -1;

    for (int x = 0; x < width * 2; x++) {
        struct range here;
        if (!column_range(series, x, width * 2, &here)) {
            last = -1;
            continue;
        }
        int top = (int)((all.high - here.high) * scale + 0.5);
        int bottom = (int)((all.high - here.low) * scale + 0.5);
        if (last >= 0 && last < top) /* What lies between two columns belongs to the line. */
            top = last + 1;
        if (last > bottom)
            bottom = last - 1;
        for (int y = top; y <= bottom; y++)
            set_dot(cells, width, x, y);
        last = (int)((all.high - (here.low + here.high) / 2) * scale + 0.5);
    }
    for (int row = 0; row < height; row++) {
        if (row == 0 || row == height - 1)
            fprintf(file, "  %9.2f ┤", row == 0 ? all.high : all.low);
        else
            fprintf(file, "  %9s │", "");
        for (int column = 0; column < width; column++)
            put_braille(file, cells[row * width + column]);
        fputc('\n', file);
    }
    free(cells);
}

/* ---- blocks ---- */

/* A bar in eighths of a character. */
static void put_bar(FILE *file, double length)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)(length * 8 + 0.5);
    for (; eighths >= 8; eighths -= 8)
        fputs("█", file);
    fputs(parts[eighths], file);
}

void plot_histogram(FILE *file, const struct series *series, int bins, int width)
{
    size_t *counts = cli_new((size_t)bins, sizeof *counts), most = 1;
    struct range range = find_range(series);
    double step = (range.high - range.low) / bins;

    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->values[i]))
            continue;
        int bin = (int)((series->values[i] - range.low) / step);
        bin = bin < bins ? bin : bins - 1;
        counts[bin]++;
        most = counts[bin] > most ? counts[bin] : most;
    }
    for (int i = 0; i < bins; i++) {
        fprintf(file, "  %9.2f │", range.low + step * i);
        put_bar(file, (double)counts[i] / (double)most * width);
        fprintf(file, " %zu\n", counts[i]);
    }
    free(counts);
}

/* ---- SVG ---- */

int plot_svg(const char *path, const struct series *series, const char *title)
{
    enum { WIDTH = 900, HEIGHT = 320, MARGIN = 60 };
    struct range range = find_range(series);
    double x_step = series->count > 1 ? (WIDTH - 2.0 * MARGIN) / (double)(series->count - 1) : 0;
    double scale = (HEIGHT - 2.0 * MARGIN) / (range.high - range.low);
    int begun = 0;
    FILE *file = fopen(path, "w");

    if (!file)
        return errno;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
            " font-family=\"sans-serif\" font-size=\"14\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"34\" font-size=\"18\">%s</text>\n"
            "<text x=\"8\" y=\"%d\">%.2f</text>\n<text x=\"8\" y=\"%d\">%.2f</text>\n"
            "<path fill=\"none\" stroke=\"#2563eb\" stroke-width=\"1.5\" d=\"",
            WIDTH, HEIGHT, MARGIN, title, MARGIN + 5, range.high, HEIGHT - MARGIN + 5, range.low);
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->values[i])) {
            begun = 0;
            continue;
        }
        fprintf(file, "%c%.1f %.1f", begun ? 'L' : 'M', MARGIN + x_step * (double)i,
                MARGIN + (range.high - series->values[i]) * scale);
        begun = 1;
    }
    fputs("\"/>\n</svg>\n", file);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? EIO : 0;
}
