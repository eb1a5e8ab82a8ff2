// SPDX-License-Identifier: GPL-2.0-only
/* Figures over time.  See series.h. */
#include <string.h>

#include "arena.h"
#include "lockstat.h"

static_assert(ARRAY_SIZE(((struct series_cell *)0)->column) == SERIES_COLUMNS, "a cell has all columns");

static void add_cells(struct series_cell *into, const struct series_cell *extra)
{
	u32 i;

	for (i = 0; i < SERIES_COLUMNS; i++)
		into->column[i] += extra->column[i];
}

static void double_tick(struct series *s)
{
	u32 i;

	for (i = 0; i < SERIES_TICKS / 2; i++) {
		s->cell[i] = s->cell[2 * i];
		add_cells(&s->cell[i], &s->cell[2 * i + 1]);
	}
	memset(&s->cell[SERIES_TICKS / 2], 0, sizeof(s->cell) / 2);
	s->shift++;
	s->tick /= 2;
	s->end = (s->end + 1) / 2;
}

static void make_room(struct series *s, u64 now)
{
	if (!s->shift)
		s->shift = proc.arena->controlled ? SERIES_SHIFT_STEPS : SERIES_SHIFT_FREE;
	while (now >> s->shift >= SERIES_TICKS)
		double_tick(s);
	s->tick = (u32)(now >> s->shift);
	s->end = max(s->end, s->tick + 1);
}

/* `n` things that were done evenly between two times; what does not divide goes to the last tick. */
static void spread_operations(struct series *s, u64 from, u64 to, u64 n)
{
	u64 first = from >> s->shift, last = to >> s->shift, each = n / (last - first + 1), i;

	for (i = first; i < last; i++)
		s->cell[i].column[SERIES_OPERATIONS] += each;
	s->cell[last].column[SERIES_OPERATIONS] += n - each * (last - first);
}

void series_look(struct series *s, u64 now, u64 operations)
{
	make_room(s, now);
	if (operations != s->operations)
		spread_operations(s, proc.arena->controlled ? now : min(s->now, now), now,
				  operations - s->operations);
	s->operations = operations;
	s->now = now;
}

void series_over(struct series *s, u64 now, u64 operations)
{
	series_look(s, now, operations);
	s->operations = s->now = 0;
	s->tick = 0;
}

void series_spread(struct series *s, u32 column, u64 from, u64 to)
{
	make_room(s, to);
	while (from < to) {
		u64 end = min(to, ((from >> s->shift) + 1) << s->shift);

		s->cell[from >> s->shift].column[column] += end - from;
		from = end;
	}
}
