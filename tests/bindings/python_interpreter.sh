# SPDX-License-Identifier: Apache-2.0
# Sourced by what looks for a CPython.

# interpreter NAME: where python3.14 is, or python3.14t, the free-threaded one: on the path, kept by
# pyenv, or built by `tools/setup --proof`. One that does not start, or is another one, is none.
interpreter() {
    for candidate in "$(command -v "$1")" "${PYENV_ROOT:-${HOME-}/.pyenv}"/versions/*/bin/"$1" \
        "${XDG_CACHE_HOME:-${HOME-}/.cache}"/stoa/cpython-*/bin/"$1"; do
        if [ -x "$candidate" ] && "$candidate" -c 'import sys, sysconfig, venv
free = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
sys.exit(sys.argv[1] != "python%d.%d%s" % (*sys.version_info[:2], free))' "$1" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}
