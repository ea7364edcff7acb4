# SPDX-License-Identifier: Apache-2.0
"""Each public header stands alone, in C99, C11 and C++11, and is plain enough for a binding."""
import glob
import os
import re
import subprocess
import sys

from tap import done, point

INCLUDE = os.path.join(sys.argv[1], "include")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I", INCLUDE]
COMPILERS = [["gcc", "-xc", "-std=c99"], ["gcc", "-xc", "-std=c11"], ["g++", "-xc++", "-std=c++11"],
             ["clang", "-xc", "-std=c99"]]

# What a foreign-function interface cannot see, or sees at another width.
FOREIGN = {"a long": r"\blong\b", "a bool": r"\b_?Bool\b|\bbool\b", "varargs": r"\.\.\.",
           "an inline function": r"\binline\b", "a bit-field": r"\w\s*:\s*\d+\s*;",
           "a union": r"\bunion\b", "a size_t": r"\bsize_t\b", "a wchar_t": r"\bwchar_t\b",
           "a macro with parameters": r"#[ \t]*define[ \t]+\w+\("}
GIVEN = {"stoa/adbc.h": {"a size_t"}}  # The layout is another specification's.


def compile_alone(compiler, header):
    source = '#include "%s"\n#include "%s"\n' % (header, header)
    run = subprocess.run([*compiler, *STRICT, "-"], input=source, text=True, check=False,
                         capture_output=True)
    return run.stderr.splitlines() if run.returncode else []


headers = sorted(os.path.relpath(path, INCLUDE)
                 for path in glob.glob(os.path.join(INCLUDE, "**/*.h"), recursive=True))
for name in headers:
    for command in COMPILERS:
        point("%s compiles alone, and twice, by %s" % (name, " ".join(command)),
              compile_alone(command, name))
    with open(os.path.join(INCLUDE, name), encoding="utf-8") as file:
        code = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
    point("%s is plain" % name,
          ["%s: %s" % (what, found) for what, pattern in FOREIGN.items()
           for found in re.findall(r"^.*(?:%s).*$" % pattern, code, re.M)
           if what not in GIVEN.get(name, ())])
point("there are headers", [] if headers else ["none under " + INCLUDE])
done()
