// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers against known answers. */
#include "../core/prng.h"
#include "chance.h"
#include "tap.h"

/* With key 0 the stream is SplitMix64 from state 0, whose first values are published. */
static const char *prng_known_answers(void)
{
	static const u64 known[] = { 0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL };
	struct prng p = { 0 };
	u32 i;

	prng_seek(&p, 0);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (prng_next(&p) != known[i])
			return complain("draw %u is not SplitMix64's", i);
	return NULL;
}

static const char *prng_draws_depend_on_key_and_index_alone(void)
{
	struct prng whole, jumped, other;
	u64 draws[64];
	u32 i, same = 0;

	prng_init(&whole, 7, 9, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		draws[i] = prng_next(&whole);
	for (i = 0; i < ARRAY_SIZE(draws); i++) {
		prng_init(&jumped, 7, 9, STREAM_SCHEDULE);
		prng_seek(&jumped, i);
		if (prng_next(&jumped) != draws[i])
			return complain("draw %u depends on the draws before it", i);
	}
	prng_init(&other, 7, 9, STREAM_MEMORY);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	prng_init(&other, 7, 10, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	prng_init(&other, 8, 9, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	return same ? complain("%u draws of different streams are equal", same) : NULL;
}

static const char *prng_below_is_uniform(void)
{
	u64 count[7] = { 0 };
	struct prng p;
	u32 i, at;

	prng_init(&p, 1, 2, STREAM_DATA);
	for (i = 0; i < 70000; i++) {
		at = prng_below(&p, 7);
		if (at >= 7)
			return complain("%u is not below 7", at);
		count[at]++;
	}
	for (i = 0; i < 7; i++)
		if (!binomial(count[i], 70000, 1.0 / 7))
			return complain("%u came %llu times in 70000 draws below 7", i, (unsigned long long)count[i]);
	return NULL;
}

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(prng_known_answers), CASE(prng_draws_depend_on_key_and_index_alone),
		CASE(prng_below_is_uniform),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
