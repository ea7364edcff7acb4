# SPDX-License-Identifier: Apache-2.0
"""The build backend (PEP 517) of the package: no more than zip, tar and two generated modules.

_declarations.py is cffi's out-of-line ABI module of the preprocessed header, _layout.py the sizes
and offsets of its structs as the C compiler has them. Both are made from the header beside the
package; a source package has them already, so that it needs neither header nor compiler.

A wheel has libstoa inside when there is one: STOA_LIBRARY, or build/release of the tree. Otherwise
it is a wheel for any platform, which finds an installed library.
"""

import base64
import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HEADER = os.path.join(ROOT, "include", "stoa.h")
NAME, VERSION = "stoa", "0.1.0"
PLATFORM = "manylinux_2_36_x86_64"
LIBRARY = "libstoa.so.0"
MOMENT = (2026, 1, 1, 0, 0, 0)  # The same sources give the same bytes.


# Other packages find these by their names.
ENTRY_POINTS = """[sqlalchemy.dialects]
stoa = stoa.sqlalchemy:Dialect
sqlite.stoa = stoa.sqlalchemy:Dialect
"""


def _listed(name):
    with open(os.path.join(HERE, "pyproject.toml"), encoding="utf-8") as file:
        found = re.search(rf"^{name} = \[(.*?)\]$", file.read(), re.M | re.S)
    return re.findall(r'"([^"]+)"', found.group(1))


def _metadata():
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
        description = file.read()
    lines = ["Metadata-Version: 2.4", "Name: " + NAME, "Version: " + VERSION,
             "Summary: One safe door between Python and databases: columns in, columns out",
             "License-Expression: Apache-2.0", "Requires-Python: >=3.10"]
    lines += ["Classifier: " + one for one in _listed("classifiers")]
    lines += ["Requires-Dist: " + one for one in _listed("dependencies")]
    lines += ["Description-Content-Type: text/markdown", "", description]
    return "\n".join(lines)


def _compiler(*arguments, **keywords):
    command = [os.environ.get("CC", "cc"), "-I" + os.path.dirname(HEADER), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, **keywords).stdout


def _layout(declarations):
    """Names and fields of the structs, measured by a program."""
    structs = {}
    for name, body in re.findall(r"^(?:typedef )?struct (\w+)\s*\{(.*?)^\}", declarations,
                                 re.M | re.S):
        fields = re.findall(r"(\w+)(?:\[\d+\])?;|\(\*(\w+)\)\(", body)
        spelled = name if name.startswith("stoa") else "struct " + name
        structs[spelled] = [a or b for a, b in fields]
    lines = ["#include <stdio.h>", '#include "stoa.h"', "int main(void)", "{"]
    for name, fields in structs.items():
        lines.append(f'printf("    \\"{name}\\": (%zu, {{", sizeof({name}));')
        for field in fields:
            lines.append(f'printf("\\"{field}\\": %zu, ", offsetof({name}, {field}));')
        lines.append('printf("}),\\n");')
    lines.append('printf("%d\\n", STOA_VERSION_MAJOR * 1000000 + STOA_VERSION_MINOR * 1000 + '
                 'STOA_VERSION_PATCH);\nreturn 0;\n}')
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, "layout")
        _compiler("-x", "c", "-o", program, "-", input="\n".join(lines))
        said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    *sizes, number = said.strip("\n").split("\n")
    return ('# Generated from the header: its version, and size and offsets of its structs.\n'
            f"VERSION_NUMBER = {number}\n"
            "STRUCTS: dict[str, tuple[int, dict[str, int]]] = {\n" + "\n".join(sizes) + "\n}\n")


def generated():
    """The generated modules as {file name: bytes}: read where they are, else made."""
    names = ("_declarations.py", "_layout.py")
    paths = [os.path.join(HERE, "stoa", name) for name in names]
    if not os.path.exists(HEADER):
        return {name: open(path, "rb").read() for name, path in zip(names, paths)}
    from cffi import FFI  # pylint: disable=import-outside-toplevel
    text = _compiler("-E", "-P", "-DSTOA_CDEF", HEADER)
    ffi = FFI()
    ffi.cdef(text)
    ffi.set_source("stoa._declarations", None)
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "_declarations.py")
        ffi.emit_python_code(path)
        with open(path, "rb") as file:
            return {names[0]: file.read(), names[1]: _layout(text).encode()}


def _package():
    """Every file of the package as {path in the wheel: bytes}."""
    files = {}
    for folder, folders, names in os.walk(os.path.join(HERE, "stoa")):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py") or name == "py.typed":
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    files[os.path.relpath(path, HERE).replace(os.sep, "/")] = file.read()
    for name, data in generated().items():
        files["stoa/" + name] = data
    return files


def _library():
    path = os.environ.get("STOA_LIBRARY") or os.path.join(ROOT, "build", "release", LIBRARY)
    return path if os.path.exists(path) else None


def _record(files, path):
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, "sha256=" + digest, len(data)])
    rows.writerow([path, "", ""])
    return out.getvalue().encode()


def _write_wheel(directory, files, platform):
    tag = "py3-none-" + platform
    info = f"{NAME}-{VERSION}.dist-info/"
    pure = "true" if platform == "any" else "false"
    files[info + "METADATA"] = _metadata().encode()
    files[info + "WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: stoa\nRoot-Is-Purelib: {pure}\n"
                             f"Tag: {tag}\n").encode()
    files[info + "entry_points.txt"] = ENTRY_POINTS.encode()
    files[info + "RECORD"] = _record(files, info + "RECORD")
    name = f"{NAME}-{VERSION}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if path.endswith(LIBRARY) else 0o644) << 16
            wheel.writestr(entry, data)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517. The licence and the library's notes travel with the library."""
    files = _package()
    library = _library()
    if library:
        for name in ("LICENSE", "NOTICE"):
            path = os.path.join(ROOT, name)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    files[f"{NAME}-{VERSION}.dist-info/licenses/{name}"] = file.read()
        with open(library, "rb") as file:
            files["stoa/" + LIBRARY] = file.read()
    return _write_wheel(wheel_directory, files, PLATFORM if library else "any")


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 660: the tree itself, with the generated modules written into it."""
    for name, data in generated().items():
        with open(os.path.join(HERE, "stoa", name), "wb") as file:
            file.write(data)
    return _write_wheel(wheel_directory, {"stoa.pth": HERE.encode() + b"\n"}, "any")


def build_sdist(sdist_directory, config_settings=None):
    """PEP 517: the package with its generated modules, the backend, no library."""
    files = _package()
    for name in ("pyproject.toml", "README.md", "backend.py"):
        with open(os.path.join(HERE, name), "rb") as file:
            files[name] = file.read()
    files["PKG-INFO"] = _metadata().encode()
    name = f"{NAME}-{VERSION}.tar.gz"
    with tarfile.open(os.path.join(sdist_directory, name), "w:gz") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{NAME}-{VERSION}/{path}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return name


if __name__ == "__main__":
    # python backend.py wheel|sdist|editable DIRECTORY
    os.makedirs(sys.argv[2], exist_ok=True)
    print({"wheel": build_wheel, "sdist": build_sdist, "editable": build_editable}[sys.argv[1]](
        sys.argv[2]))
