// SPDX-License-Identifier: GPL-2.0-only
/* Lock contracts: the table of all sites that state one, with counts. */
#include <string.h>

#include "api.h"
#include "core/contract_count.h"
#include "core/task.h"
#include "text.h"

static const char letters[NR_CONTRACTS + 1] = "rwenusy";

const char *mmut_contract_name(uint32_t kind)
{
	return kind < NR_CONTRACTS ? contract_names[kind] : NULL;
}

/* "contract:w:&kvm->mmu_lock": the kind; NR_CONTRACTS for a site that is no contract. */
static u32 contract_kind(const struct site *site)
{
	const char *what = site->what;
	const char *letter;

	if (!what || strncmp(what, CONTRACT_MARK, sizeof(CONTRACT_MARK) - 1))
		return NR_CONTRACTS;
	letter = strchr(letters, what[sizeof(CONTRACT_MARK) - 1]);
	return letter && *letter ? (u32)(letter - letters) : NR_CONTRACTS;
}

/* The boss sets up and tears down: no part of the workload. */
static struct contract_count counts_of(const struct site *site)
{
	struct contract_count sum = { 0 };
	u32 i;

	for (i = 1; arena_of() && i < arena_of()->nr_tasks; i++) {
		const struct contract_count *c = contract_count_of(i, site);

		sum.none += c->none;
		sum.read += c->read;
		sum.write += c->write;
	}
	return sum;
}

uint32_t mmut_contract_counts(uint64_t *counts, uint32_t rows)
{
	const struct site *site;
	u32 n = 0;

	for (site = __start_mmut_sites; site < __stop_mmut_sites; site++) {
		if (contract_kind(site) == NR_CONTRACTS)
			continue;
		if (n < rows) {
			struct contract_count sum = counts_of(site);

			counts[3 * n] = sum.none;
			counts[3 * n + 1] = sum.read;
			counts[3 * n + 2] = sum.write;
		}
		n++;
	}
	return n;
}

int mmut_contract_get(uint32_t n, struct mmut_contract *row)
{
	const struct site *site = __start_mmut_sites;
	struct contract_count sum;
	const char *path;

	for (; site < __stop_mmut_sites; site++)
		if (contract_kind(site) < NR_CONTRACTS && !n--)
			break;
	if (site == __stop_mmut_sites)
		return -1;
	memset(row, 0, sizeof(*row));
	row->kind = contract_kind(site);
	row->line = site->line;
	path = strstr(site->file, "native/");
	COPY(row->file, path ? path : site->file);
	COPY(row->func, site->func);
	COPY(row->lock, contract_lock(site));
	sum = counts_of(site);
	row->none = sum.none;
	row->read = sum.read;
	row->write = sum.write;
	return 0;
}
