// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sequence lock over two words: a reader that saw a change under way tries again.
 *
 * Right under sc and tso.  Under lkmm it needs the four barriers of the kernel's: take one out and
 * see `mmutorture explore --memory lkmm examples/seqlock.c` find the torn read.
 */
#include <mmutorture.h>

STATE {
	SHARED(u32) sequence;
	SHARED(int) a, b;
	spinlock_t lock;
};

SETUP
{
	spin_lock_init(&S->lock);
}

static void write_both(int value)
{
	u32 sequence;

	spin_lock(&S->lock);
	sequence = READ_ONCE(S->sequence);
	WRITE_ONCE(S->sequence, sequence + 1);
	smp_wmb();
	WRITE_ONCE(S->a, value);
	WRITE_ONCE(S->b, value);
	smp_wmb();
	WRITE_ONCE(S->sequence, sequence + 2);
	spin_unlock(&S->lock);
}

TASK(writer0)
{
	write_both(1);
}

TASK(writer1)
{
	write_both(2);
}

TASK(reader)
{
	u32 sequence;
	int a, b;

	do {
		sequence = smp_cond_load_relaxed(&S->sequence, !(VAL & 1));
		smp_rmb();
		a = READ_ONCE(S->a);
		b = READ_ONCE(S->b);
		smp_rmb();
	} while (READ_ONCE(S->sequence) != sequence);
	check(a == b);
}

FINALLY
{
	check(final(S->sequence) == 4 && final(S->a) == final(S->b));
}
