// SPDX-License-Identifier: GPL-2.0-only
/* Store buffering in C: may both tasks miss the other's store?  Under sc no, under tso yes. */
#include <mmutorture.h>

STATE {
	SHARED(int) x, y;
	int r0, r1;
};

TASK(left)
{
	WRITE_ONCE(S->x, 1);
	S->r0 = READ_ONCE(S->y);
}

TASK(right)
{
	WRITE_ONCE(S->y, 1);
	S->r1 = READ_ONCE(S->x);
}

FINALLY
{
	observe(S->r0);
	observe(S->r1);
	check(S->r0 || S->r1);
}
