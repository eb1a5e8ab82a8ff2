// SPDX-License-Identifier: GPL-2.0-only
/* Contracts as a table: what they are called, and where their counters are.  See contract.h. */
#include <errno.h>
#include <string.h>

#include "contract_count.h"

const char *const contract_names[NR_CONTRACTS] = {
	[CONTRACT_READ] = "read", [CONTRACT_WRITE] = "write", [CONTRACT_EITHER] = "either",
	[CONTRACT_NONE] = "none", [CONTRACT_RCU] = "rcu", [CONTRACT_SRCU] = "srcu",
	[CONTRACT_YIELDS] = "yields",
};

const char *contract_lock(const struct site *site)
{
	const char *expr = site->what + sizeof(CONTRACT_MARK) + 1, *p, *name = expr;

	for (p = expr; *p; p++)
		if (*p == '>' || *p == '.' || *p == '&')
			name = p + 1;
	return strncmp(name, "NULL", 4) && strncmp(name, "((void", 6) ? name : "";
}

static u64 table_size(u32 nr_tasks)
{
	return (u64)nr_tasks * contract_nr_sites() * sizeof(struct contract_count);
}

int contract_init(u32 nr_tasks)
{
	arena_of()->contracts = arena_alloc_bulk(table_size(nr_tasks));
	return arena_of()->contracts ? 0 : -ENOMEM;
}

void contract_forget(void)
{
	memset(arena_of()->contracts, 0, table_size(arena_of()->nr_tasks));
}
