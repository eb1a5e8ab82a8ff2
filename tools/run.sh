#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Print the command that a make target stands for, run it from .venv, and say how it ended: make turns
# every failure into its own status 2.
command=$1
shift
{
	printf '%s' "$command"
	[ $# -eq 0 ] || printf ' %q' "$@"
	printf '\n'
} >&2

".venv/bin/$command" "$@"
status=$?

if [ "$status" -ne 0 ]; then
	meaning=
	if [ "$command" = mmutorture ]; then
		case $status in
		1) meaning=" (an oracle was violated)" ;;
		2) meaning=" (usage or scenario error)" ;;
		3) meaning=" (an expected bug was not found)" ;;
		4) meaning=" (cannot run here)" ;;
		5) meaning=" (the harness itself failed)" ;;
		6) meaning=" (no progress)" ;;
		7) meaning=" (figures not trustworthy)" ;;
		130) meaning=" (interrupted)" ;;
		esac
	fi
	echo "$command: exit status $status$meaning" >&2
fi
exit "$status"
