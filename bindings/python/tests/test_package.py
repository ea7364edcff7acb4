# SPDX-License-Identifier: Apache-2.0
"""The package itself: what is in it, how it finds the library, how fast it is there."""

import ast
import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import stoa
import stoa.compat.quiverdb

PACKAGE = pathlib.Path(stoa.__file__).parent


def python(text, **environment):
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=600,
                          check=False, env={**os.environ, **environment})


def test_versions():
    assert importlib.metadata.version("stoa") == stoa.__version__ == stoa.library_version()


def test_all_that_is_promised_is_there():
    for name in stoa.__all__:
        assert getattr(stoa, name) is not None
    assert set(stoa._LATE) <= set(stoa.__all__)
    shown = {name for name in dir(stoa) if not name.startswith("__")}
    assert shown == set(stoa.__all__)
    with pytest.raises(AttributeError):
        stoa.nonsense  # pylint: disable=pointless-statement


def test_the_wheel_has_what_it_needs():
    files = {path.name for path in importlib.metadata.files("stoa")}
    assert {"py.typed", "_declarations.py", "_layout.py", "RECORD"} <= files
    assert (PACKAGE / "libstoa.so.0").exists()


def test_a_missing_library_is_said_with_every_place():
    done = python("import stoa", STOA_LIBRARY="/nonexistent/libstoa.so.0")
    assert done.returncode == 1 and "ImportError: libstoa was not found; tried /nonexistent" \
        in done.stderr


def test_a_library_that_is_another_is_said():
    done = python("import stoa", STOA_LIBRARY="libm.so.6")
    assert done.returncode == 1 and "stoa_version_number" in done.stderr


def test_import_needs_no_optional_library():
    done = python("import stoa, sys; print([m for m in ('numpy', 'pandas', 'polars', 'pyarrow', "
                  "'asyncio', 'ctypes', 'inspect') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("module, call", [("pyarrow", "arrow"), ("polars", "pl"), ("pandas", "df"),
                                          ("numpy", "numpy")])
def test_an_absent_library_is_said_in_a_sentence(module, call):
    done = python(f"""
import sys
sys.modules[{module!r}] = None
import stoa
with stoa.connect() as con:
    try:
        con.execute("SELECT 1").{call}()
    except ImportError as problem:
        print(problem)
""")
    assert f"{call}() needs {module}, which is not installed" in done.stdout, done.stderr


def test_import_is_light():
    """Time is measured by bench/python_bench.py; what takes it is other modules."""
    text = "import sys; import {}; print(*sorted(sys.modules))"
    mine = set(python(text.format("stoa")).stdout.split())
    peer = set(python(text.format("sqlite3, cffi")).stdout.split())
    own = {name for name in mine if name.partition(".")[0] == "stoa"}
    assert len(own) <= 30 and len(mine - own - peer) <= 12, sorted(mine - own - peer)


def sources():
    return [path for path in sorted(PACKAGE.rglob("*.py"))
            if path.name not in ("_declarations.py", "_layout.py")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_shape_of_a_module(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 800
    assert max(map(len, text.splitlines())) <= 100
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
            for part in getattr(node, "body", []):
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    assert ast.get_docstring(part) or isinstance(node, ast.FunctionDef), part.name


ROOT = os.environ.get("STOA_ROOT")


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_readme_runs_as_it_is_printed(tmp_path):
    pytest.importorskip("pandas", reason="the README makes a data frame")
    readme = pathlib.Path(ROOT, "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)
    ended = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True,
                           text=True, timeout=600, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "sum(a)" in ended.stdout and "6" in ended.stdout


@pytest.mark.skipif(not ROOT, reason="needs the tree")
@pytest.mark.parametrize("path", ["docs/python.md", "bindings/python/README.md"])
def test_what_a_page_shows_runs_as_it_is_printed(path, tmp_path):
    """Block behind block, as who reads it types it in; twice, since the file is there then."""
    for module in ("pandas", "polars", "numpy"):
        pytest.importorskip(module)
    page = pathlib.Path(ROOT, path).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert blocks and page.count("```python") == len(blocks)
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-W", "error", "-c", "\n".join(blocks)],
                               cwd=tmp_path, capture_output=True, text=True, timeout=600,
                               check=False)
        assert (ended.returncode, ended.stderr) == (0, "")


def table_of_functions():
    path = pathlib.Path(ROOT, "bindings/python/functions.txt")
    lines = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    assert len(lines) == len(dict(lines)), "a function is there twice"
    return dict(lines)


def headers():
    return {path.name: re.findall(r"STOA_API [^;(]*?(stoa_\w+)\(", path.read_text(encoding="utf-8"))
            for path in sorted(pathlib.Path(ROOT, "include/stoa").glob("*.h"))
            if path.name != "adbc.h"} if ROOT else {}


@pytest.mark.parametrize("header", headers())
def test_every_function_of_a_header_is_used_or_left_out_on_purpose(header):
    table, functions = table_of_functions(), headers()[header]
    if not set(functions) & set(table):
        pytest.skip(f"Python has nothing of stoa/{header}")
    assert [name for name in functions if name not in table] == []


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_table_of_functions_tells_the_truth():
    exports = {line.split()[0] for line in pathlib.Path(ROOT, "tests/abi/exports.txt").read_text(
        encoding="utf-8").splitlines()}
    used = "".join(path.read_text(encoding="utf-8") for path in sources())
    for function, use in table_of_functions().items():
        assert function in exports, function
        called = re.search(rf"\b(lib|library)\.{function}\b", used) is not None
        if use.startswith("- "):
            assert not called, function
            continue
        assert called, function
        thing = stoa
        for part in use.split("."):
            thing = getattr(thing, part)


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_docstrings_say_what_the_headers_say():
    """The sentence of each status, the words of each list, and every setting that is named."""
    from stoa import _care, _ingest, _log
    from stoa._error import CLASSES
    text = {name: pathlib.Path(ROOT, "include/stoa", name).read_text(encoding="utf-8")
            for name in headers()}
    for code, kind in CLASSES.items():
        name, said = re.search(rf"(STOA_ERR_\w+) = {code},? +/\* (.*?) \*/", text["base.h"],
                               re.S).groups()
        assert kind.__doc__.startswith(f"{name}: {said[0].lower()}{said[1:]}")

    def words(header, prefix):
        return [word.lower() for word in re.findall(rf"\b{prefix}(\w+) = ", text[header])]

    assert list(_care._CHECKPOINTS) == words("db.h", "STOA_CHECKPOINT_")
    assert list(_ingest._LEVELS) == words("ingest.h", "STOA_ACK_")
    assert list(_log._LEVELS) == words("base.h", "STOA_LOG_")
    named = 0
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                continue
            doc = " ".join((ast.get_docstring(node) or "").split())
            for header in re.findall(r"stoa/(\w+\.h)", doc):
                assert header in text, f"{node.name}: {header}"
            for header, settings in re.findall(r"[Ss]ettings as in stoa/(\w+\.h): ([^.>]+)", doc):
                for word in re.sub(r"\([^)]*\)", "", settings).replace("...", "").split(","):
                    word = word.strip()
                    assert not word or re.search(rf"^ \*  +([\w, ]*\b)?{word}\b", text[header],
                                                 re.M), f"{node.name}: {header} has no '{word}'"
                    named += bool(word)
    assert named > 15


def test_types_are_checked(tmp_path):
    pytest.importorskip("mypy")
    use = tmp_path / "use.py"
    use.write_text("""
import stoa
with stoa.connect() as con:
    rows: list[tuple[object, ...]] = con.execute("SELECT 1", (1,)).fetchall()
    number: int = con.insert("t", {"a": [1]}, mode="create")
    name: str = stoa.open().property("engine")
""", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir",
                           str(tmp_path / "cache"), str(use)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout
    use.write_text("import stoa\nstoa.connect().execute(5)\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir",
                           str(tmp_path / "cache"), str(use)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "arg-type" in done.stdout


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_package_and_its_examples_are_strictly_typed(tmp_path):
    pytest.importorskip("mypy")
    pytest.importorskip("polars", reason="an example imports it")
    folder = tmp_path / "bindings"
    shutil.copytree(PACKAGE, folder / "stoa", ignore=shutil.ignore_patterns("*.so*", "__pycache__"))
    shutil.copy(pathlib.Path(ROOT, "bindings/python/pyproject.toml"), folder)
    examples = sorted(pathlib.Path(ROOT, "bindings/python/examples").glob("*.py"))
    assert len(examples) >= 4
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir",
                           str(tmp_path / "cache"), "stoa", *map(str, examples)], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not ROOT, reason="needs the tree")
@pytest.mark.parametrize("name", ["quickstart", "data_frames", "functions", "async"])
def test_examples(name, tmp_path):
    for module in {"data_frames": ["pyarrow", "polars", "pandas"]}.get(name, []):
        pytest.importorskip(module)
    path = pathlib.Path(ROOT, "bindings/python/examples", name + ".py")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True,
                          cwd=tmp_path, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    wanted = re.findall(r"# prints (.*)", path.read_text(encoding="utf-8"))
    assert wanted and [line for line in wanted if line not in done.stdout] == []


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_notebook_renders(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    for module in ("ipykernel", "polars"):
        pytest.importorskip(module)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(pathlib.Path(ROOT, "bindings/python/examples/notebook.ipynb"), 4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # The file has none to go stale.
    notebook.cells.append(nbformat.v4.new_code_cell(  # How far long calls are is shown there.
        "from stoa import _call\n_call._watcher is not None"))
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources={
        "metadata": {"path": str(tmp_path)}}).execute()
    data = [output.data for cell in notebook.cells for output in cell.get("outputs", ())
            if "data" in output]
    html = [one["text/html"] for one in data if "text/html" in one]
    assert html[0].startswith("<table><thead><tr><th>symbol</th><th>price</th></tr>")
    assert "<td>A</td><td>3.5</td>" in html[0] and len(html) == 3
    assert "<td>A</td><td>2.5</td>" in html[2] and data[-2]["text/plain"] == "7.0"
    assert data[-1]["text/plain"] == "True"
    assert python("from stoa import _call; print(_call._watcher)").stdout == "None\n"


@pytest.mark.skipif(not ROOT, reason="needs the tree")
def test_the_source_package_has_all_it_needs_but_the_library(tmp_path):
    import tarfile
    backend = pathlib.Path(ROOT, "bindings/python/backend.py")
    subprocess.run([sys.executable, str(backend), "sdist", str(tmp_path)], check=True,
                   capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        if hasattr(tarfile, "data_filter"):  # Debian 12's Python is older.
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path / "out")
    assert {"stoa/_declarations.py", "stoa/_layout.py", "pyproject.toml", "backend.py",
            "PKG-INFO"} <= names and not any("libstoa" in name for name in names)
    # Out of the tree, without header, compiler or library: a wheel for any platform.
    source = next((tmp_path / "out").iterdir())
    subprocess.run([sys.executable, "backend.py", "wheel", str(tmp_path)], cwd=source, check=True,
                   capture_output=True, env={"PATH": "/nonexistent"})
    assert [path.name for path in tmp_path.glob("*.whl")] == ["stoa-0.1.0-py3-none-any.whl"]
