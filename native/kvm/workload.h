/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tasks do: a storm's mix of operations, or a litmus program; see workload.c. */
#ifndef MMUT_KVM_WORKLOAD_H
#define MMUT_KVM_WORKLOAD_H

#include "../api.h"
#include "kvm_host.h"

/* Boss, set-up, after kvm_create_vm().  0 or -ENOMEM. */
int workload_init(const struct mmut_config *config);
/* Boss, set-up: map every page of every slot, once per root role, without entering a guest. */
void workload_populate(struct kvm *kvm);
/* The whole life of a vCPU, VMM or host-mm task; `task` is current. */
void task_body(struct task *task);

#endif
