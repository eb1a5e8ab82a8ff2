/* SPDX-License-Identifier: GPL-2.0-only */
/* The state an execution starts from; see warmup.c. */
#ifndef MMUT_KVM_WARMUP_H
#define MMUT_KVM_WARMUP_H

#include "kvm_host.h"

/* Boss, set-up: memory caches full, as after the first faults of a long-running guest. */
void warmup_caches(struct kvm *kvm);
/*
 * Boss, before the tasks of an execution start: some vCPUs have a root already, and about
 * `percent` of some pages of the slots are mapped, drawn from the boss's data stream.
 */
void warmup_guest(struct kvm *kvm, u32 percent);

#endif
