# SPDX-License-Identifier: Apache-2.0
"""What is installed can be built against, and its SQLite stays out of an application's own."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from tap import done, point

ROOT, VERSION, PREFIX = sys.argv[1:]
APP = os.path.join(ROOT, "tests/package/app.c")
WORK = tempfile.mkdtemp(prefix="stoa-package-")
FOUND = {}


def output(*command, **env):
    return subprocess.run(command, check=True, env={**os.environ, **env}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()


def attempt(sentence, action):
    """A point that holds when `action` returns no problem and no command of it fails."""
    try:
        point(sentence, filter(None, [action()]))
    except subprocess.CalledProcessError as error:
        point(sentence, [" ".join(error.cmd)] + error.output.splitlines()[-20:])


def install():
    output("meson", "install", "-C", os.environ["STOA_BUILD"], "--destdir", WORK)
    for name in ("libstoa.a", "libstoa.so.0", "stoa.pc", "stoa-config.cmake", "stoa.h"):
        paths = glob.glob(os.path.join(WORK, "**", name), recursive=True)
        if not paths:
            return name + " is not installed"
        FOUND[name] = paths[0]
    return None


def config(*args):
    """What pkg-config says about the installation."""
    return output("pkg-config", *args, PKG_CONFIG_SYSROOT_DIR=WORK,
                  PKG_CONFIG_LIBDIR=os.path.dirname(FOUND["stoa.pc"])).split()


def build_and_run(*flags, right, compiler=("gcc", "-std=c99")):
    """Build the application, run it, and say how its answer differs from `right`."""
    program = os.path.join(WORK, "app")
    output(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", APP, "-o", program, *flags)
    got = output(program, LD_LIBRARY_PATH=os.path.dirname(FOUND["libstoa.so.0"]))
    return None if got == right else "it says %r, not %r" % (got, right)


def build_with_cmake():
    prefix = WORK + PREFIX
    build = os.path.join(WORK, "cmake")
    output("cmake", "-S", os.path.dirname(APP), "-B", build, "-DCMAKE_PREFIX_PATH=" + prefix,
           "-DCMAKE_LIBRARY_ARCHITECTURE=" + output("gcc", "-print-multiarch"))
    output("cmake", "--build", build)
    answers = {output(os.path.join(build, name)) for name in ("app_shared", "app_static")}
    return None if answers == {OURS} else "they say %r" % answers


with open(os.path.join(ROOT, "third_party/pins"), encoding="utf-8") as pins:
    OURS = VERSION + " " + [line.split()[1] for line in pins if line.startswith("sqlite3.c")][0]
BOTH = OURS + " " + output("pkg-config", "--modversion", "sqlite3")

try:
    attempt("the libraries, headers and package files are installed", install)
    if len(FOUND) == 5:
        include, private = config("--cflags", "stoa"), ["-lpthread", "-lm", "-ldl"]
        archive, own = FOUND["libstoa.a"], [*include, "-DOWN_SQLITE"]
        system = os.path.join(output("pkg-config", "--variable=libdir", "sqlite3"), "libsqlite3.a")
        attempt("an application builds against the shared library by pkg-config",
                lambda: build_and_run(*config("--cflags", "--libs", "stoa"), right=OURS))
        attempt("a C++ application does so too",
                lambda: build_and_run(*config("--cflags", "--libs", "stoa"), right=OURS,
                                      compiler=("g++", "-xc++", "-std=c++11")))
        attempt("an application builds against the static library",
                lambda: build_and_run(*include, archive, *private, right=OURS))
        attempt("applications build by the CMake package", build_with_cmake)
        attempt("the shared library leaves an application its own SQLite",
                lambda: build_and_run(*own, *config("--libs", "stoa"), "-lsqlite3", right=BOTH))
        attempt("the static library leaves an application its own shared SQLite",
                lambda: build_and_run(*own, archive, "-lsqlite3", *private, right=BOTH))
        attempt("the static library leaves an application its own static SQLite",
                lambda: build_and_run(*own, archive, system, *private, right=BOTH))
        attempt("and in the other order of linking",
                lambda: build_and_run(*own, system, archive, *private, right=BOTH))
finally:
    shutil.rmtree(WORK)
done()
