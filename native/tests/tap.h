/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of native tests: TAP on stdout, then one line for people. */
#ifndef MMUT_TESTS_TAP_H
#define MMUT_TESTS_TAP_H

#include "../core/types.h"

struct tap_case {
	const char *name;
	const char *(*run)(void);	/* NULL: passed; else what is wrong, in one sentence */
};

/* The sentence of a failing case; valid until the next one. */
const char *complain(const char *fmt, ...) __printf(1, 2);

/* --list prints the names; names as arguments run those only, in the order of the program. */
bool tap_list_wanted(int argc, char **argv);
bool tap_selected(int argc, char **argv, const char *name);
void tap_result(const char *name, const char *wrong);
/* The plan and the closing line; the exit status. */
int tap_end(void);

int tap_main(int argc, char **argv, const struct tap_case *cases, u32 count);

#endif
