# SPDX-License-Identifier: GPL-2.0-only
"""Shared model state is reached through accessors only, and the compiler sees to it.

A word declared SHARED() has no value of its own, so that what forgets READ_ONCE() or its relatives
does not compile.  Each snippet is one statement in a function that has these at hand.
"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from native.tests import build

# One worker compiles the snippets, once.
pytestmark = pytest.mark.xdist_group("native")

ROOT = build.ROOT
SNIPPET = """\
#include "native/kvm/kvm_host.h"

u64 snippet(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_mmu_page *sp, tdp_ptep_t sptep);
u64 snippet(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_mmu_page *sp, tdp_ptep_t sptep)
{{
	u64 value = 0;

	{statement}
	return value;
}}
"""

# (statement, what the message must name)
PLAIN = {
    "read-u64": ("value = kvm->mmu_invalidate_seq;", "mmu_invalidate_seq"),
    "read-u32": ("value = vcpu->mode;", "mode"),
    "read-in-a-condition": ("if (sp->invalid) value = 1;", "invalid"),
    "read-in-a-comparison": ("value = kvm->mmu_invalidate_in_progress > 0;", "in_progress"),
    "read-of-a-refcount": ("value = sp->tdp_mmu_root_count;", "tdp_mmu_root_count"),
    "read-of-an-atomic64": ("value = (u64)kvm->tdp_mmu_pages;", "tdp_mmu_pages"),
    "read-of-an-spte": ("value = *sptep;", "sptep"),
    "read-of-an-spte-by-index": ("value = sp->spt[3];", "spt"),
    "write-u64": ("kvm->mmu_invalidate_seq = 1;", "mmu_invalidate_seq"),
    "write-u32": ("vcpu->mode = IN_GUEST_MODE;", "mode"),
    "write-of-a-flag": ("sp->invalid = true;", "invalid"),
    "write-of-an-spte": ("*sptep = value;", "sptep"),
    "write-of-a-pointer": ("kvm->memslots[0] = NULL;", "memslots"),
    "increment": ("kvm->mmu_invalidate_seq++;", "mmu_invalidate_seq"),
    "add": ("kvm->mmu_invalidate_in_progress += 1;", "mmu_invalidate_in_progress"),
    "or-into-requests": ("vcpu->requests |= 1;", "requests"),
    "and-of-an-spte": ("*sptep &= ~1ULL;", "sptep"),
    "sum": ("value = kvm->mmu_invalidate_range_end - 1;", "mmu_invalidate_range_end"),
    "chase-of-a-list": ("value = (u64)kvm->tdp_mmu_roots.next->next;", "tdp_mmu_roots"),
    "chase-of-memslots": ("value = kvm->memslots[0]->generation;", "memslots"),
    "chase-of-a-callback": ("value = (u64)arena_of()->rcu->callbacks->next;", "callbacks"),
    "builtin": ("value = __atomic_load_n(&kvm->mmu_invalidate_seq, 0);", "mmu_invalidate_seq"),
}

MARKED = {
    "read": "value = READ_ONCE(kvm->mmu_invalidate_seq);",
    "read-u32": "value = READ_ONCE(vcpu->mode);",
    "acquire": "value = smp_load_acquire(&kvm->mmu_invalidate_seq);",
    "read-of-an-spte": "value = READ_ONCE(*sptep);",
    "read-by-index": "value = READ_SCAN(sp->spt[3]);",
    "write": "WRITE_ONCE(sp->invalid, 1);",
    "release": "smp_store_release(&kvm->mmu_invalidate_seq, 1);",
    "data": "data_write(kvm->mmu_invalidate_seq, data_read(kvm->mmu_invalidate_seq) + 1);",
    "private": "WRITE_PRIVATE(sp->invalid, 0); value = READ_PRIVATE(sp->invalid);",
    "add": "value = fetch_add(&kvm->mmu_invalidate_seq, 1);",
    "or": "set_bit(KVM_REQ_TLB_FLUSH, &vcpu->requests);",
    "exchange": "value = xchg(sptep, 0);",
    "compare-exchange": "value = try_cmpxchg64(sptep, &value, 1);",
    "atomic64": "atomic64_inc(&kvm->tdp_mmu_pages);",
    "atomic64-read": "value = (u64)atomic64_read(&kvm->tdp_mmu_pages);",
    "refcount": "value = refcount_inc_not_zero(&sp->tdp_mmu_root_count);",
    "chase": "value = rcu_dereference(kvm->memslots[0])->generation;",
    "list": "value = (u64)list_next_rcu(&kvm->tdp_mmu_roots);",
    "publish": "rcu_assign_pointer(kvm->memslots[0], NULL);",
    "wait": "value = smp_cond_load_relaxed(&vcpu->requests, VAL == 0);",
}

# What the type cannot forbid: a struct may be copied, and gcc only warns about the pointer.
ESCAPES = {
    "copy-of-an-spte": "*sptep = sp->spt[3];",
    "copy-of-a-field": "sp->invalid = sptep_to_sp(sptep)->invalid;",
    "copy-to-a-local": "typeof(vcpu->mode) mode = vcpu->mode; value = READ_PRIVATE(mode);",
    "address-as-a-plain-word": "u64 *p = (void *)&vcpu->requests; value = *p;",
}


def compile_errors(file: Path) -> str:
    """The compiler's errors, "" if there are none."""
    done = subprocess.run(
        [*build.compiler(), "-std=gnu11", "-fsyntax-only", f"-I{ROOT}", str(file)],
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By statement; all at once, because the compiler is quick and starting it is not."""
    directory = tmp_path_factory.mktemp("snippets")
    statements = [s for s, _ in PLAIN.values()] + [*MARKED.values(), *ESCAPES.values()]
    files = []
    for number, statement in enumerate(statements):
        files.append(directory / f"{number}.c")
        files[-1].write_text(SNIPPET.format(statement=statement), encoding="utf-8")
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(statements, pool.map(compile_errors, files), strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_access_does_not_compile(errors: dict[str, str], name: str) -> None:
    statement, member = PLAIN[name]
    assert "error: " in errors[statement]
    blamed = errors[statement].split("error: ", 1)[1]
    assert member in blamed
    assert "No such file" not in blamed and "undeclared" not in blamed


@pytest.mark.parametrize("name", MARKED)
def test_a_marked_access_compiles(errors: dict[str, str], name: str) -> None:
    assert errors[MARKED[name]] == ""


@pytest.mark.parametrize("name", ESCAPES)
def test_the_limits_are_as_documented(errors: dict[str, str], name: str) -> None:
    """If one of these stops compiling, it belongs into PLAIN."""
    assert errors[ESCAPES[name]] == ""


@pytest.mark.parametrize("room", ["kvm", "sched", "program"])
def test_nobody_reaches_into_the_wrapper(room: str) -> None:
    files = sorted(path for path in (ROOT / "native" / room).glob("*.[ch]"))
    assert files
    for file in files:
        assert ".__v" not in file.read_text(encoding="utf-8"), file
