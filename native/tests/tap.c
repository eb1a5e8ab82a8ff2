// SPDX-License-Identifier: GPL-2.0-only
/* Test Anything Protocol, as much of it as a list of named cases needs. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

static u32 passed, failed;

const char *complain(const char *fmt, ...)
{
	static char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

bool tap_list_wanted(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], "--list");
}

bool tap_selected(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

void tap_result(const char *name, const char *wrong)
{
	if (wrong)
		failed++;
	else
		passed++;
	printf("%sok %u - %s\n", wrong ? "not " : "", passed + failed, name);
	if (wrong)
		printf("# %s\n", wrong);
	/* Whatever ends the program later, what is known so far is known. */
	fflush(stdout);
}

int tap_end(void)
{
	printf("1..%u\n%u passed, %u failed\n", passed + failed, passed, failed);
	if (!(passed + failed))
		fprintf(stderr, "no case has that name; --list prints them\n");
	return failed || !passed;
}

int tap_main(int argc, char **argv, const struct tap_case *cases, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (tap_list_wanted(argc, argv))
			puts(cases[i].name);
		else if (tap_selected(argc, argv, cases[i].name))
			tap_result(cases[i].name, cases[i].run());
	return tap_list_wanted(argc, argv) ? 0 : tap_end();
}
