#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Make .venv and install mmutorture into it, editable, with what its tests need.  Quiet when all is well;
# otherwise the end of the log.  Called by the Makefile, from the top of the tree.
set -eu

venv=.venv
log=build/install.log

# Any Python will do to find the right one; a pyenv shim may be on PATH and not run.
any=
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
	if "$candidate" -c '' 2>/dev/null; then
		any=$candidate
		break
	fi
done
if [ -z "$any" ]; then
	echo "mmutorture cannot be built here: Python 3.11 or later is needed and there is none here: install one (python3 of Debian 12)." >&2
	exit 4
fi
python=$("$any" tools/preflight.py)

step() {
	"$@" >>"$log" 2>&1 && return
	status=$?
	echo "mmutorture could not be installed into $venv; '$*' failed, and the end of $log says:" >&2
	tail -n 25 "$log" | sed 's/^/    /' >&2
	exit "$status"
}

echo "creating $venv with $python (a minute or so, once)" >&2
: >"$log"
# A .venv whose interpreter has gone, or that an interrupted run left half made, is made again.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
	step "$python" -m venv --clear "$venv"
fi
pip="$venv/bin/python -m pip --disable-pip-version-check --no-input"
# The build requirements stay in .venv: a changed C file is compiled there without pip.
step $pip install 'setuptools>=77' 'cffi>=2.0'
MMUTORTURE_IN_PLACE=1 step $pip install --no-build-isolation --editable '.[test]'
