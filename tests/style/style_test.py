# SPDX-License-Identifier: Apache-2.0
"""The tree keeps its floors and its habits, and the checkers see what breaks them."""
import os
import subprocess
import sys
import tempfile

import tap

ROOT = sys.argv[1]
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def check(tool, root):
    run = subprocess.run([os.path.join(ROOT, "tools", tool), root], check=False,
                         stdout=subprocess.PIPE, text=True)
    return run.stdout.splitlines()


def planted(tool, path, text, word):
    """Problems when `tool` is silent about a tree that holds only this file."""
    with tempfile.TemporaryDirectory() as root:
        file = os.path.join(root, path)
        os.makedirs(os.path.dirname(file))
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        found = check(tool, root)
    if word is None:
        return found
    return [] if any(word in line for line in found) else ["not found: %r" % found]


def layers(sentence, path, include, word):
    tap.point(sentence, planted("check_layers", path, "#include %s\n" % include, word))


def style(sentence, path, text, word):
    tap.point(sentence, planted("check_style", path, text, word))


BAN = '#include "base/ban.h"\n'

tap.point("no include goes up a floor", check("check_layers", ROOT))
layers("base including core is found", "src/base/a.c", '"core/conn.h"', "goes up")
layers("text including arrow is found", "src/text/a.c", '"arrow/type.h"', "goes up")
layers("core including arrow is right", "src/core/a.c", '"arrow/type.h"', None)
layers("one engine including another is found", "src/engine/null/a.c",
       '"engine/sqlite/bind.h"', "one engine to another")
layers("sqlite3.h outside its engine is found", "src/core/a.c", '"sqlite3.h"', "alone")
layers("a socket outside src/net is found", "src/qwp/a.c", "<sys/socket.h>", "alone")
layers("the command line seeing inside is found", "cli/a.c", '"base/mem.h"', "private")
layers("a public header with stdbool.h is found", "include/stoa/a.h", "<stdbool.h>", "more")
layers("an include without its folder is found", "src/base/a.c", '"mem.h"', "no path")

tap.point("the sources keep the habits", check("check_style", ROOT))
style("a source without a licence line is found", "cli/a.c", "int a;\n", "SPDX")
style("a line of 101 columns is found", "cli/a.c", SPDX + "/* %s */\n" % ("x" * 95), "columns")
style("a function of 71 lines is found", "cli/a.c",
      SPDX + "int a(void)\n{\n%s}\n" % ("    a();\n" * 71), "71 lines")
style("a function of 70 lines is right", "cli/a.c",
      SPDX + "int a(void)\n{\n%s}\n" % ("    a();\n" * 70), None)
style("a file of 801 lines is found", "cli/a.c", SPDX + "\n" * 800, "801 lines")
style("a forbidden call is found", "bench/a.c", SPDX + "int a = atoi(b);\n", "atoi")
style("the name of a call in a comment or a text is right", "bench/a.c",
      SPDX + '/* atoi(b) */ const char *a = "atoi(b)";\n', None)
style("a library that prints is found", "src/base/a.c", SPDX + BAN + "int a = puts(b);\n",
      "puts")
style("a library source without base/ban.h is found", "src/base/a.c", SPDX + "int a;\n",
      "ban.h")
style("a header without a guard is found", "include/stoa/a.h", SPDX + "int a;\n", "guard")
style("a reminder without an issue's number is found", "cli/a.c",
      SPDX + "/* TO" + "DO: more */\n", "issue")
HEADER = SPDX + "#ifndef A_H\n#define A_H\nint a(int *b,\n      int c);\n#endif\n"
style("a function that nothing calls is found", "src/base/a.h", HEADER, "a is called by nothing")
style("what is called in a header is right", "src/base/a.h",
      HEADER.replace("#endif", "#define B a(0, 1) + a(1, 0)\n#endif"), None)
tap.done()
