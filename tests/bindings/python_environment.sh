# SPDX-License-Identifier: Apache-2.0
# Sourced by what runs the Python package: its environments, its wheel, its tests. STOA_ROOT is the
# tree, STOA_LIBRARY what goes into the wheel.
package=$STOA_ROOT/bindings/python
work=$STOA_ROOT/build/python
mkdir -p "$work"

# interpreter NAME: where python3.14 is, or python3.14t, the free-threaded one: on the path or kept
# by pyenv. One that does not start, or is another one, is none.
interpreter() {
    for candidate in "$(command -v "$1")" "${PYENV_ROOT:-${HOME-}/.pyenv}"/versions/*/bin/"$1"; do
        if [ -x "$candidate" ] && "$candidate" -c 'import sys, sysconfig, venv
free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
sys.exit(sys.argv[1] != "python%d.%d%s" % (*sys.version_info[:2], free))' "$1" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# environment NAME REQUIREMENTS [PYTHON]: a virtual environment with exactly these, made when they
# change; one at a time, since two tests and a benchmark may want the same.
environment() {
    exec 8>"$work/$1.lock" && flock 8
    if ! cmp -s "$2" "$work/$1/requirements.txt"; then
        rm -rf "${work:?}/$1"
        "${3-python3}" -m venv "$work/$1" &&
            "$work/$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
                --only-binary=:all: -r "$2" >&2 &&
            cp "$2" "$work/$1/requirements.txt"
    fi
    made=$?
    exec 8>&-
    return $made
}

# build_wheel DIRECTORY: the wheel of the tree, its path in $wheel.
build_wheel() {
    environment full "$package/tests/requirements.txt" &&
        "$work/full/bin/python" "$package/backend.py" wheel "$1" >&2 &&
        wheel=$(echo "$1"/stoa-*-manylinux_*.whl)
}

# install_wheel NAME: the wheel and nothing else into an environment.
install_wheel() {
    "$work/$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-index \
        --force-reinstall "$wheel" >&2
}

# suite NAME TEST...: install the wheel and run the tests, adding their lines to the TAP file.
suite() {
    name=$1
    shift
    install_wheel "$name" || return 1
    (cd "$package/tests" && env -u STOA_LIBRARY -u PYTHONPATH STOA_TAP="$tap" STOA_SUITE="$name" \
        "$work/$name/bin/python" -X faulthandler -m pytest -q -p no:cacheprovider "$@" >&2)
}

# begin: a TAP file and the wheel, which go when the shell does.
begin() {
    tap=$(mktemp) && wheels=$(mktemp -d) || exit 1
    trap 'rm -rf "$tap" "$wheels"' EXIT
    build_wheel "$wheels" || exit 1
}

# end: one TAP text of all suites.
end() {
    awk '{ sub(/^ok/, "ok " NR); sub(/^not ok/, "not ok " NR); print } END { print "1.." NR }' \
        "$tap"
}
