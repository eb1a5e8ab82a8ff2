// SPDX-License-Identifier: GPL-2.0-only
/* The strategies by number: the order is part of the interface (struct mmut_config). */
#include "../core/types.h"
#include "strategy.h"

const struct strategy *const strategies[] = {
	&strategy_random, &strategy_pct, &strategy_replay, &strategy_mix, &strategy_anchored,
	&strategy_pos, &strategy_urw, &strategy_surw, &strategy_dpor, &strategy_rff, &strategy_sticky,
	&strategy_dfs,
	/* not for users */
	&strategy_profile, &strategy_estimate, &strategy_tail,
};

const struct strategy *strategy_by_id(u32 id)
{
	return id < NR_STRATEGIES ? strategies[id] : NULL;
}

u32 strategy_id(const struct strategy *strategy)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(strategies); i++)
		if (strategies[i] == strategy)
			break;
	return i;
}
