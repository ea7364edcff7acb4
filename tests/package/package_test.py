# SPDX-License-Identifier: Apache-2.0
"""What is installed is whole, can be built against, and its SQLite stays out of an application's
own."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from tap import differences, done, point

ROOT, VERSION, PREFIX, LIBDIR = sys.argv[1:]
APP = os.path.join(ROOT, "tests/package/app.c")
WORK = tempfile.mkdtemp(prefix="stoa-package-")
INSTALLED = WORK + PREFIX
LIBRARIES = os.path.join(INSTALLED, LIBDIR)
MINOR = "STOA_" + ".".join(VERSION.split(".")[:2])
GCC, GXX = ("gcc", "-std=c99"), ("g++", "-xc++", "-std=c++11")


def output(*command, **env):
    return subprocess.run(command, check=True, env={**os.environ, **env}, encoding="utf-8",
                          errors="surrogateescape", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout.strip()


def attempt(sentence, action):
    """A point that holds when `action` finds nothing wrong and no command of it fails."""
    try:
        point(sentence, action())
    except subprocess.CalledProcessError as error:
        point(sentence, [" ".join(error.cmd)] + error.output.splitlines()[-20:])


def files_under(folder):
    return {os.path.relpath(os.path.join(at, name), folder)
            for at, _, names in os.walk(folder) for name in names}


def install():
    """Everything is there, and nothing else."""
    output("meson", "install", "-C", os.environ["STOA_BUILD"], "--no-rebuild", "--destdir", WORK)
    headers = {"include/" + name for name in files_under(os.path.join(ROOT, "include"))}
    libraries = {"libstoa.a", "libstoa.so", "libstoa.so.0", "libstoa.so." + VERSION,
                 "pkgconfig/stoa.pc", "cmake/stoa/stoa-config.cmake",
                 "cmake/stoa/stoa-config-version.cmake"}
    wanted = headers | {os.path.join(LIBDIR, name) for name in libraries} | {
        "bin/stoa", "share/man/man1/stoa.1", "share/man/man7/stoa.7",
        "share/doc/stoa/LICENSE", "share/doc/stoa/NOTICE", "share/doc/stoa/types.md",
        "share/bash-completion/completions/stoa", "share/fish/vendor_completions.d/stoa.fish",
        "share/zsh/site-functions/_stoa"}
    if PREFIX != "/usr":  # There it is /etc.
        wanted.add("etc/adbc/drivers/stoa.toml")
    return differences(files_under(INSTALLED), wanted)


def links():
    names = {name: os.readlink(os.path.join(LIBRARIES, name))
             for name in ("libstoa.so", "libstoa.so.0")}
    right = {"libstoa.so": "libstoa.so.0", "libstoa.so.0": "libstoa.so." + VERSION}
    return differences(names.items(), right.items())


def exports():
    """What an application can reach, from the installed libraries themselves."""
    with open(os.path.join(ROOT, "tests/abi/exports.txt"), encoding="utf-8") as file:
        declared = {line.split()[0] for line in file if not line.startswith("#")}
    shared = output("nm", "-D", "--defined-only", os.path.join(LIBRARIES, "libstoa.so.0"))
    archive = output("nm", "-g", "--defined-only", "-P", os.path.join(LIBRARIES, "libstoa.a"))
    dynamic = output("readelf", "-d", os.path.join(LIBRARIES, "libstoa.so.0"))
    versioned = {name + "@@" + MINOR for name in declared} | {MINOR}
    static = {line.split()[0] for line in archive.splitlines() if line and line[-1] != ":"}
    return (differences({line.split()[-1] for line in shared.splitlines()}, versioned)
            + differences(static, declared)
            + ([] if "NODELETE" in dynamic else ["it may be unloaded"]))


def command():
    """The installed command finds the installed library by itself."""
    answer = output(os.path.join(INSTALLED, "bin/stoa"), ":memory:", "select sqlite_version()",
                    LD_LIBRARY_PATH=LIBRARIES)
    return [] if VERSION + " " + answer == OURS else ["it says %r" % answer]


def notices():
    with open(os.path.join(INSTALLED, "share/doc/stoa/NOTICE"), encoding="utf-8") as file:
        text = file.read()
    return ["NOTICE does not name %s" % what
            for what in ("SQLite", r"public\s+domain", "Arrow") if not re.search(what, text)]


def manuals():
    """Pages that man reads without a complaint."""
    return ["%s: %s" % (page, complaint)
            for page in ("man1/stoa.1", "man7/stoa.7")
            for complaint in [check_page(os.path.join(INSTALLED, "share/man", page))] if complaint]


def check_page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = os.path.basename(path).split(".")[0]
    whole = re.search(r"^\.TH \"%s\"" % name, text, re.M) and ".SH NAME" in text
    return None if whole else "it is no manual page"


def config(*args):
    """What pkg-config says about the installation, in words as a shell would cut it."""
    moved = "--define-variable=prefix=" + re.sub(r"([^\w/.-])", r"\\\1", INSTALLED)
    return shlex.split(output("pkg-config", moved, *args,
                              PKG_CONFIG_LIBDIR=os.path.join(LIBRARIES, "pkgconfig")))


def build_and_run(*flags, right, compiler=GCC):
    """Build the application, run it, and say how its answer differs from `right`."""
    program = os.path.join(WORK, "app")
    output(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", APP, "-o", program, *flags)
    got = output(program, LD_LIBRARY_PATH=LIBRARIES)
    return [] if got == right else ["it says %r, not %r" % (got, right)]


def build_static():
    """By pkg-config, with nothing shared."""
    problems = build_and_run("-static", *config("--static", "--cflags", "--libs", "stoa"),
                             right=OURS)
    needed = output("readelf", "-d", os.path.join(WORK, "app"))
    return problems + (["it needs a shared library"] if "NEEDED" in needed else [])


def build_with_cmake():
    build = os.path.join(WORK, "cmake")
    output("cmake", "-S", os.path.dirname(APP), "-B", build, "-DCMAKE_PREFIX_PATH=" + INSTALLED)
    output("cmake", "--build", build)
    return ["%s says %r" % (name, answer) for name in ("app_shared", "app_static")
            for answer in [output(os.path.join(build, name))] if answer != OURS]


def build_against():
    include, private = config("--cflags", "stoa"), ["-lpthread", "-lm", "-ldl"]
    shared = config("--cflags", "--libs", "stoa")
    archive, own = os.path.join(LIBRARIES, "libstoa.a"), [*include, "-DOWN_SQLITE"]
    system = os.path.join(output("pkg-config", "--variable=libdir", "sqlite3"), "libsqlite3.a")
    attempt("an application in C99 builds against the shared library by pkg-config",
            lambda: build_and_run(*shared, right=OURS))
    attempt("a C++11 application does so too",
            lambda: build_and_run(*shared, right=OURS, compiler=GXX))
    attempt("an application builds against the static library by pkg-config", build_static)
    attempt("a C++11 application builds against the static library",
            lambda: build_and_run(*include, "-xnone", archive, *private, right=OURS, compiler=GXX))
    attempt("applications build by the CMake package", build_with_cmake)
    attempt("the shared library leaves an application its own SQLite",
            lambda: build_and_run(*own, *config("--libs", "stoa"), "-lsqlite3", right=BOTH))
    attempt("also when the application's comes first",
            lambda: build_and_run(*own, "-lsqlite3", *config("--libs", "stoa"), right=BOTH))
    attempt("the static library leaves an application its own shared SQLite",
            lambda: build_and_run(*own, archive, "-lsqlite3", *private, right=BOTH))
    attempt("the static library leaves an application its own static SQLite",
            lambda: build_and_run(*own, archive, system, *private, right=BOTH))
    attempt("and in the other order of linking",
            lambda: build_and_run(*own, system, archive, *private, right=BOTH))


with open(os.path.join(ROOT, "third_party/pins"), encoding="utf-8") as pins:
    OURS = VERSION + " " + [line.split()[1] for line in pins if line.startswith("sqlite3.c")][0]
BOTH = OURS + " " + output("pkg-config", "--modversion", "sqlite3")

try:
    attempt("what is installed is whole", install)
    attempt("the library goes by its version, its interface's and none", links)
    attempt("an application reaches what is declared and nothing else", exports)
    attempt("the command runs", command)
    attempt("notices of what others made are there", notices)
    attempt("the manual pages are there", manuals)
    build_against()
finally:
    shutil.rmtree(WORK)
done()
