#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Compile harness/_core in place if anything that it is built from has changed.  Warnings and errors of
# the compiler are shown, its command lines are not.  Called by the Makefile, from the top of the tree.
set -u

log=build/core.log
echo "python setup.py build_ext --inplace (log: $log)" >&2
.venv/bin/python setup.py build_ext --inplace >"$log" 2>&1
status=$?
# The compiler's command lines and setuptools' progress begin a line with these; a diagnostic does not.
grep -Ev '^(running|generating|creating|building|copying|already|not modified|error: [Cc]ommand |/?[^ ]*(gcc|cc|clang)[^ ]* -)' "$log" |
	grep -v '^ *$' >&2
if [ "$status" -ne 0 ]; then
	echo "The core could not be compiled; the whole log is $log." >&2
fi
exit "$status"
