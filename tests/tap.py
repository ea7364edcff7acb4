# SPDX-License-Identifier: Apache-2.0
"""Tests in Python say what they found as TAP: point() for each sentence, then exit with done()."""
import sys

sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # What failed may be any bytes.
_failed = []
_count = 0


def point(sentence, problems=()):
    """One sentence holds when there are no problems with it."""
    global _count
    _count += 1
    problems = list(problems)
    for problem in problems:
        print("# %s" % problem)
    print("%s %d - %s" % ("not ok" if problems else "ok", _count, sentence))
    sys.stdout.flush()
    _failed.extend(problems)


def skip(sentence, why):
    """One sentence cannot be asked here."""
    global _count
    _count += 1
    print("ok %d - %s # SKIP %s" % (_count, sentence, why))


def differences(got, right, extra="%s is too much", missing="%s is missing"):
    """How two sets differ, as problems."""
    got, right = set(got), set(right)
    return ([extra % (x,) for x in sorted(got - right)]
            + [missing % (x,) for x in sorted(right - got)])


def done():
    print("1..%d" % _count)
    sys.exit(1 if _failed else 0)
