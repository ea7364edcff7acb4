# SPDX-License-Identifier: Apache-2.0
"""Surfaces of other packages over this one: change an import, keep the program."""
