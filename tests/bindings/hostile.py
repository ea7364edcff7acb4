# SPDX-License-Identifier: Apache-2.0
"""Every function of the header, each of its arguments wrong in every way that C lets one be wrong
without lying about memory: handles null, stale, of another kind or noise, NULL for any pointer,
numbers from one end to the other. Each function has a process of its own."""

import os
import re
import signal
import tempfile

NUMBERS = {"int32_t": (0, -1, -2, -2**31, 2**31 - 1, 7, 99),
           "int64_t": (0, -1, -2, -2**63, 2**63 - 1, 2**62, 2**32),
           "uint64_t": (0, 2**64 - 1), "double": (float("nan"), float("inf"))}
TEXTS = {"sql": b"select 1", "path": b"/nowhere/at/all.csv", "target": b":memory:",
         "database": b"main", "name": b"a", "column": b"b"}
# Sizes of what is there: to pretend there were more is a lie that nothing can see through.
SIZES = re.compile("_size$|^size$|_count$|_capacity$")
HANDLES = ("stoa_db", "stoa_conn", "stoa_stmt", "stoa_result", "stoa_ingest", "stoa_op",
           "stoa_scan", "stoa_function", "stoa_blob", "stoa_lua")


def functions(declarations, exports):
    """Name: (type, name) of each parameter."""
    found = {}
    for name, text in re.findall(r"^[^;{}#]*?\b(stoa_\w+)\s*\(([^;{}]*)\)\s*;", declarations, re.M):
        if name in exports and text.strip() != "void":
            parts = [part.strip() for part in text.split(",")]
            found[name] = [re.match(r"(.*?)(\w+)$", part, re.S).groups() for part in parts]
            found[name] = [(kind.strip(), part) for kind, part in found[name]]
    return found


class World:
    """Something of each kind, and arguments that are right but for what they are of."""

    def __init__(self, ffi, lib):
        self.ffi, self.lib, self.kept = ffi, lib, []
        self.error = self.new("stoa_error *")
        no_limit = self.new("stoa_op *")[0]
        self.handles = {kind: self.new(kind + " *") for kind in HANDLES[:6]}
        db, conn, stmt, result, ingest, op = self.handles.values()
        null, text = ffi.NULL, b"create table t(a integer primary key, b text, c blob)"
        for status in (
                lib.stoa_open(no_limit, b":memory:", -1, null, 0, db, self.error),
                lib.stoa_connect(db[0], no_limit, null, 0, conn, self.error),
                lib.stoa_run(conn[0], no_limit, text, -1, null, 0, null, 0, null, self.error),
                lib.stoa_prepare(conn[0], no_limit, b"select ?", -1, stmt, self.error),
                lib.stoa_query(conn[0], no_limit, b"select a, b, c from t", -1, null, 0, null, 0,
                               result, self.error),
                lib.stoa_conn_ingest_open(conn[0], b"t", -1, null, 0, ingest, self.error),
                lib.stoa_op_open(5000, null, null, null, op, self.error)):
            assert status >= 0, ffi.string(self.error.text)

    def new(self, kind, *value):
        self.kept.append(self.ffi.new(kind, *value))
        return self.kept[-1]

    def handle(self, kind, number):
        return self.new(kind + " *", {"id": number})[0]

    def right(self, kind, name):
        if kind in HANDLES:
            return self.handles[kind][0] if kind in self.handles else self.handle(kind, 0)
        if kind in NUMBERS:
            return 0 if name.endswith("count") else 32 if name.endswith("capacity") else 1
        if kind == "stoa_error *":
            return self.error
        if kind == "const char *":
            return self.new("char[]", TEXTS.get(name, b"t"))
        if not kind.endswith("*") or kind == "void *":
            return self.ffi.NULL # A callback, or what it is given.
        base = kind.replace("const ", "")[:-1].strip()
        if base.endswith("*") or base == "void":
            return self.new("void *[4]") if base == "void" else self.new(base + "[4]")
        made = self.new(base + ("[64]" if base in ("char", "uint8_t") else "[4]"))
        if hasattr(made[0], "struct_size"):
            made[0].struct_size = self.ffi.sizeof(base)
        return made

    def wrong(self, kind, name):
        if kind in HANDLES:
            noise = [self.handle(kind, number) for number in (0, 1, 2**64 - 1, 1 << 56 | 1)]
            return noise + [self.handle(kind, other[0].id) for of, other in self.handles.items()
                            if of != kind]
        if kind in NUMBERS:
            return [number for number in NUMBERS[kind] if number <= 1 or not SIZES.search(name)]
        return [self.ffi.NULL] if kind.endswith("*") else []


def judge(world, name, arguments):
    """What is wrong with the answer."""
    lib, ffi, error = world.lib, world.ffi, world.error
    ffi.memmove(error, bytes(ffi.sizeof("stoa_error")), ffi.sizeof("stoa_error"))
    answer = getattr(lib, name)(*arguments)
    if ffi.typeof(getattr(lib, name)).result.cname != "int32_t" or answer >= 0 or \
            arguments[-1] == ffi.NULL:
        return None
    text = ffi.string(error.text).decode()
    if answer == lib.STOA_ERR_INTERNAL or ffi.string(lib.stoa_status_name(answer)) == b"":
        return "%d: %s" % (answer, text)
    if not text or error.code != answer or error.text_size != len(text.encode()):
        return "answers %d and says %d %r" % (answer, error.code, text)
    return None


def attack(ffi, lib, name, parameters, say):
    """Each argument wrong while the others are right, and the pointer before a number NULL, too."""
    for at, (kind, argument) in enumerate(parameters):
        world = World(ffi, lib)
        for value in world.wrong(kind, argument):
            for null in (False, True):
                arguments = [world.right(*parameter) for parameter in parameters]
                arguments[at] = value
                if null and at > 0 and kind == "int64_t" and parameters[at - 1][0].endswith("*"):
                    arguments[at - 1] = ffi.NULL
                elif null:
                    continue
                say("\n%s: %s = %s%s" % (name, argument, value, " behind NULL" if null else ""))
                if problem := judge(world, name, arguments):
                    say(" -> " + problem)
        lib.stoa_db_close(world.handles["stoa_db"][0])


def problems(ffi, lib, declarations, exports):
    """Sentences. What is opened under a name of one letter is in a folder that goes."""
    with tempfile.TemporaryDirectory(prefix="stoa-hostile-") as folder:
        return problems_in(folder, ffi, lib, functions(declarations, exports))


def problems_in(folder, ffi, lib, table):
    found = []
    for name, parameters in table.items():
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(120)
            os.chdir(folder)
            try:
                attack(ffi, lib, name, parameters, lambda text: os.write(theirs, text.encode()))
                os._exit(0)
            except BaseException as problem:  # pylint: disable=broad-except
                os.write(theirs, (" -> %r" % problem).encode())
            os._exit(1)
        os.close(theirs)
        with open(ours, encoding="utf-8") as file:
            lines = file.read().split("\n")
        status = os.waitpid(child, 0)[1]
        found += [line for line in lines if " -> " in line]
        if status != 0:
            found.append("%s, and the process ended with %d" % (lines[-1], status))
    return found
