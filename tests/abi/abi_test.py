# SPDX-License-Identifier: Apache-2.0
"""The libraries export what they should, need what they may, and keep their layout."""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys

from tap import differences, done, point

ROOT = sys.argv[1]
BUILD = os.environ["STOA_BUILD"]
SHARED = os.path.join(BUILD, "libstoa.so.0")
ARCHIVE = os.path.join(BUILD, "libstoa.a")

# The library neither ends the process, nor talks, nor touches its signals and locale.
NEVER = {"exit", "_exit", "abort", "printf", "fprintf", "vprintf", "vfprintf", "puts", "fputs",
         "putchar", "perror", "signal", "sigaction", "setlocale", "system", "__assert_fail"}
NEVER |= {"__%s_chk" % name for name in NEVER}
NEEDED = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


def load(path):
    loader = importlib.machinery.SourceFileLoader("abi", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("abi", loader))
    loader.exec_module(module)
    return module


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined(library):
    lines = output("nm", "-D", "--undefined-only", "-P", library).splitlines()
    return {line.split()[0].split("@")[0] for line in lines}


def versions():
    """Name and version of each dynamic symbol, as exports.txt writes them."""
    lines = output("nm", "-D", "--defined-only", SHARED).split("\n")
    return dict(re.findall(r" [TDBR] (\w+)@@STOA_([\d.]+)$", "\n".join(lines), re.M))


abi = load(os.path.join(ROOT, "tools/abi"))
exports = abi.read_exports(abi.EXPORTS)
dynamic = output("readelf", "-d", SHARED)

point("the shared library exports what exports.txt lists, at its versions",
      differences(versions().items(), exports.items()))
point("no symbol is exported without a version",
      differences(abi.defined(SHARED), exports))
point("every export is declared in a public header",
      ["%s is not declared" % name for name in sorted(set(exports) - abi.declared())])
point("every declared function is exported",
      ["%s is not exported" % name for name in sorted(abi.declared() - set(exports))])
point("the archive defines the same names and no other",
      differences(abi.defined(ARCHIVE), exports))
point("the library never ends the process, prints, or touches signals and locale",
      ["it calls %s" % name for name in sorted(undefined(SHARED) & NEVER)])
point("the library needs libc and libm alone",
      ["it needs %s" % name for name in re.findall(r"NEEDED.*\[(.*)\]", dynamic)
       if name not in NEEDED])
point("its name is libstoa.so.0", [] if "soname: [libstoa.so.0]" in dynamic else [dynamic])
point("it is never unloaded", [] if "NODELETE" in dynamic else [dynamic])
with open(abi.LAYOUT, encoding="utf-8") as frozen:
    point("structs and constants are as layout.txt froze them",
          differences(abi.layout_text().splitlines(), frozen.read().splitlines()))
done()
