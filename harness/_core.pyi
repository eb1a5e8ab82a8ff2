# SPDX-License-Identifier: GPL-2.0-only
# Generated from native/api.h by tools/lint_core_stub.py --write; make lint compares the two.
#
# A struct of C and a pointer to it are one class here, as their fields are reached alike.  Any
# stands for what has no counterpart in Python: char arrays, strings, pointers to numbers.
from typing import Any, Generic, Literal, Self, TypeVar, overload, type_check_only

_T = TypeVar("_T")

@type_check_only
class _Array(Generic[_T]):
    def __getitem__(self, index: int, /) -> _T: ...
    def __setitem__(self, index: int, value: Any, /) -> None: ...
    def __len__(self) -> int: ...

@type_check_only
class mmut_op:
    kind: int
    weight: int
    gfn: int
    npages: int
    slot: int
    reg: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_task:
    name: Any
    kind: int
    sequential: int
    operations: int
    nr_ops: int
    ops: _Array[mmut_op]
    gfn_first: int
    gfn_count: int
    random_gfn: int
    guest_mode: int
    as_id: int
    pace_faults: int
    twin: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_slot:
    base_gfn: int
    npages: int
    as_id: int
    flags: int
    huge: int
    pad: int
    move_gfn: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_term:
    reg: int
    value: int
    not_equal: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_rule:
    nr_terms: int
    forbidden: int
    terms: _Array[mmut_term]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_weaken:
    file: Any
    line: int
    order: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_delay:
    func: Any
    lock: Any
    length: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_config:
    seed: int
    bugs: int
    oracles: int
    checks: int
    controlled: int
    lock_stat: int
    record: int
    memory: int
    strategy: int
    bound_kind: int
    bound: int
    no_estimate: int
    whole_steps: int
    pct_depth: int
    contention_percent: int
    noise_permille: int
    decisions_max: int
    steps_max: int
    check_every: int
    pinned_iteration: int
    pinned: int
    tdp_mmu: int
    root_level: int
    max_level: int
    ad_bits: int
    pml: int
    nx_huge_pages: int
    eager_split: int
    manual_protect: int
    initially_set: int
    mmio_generation_bits: int
    profile: int
    exclusive_mmu_lock: int
    zap_roots_write: int
    nr_table_frames: int
    populate: int
    warm_percent: int
    spare_frames: int
    program: int
    nr_slots: int
    nr_tasks: int
    nr_rules: int
    nr_weaken: int
    nr_delays: int
    weaken: _Array[mmut_weaken]
    delays: _Array[mmut_delay]
    flat: mmut_flat
    object: Any
    object_size: int
    slots: _Array[mmut_slot]
    tasks: _Array[mmut_task]
    rules: _Array[mmut_rule]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_flat:
    insns: mmut_insn
    objects: mmut_object
    initial: Any
    nr_insns: int
    nr_objects: int
    nr_words: int
    nr_registers: int
    nr_observed: int
    pad: int
    entry: _Array[int]
    observed: _Array[mmut_observed]
    file: Any
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_insn:
    op: int
    order: int
    dst: int
    a: int
    b: int
    index: int
    object: int
    line: int
    imm: int
    text: Any
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_object:
    name: Any
    kind: int
    count: int
    first: int
    pad: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_observed:
    task: int
    place: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_bug_info:
    name: Any
    slug: Any
    commit: Any
    scenario: Any
    profile: Any
    memory: Any
    oracles: Any
    text: Any
    depth: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_place:
    file: Any
    func: Any
    what: Any
    line: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_failure:
    set: int
    oracle: int
    task: int
    line: int
    step: int
    addr: int
    iteration: int
    digest: int
    task_name: Any
    member: Any
    file: Any
    func: Any
    what: Any
    message: Any
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_crash:
    signal: int
    task: int
    addr: int
    iteration: int
    step: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_task_state:
    name: Any
    kind: int
    index: int
    state: int
    nr_held: int
    operations: int
    faults: int
    held: Any
    pending: Any
    waits: Any
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_totals:
    schedules: int
    schedule_points: int
    decisions: int
    switches: int
    violations: int
    digest: int
    decisions_max: int
    operations: int
    faults: int
    retries: int
    fixed: int
    spurious: int
    lost_cmpxchg: int
    accesses: int
    exits: int
    flushes: int
    emulated: int
    grace_periods: int
    callbacks: int
    unfair_cutoffs: int
    discarded: int
    racy: int
    agents: int
    pct2: int
    pct3: int
    pct4: int
    pct5: int
    profile: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_classes:
    distinct: int
    samples: int
    sampled: int
    once: int
    twice: int
    full: int
    slot: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_search:
    classes: int
    bound: int
    beyond: int
    cut: int
    exhausted: int
    estimate: float
    estimate_error: float
    too_deep: int
    too_many: int
    diverged: int
    outgrown: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_part_node:
    left: int
    todo: int
    branches: int
    choice: int
    alternatives: int
    agent: int
    pad: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_part_branch:
    touches: _Array[int]
    depth: int
    alternative: int
    alternatives: int
    agent: int
    pad: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_part_step:
    touches: _Array[int]
    above: int
    node: int
    alternative: int
    alternatives: int
    agent: int
    lane: int
    last: int
    pad: int
    clock: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_part:
    nodes: mmut_part_node
    branches: mmut_part_branch
    steps: mmut_part_step
    nr_nodes: int
    nr_branches: int
    nr_steps: int
    floor: int
    finished: int
    patient: int
    left: int
    asleep: int
    bound: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_counted:
    class_: int
    digest: int
    points: int
    decisions: int
    switches: int
    outcome: int
    endless: int
    racy: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_trace_event:
    step: int
    addr: int
    old_value: int
    new_value: int
    operand: int
    task: int
    op: int
    line: int
    order: int
    file: Any
    func: Any
    what: Any
    object: Any
    anchor: int
    occurrence: int
    stack: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_differs:
    iteration: int
    first: int
    second: int
    other_event: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_anchor:
    task: int
    op: int
    object: int
    occurrence: int
    decision: int
    choice: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_times:
    count: int
    total: int
    min: int
    max: int
    first: int
    end: int
    buckets: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_task_counts:
    operations: int
    faults: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_retry:
    cause: Any
    func: Any
    file: Any
    line: int
    pad: int
    count: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_rcu_counts:
    queued: int
    run: int
    backlog_max: int
    grace: _Array[mmut_times]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_heat:
    shift: int
    ranges: int
    starts: _Array[int]
    faults: _Array[int]
    retries: _Array[int]
    zaps: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_series:
    shift: int
    ticks: int
    columns: _Array[_Array[int]]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_yield:
    func: Any
    file: Any
    line: int
    pad: int
    asked: int
    yielded: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_lockstat:
    class_name: Any
    mode: int
    is_rwlock: int
    acquisitions: int
    contentions: int
    bounces: int
    acq_bounces: int
    wait_total: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_lock_site:
    lock: Any
    func: Any
    file: Any
    id: int
    mode: int
    line: int
    kind: int
    acquisitions: int
    bounces: int
    acq_bounces: int
    delay: int
    wait: mmut_times
    hold: mmut_times
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_blame:
    waiter: int
    waiter_site: int
    holder: int
    holder_site: int
    count: int
    total: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_lock_spread:
    lock: Any
    queue: _Array[int]
    readers: _Array[int]
    readers_held: _Array[int]
    readers_steps: _Array[int]
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_lock_place:
    func: Any
    file: Any
    what: Any
    line: int
    op: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_lock_edge:
    held: Any
    wanted: Any
    held_node: int
    wanted_node: int
    held_op: int
    wanted_op: int
    held_write: int
    wanted_write: int
    held_file: Any
    held_func: Any
    wanted_file: Any
    wanted_func: Any
    task_name: Any
    held_line: int
    wanted_line: int
    step: int
    tasks: _Array[int]
    writers: _Array[int]
    open: int
    iteration: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_contract:
    func: Any
    file: Any
    lock: Any
    line: int
    kind: int
    none: int
    read: int
    write: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_flight_record:
    begin: int
    end: int
    arg: int
    value: int
    site: int
    other_site: int
    kind: int
    mode: int
    other: int
    flags: int
    lock_class: int
    task: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_flight_piece:
    task: int
    open: int
    first: int
    count: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_flight:
    origin: int
    tick: float
    holds_sampled: int
    accesses: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_annotation:
    file: Any
    func: Any
    what: Any
    line: int
    op: int
    order: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class mmut_access_place:
    file: Any
    func: Any
    what: Any
    line: int
    op: int
    plain: int
    def __getitem__(self, index: int, /) -> Self: ...

@type_check_only
class _Lib:
    MMUT_MAX_TASKS: int
    MMUT_PROGRAM_TASKS: int
    MMUT_SEARCH_TASKS: int
    MMUT_MAX_SLOTS: int
    MMUT_MAX_OPS: int
    MMUT_MAX_RULES: int
    MMUT_MAX_TERMS: int
    MMUT_MAX_WEAKEN: int
    MMUT_MAX_DELAYS: int
    MMUT_NAME: int
    MMUT_REGISTERS: int
    MMUT_MESSAGE: int
    MMUT_CACHE_OBJECTS: int
    MMUT_OP_READ: int
    MMUT_OP_WRITE: int
    MMUT_OP_MIGRATE: int
    MMUT_OP_RECLAIM: int
    MMUT_OP_COLLAPSE: int
    MMUT_OP_SPLIT: int
    MMUT_OP_FAST_ZAP: int
    MMUT_OP_SLOT_RECREATE: int
    MMUT_OP_DIRTY_LOG_ON: int
    MMUT_OP_DIRTY_LOG_OFF: int
    MMUT_OP_DIRTY_LOG_GET: int
    MMUT_OP_ZAP_GFN_RANGE: int
    MMUT_OP_SLOT_MOVE: int
    MMUT_OP_APIC_ACCESS: int
    MMUT_OP_MMU_RESET: int
    MMUT_OP_AGE: int
    MMUT_OP_TEST_AGE: int
    MMUT_OP_PREFAULT: int
    MMUT_OP_EXEC: int
    MMUT_OP_NX_RECOVER: int
    MMUT_OP_DIRTY_LOG_CLEAR: int
    MMUT_OP_WRITE_TRACK: int
    MMUT_NR_OP_KINDS: int
    MMUT_TASK_BOSS: int
    MMUT_TASK_RCU: int
    MMUT_TASK_VCPU: int
    MMUT_TASK_VMM: int
    MMUT_TASK_HOST_MM: int
    MMUT_TASK_PROGRAM: int
    MMUT_TASK_NX_RECOVERY: int
    MMUT_NR_TASK_KINDS: int
    MMUT_HUGE_NO: int
    MMUT_HUGE_2M: int
    MMUT_HUGE_1G: int
    MMUT_PROFILE_CURRENT: int
    MMUT_PROFILE_LEGACY_ROOTS: int
    MMUT_MEMORY_SC: int
    MMUT_MEMORY_TSO: int
    MMUT_MEMORY_LKMM: int
    MMUT_I_MOVE: int
    MMUT_I_ADD: int
    MMUT_I_SUB: int
    MMUT_I_MUL: int
    MMUT_I_DIV: int
    MMUT_I_MOD: int
    MMUT_I_AND: int
    MMUT_I_OR: int
    MMUT_I_XOR: int
    MMUT_I_EQ: int
    MMUT_I_NE: int
    MMUT_I_LT: int
    MMUT_I_LE: int
    MMUT_I_ADDRESS: int
    MMUT_I_JUMP: int
    MMUT_I_JUMP_ZERO: int
    MMUT_I_JUMP_NONZERO: int
    MMUT_I_CONTROL: int
    MMUT_I_JOIN: int
    MMUT_I_CHECK: int
    MMUT_I_ATOMIC_END: int
    MMUT_I_EXIT: int
    MMUT_I_REGISTER: int
    MMUT_I_RULE: int
    MMUT_I_DISCARD: int
    MMUT_I_LOAD: int
    MMUT_I_STORE: int
    MMUT_I_XCHG: int
    MMUT_I_CMPXCHG: int
    MMUT_I_FETCH_ADD: int
    MMUT_I_FETCH_AND: int
    MMUT_I_FETCH_OR: int
    MMUT_I_FETCH_XOR: int
    MMUT_I_AWAIT_EQ: int
    MMUT_I_AWAIT_NE: int
    MMUT_I_FENCE: int
    MMUT_I_SPIN_LOCK: int
    MMUT_I_SPIN_UNLOCK: int
    MMUT_I_SPIN_TRYLOCK: int
    MMUT_I_SPIN_IS_LOCKED: int
    MMUT_I_MUTEX_LOCK: int
    MMUT_I_MUTEX_UNLOCK: int
    MMUT_I_READ_LOCK: int
    MMUT_I_READ_UNLOCK: int
    MMUT_I_WRITE_LOCK: int
    MMUT_I_WRITE_UNLOCK: int
    MMUT_I_RCU_LOCK: int
    MMUT_I_RCU_UNLOCK: int
    MMUT_I_RCU_SYNC: int
    MMUT_I_SRCU_LOCK: int
    MMUT_I_SRCU_DOWN: int
    MMUT_I_SRCU_UNLOCK: int
    MMUT_I_YIELD: int
    MMUT_I_ATOMIC: int
    MMUT_I_NO_WRITERS: int
    MMUT_I_NO_ACCESS: int
    MMUT_NR_INSN_OPS: int
    MMUT_NO_REGISTER: int
    MMUT_NO_OBJECT: int
    MMUT_FINAL: int
    MMUT_POINTER: int
    MMUT_OBJECT_WORDS: int
    MMUT_OBJECT_SPINLOCK: int
    MMUT_OBJECT_MUTEX: int
    MMUT_OBJECT_RWLOCK: int
    def mmut_build_id(self) -> Any: ...
    def mmut_build_kind(self) -> Any: ...
    def mmut_oracle_name(self, a0: int, /) -> Any: ...
    def mmut_oracle_text(self, a0: int, /) -> Any: ...
    def mmut_strategy_name(self, a0: int, /) -> Any: ...
    def mmut_strategy_text(self, a0: int, /) -> Any: ...
    def mmut_op_name(self, a0: int, /) -> Any: ...
    def mmut_op_task_kind(self, a0: int, /) -> Any: ...
    def mmut_event_op_name(self, a0: int, /) -> Any: ...
    def mmut_task_kind_name(self, a0: int, /) -> Any: ...
    def mmut_lock_class_name(self, a0: int, /) -> Any: ...
    def mmut_program_name(self, a0: int, /) -> Any: ...
    def mmut_bug(self, a0: int, a1: mmut_bug_info, /) -> int: ...
    def mmut_place_get(self, a0: int, a1: mmut_place, /) -> int: ...
    def mmut_address_name(self, a0: int, a1: Any, a2: int, /) -> int: ...
    def mmut_module_open(self, a0: Any, a1: int, /) -> int: ...
    def mmut_module_task(self, a0: int, /) -> Any: ...
    def mmut_module_label(self, a0: int, /) -> Any: ...
    def mmut_world_create(self, a0: int, a1: int, a2: mmut_config, /) -> int: ...
    def mmut_world_attach(self, a0: int, a1: int, /) -> int: ...
    def mmut_world_detach(self) -> None: ...
    def mmut_error(self) -> Any: ...
    def mmut_explore(self, a0: int, a1: int, a2: float, /) -> int: ...
    def mmut_explore_traced(self, a0: int, /) -> int: ...
    def mmut_explore_compared(self, a0: int, /) -> int: ...
    def mmut_lockstep_boss(self, a0: int, a1: int, a2: float, /) -> int: ...
    def mmut_lockstep_worker(self, a0: int, /) -> int: ...
    def mmut_free_worker(self, a0: int, /) -> int: ...
    def mmut_free_go(self) -> None: ...
    def mmut_free_finish(self) -> int: ...
    def mmut_stop(self, a0: int, /) -> None: ...
    def mmut_stopped(self) -> int: ...
    def mmut_failure_get(self, a0: mmut_failure, /) -> None: ...
    def mmut_crash(self, a0: mmut_crash, /) -> int: ...
    def mmut_nr_tasks(self) -> int: ...
    def mmut_task_state(self, a0: int, a1: mmut_task_state, /) -> int: ...
    def mmut_totals_get(self, a0: mmut_totals, /) -> None: ...
    def mmut_outcome_get(self, a0: int, a1: Any, a2: Any, a3: Any, /) -> int: ...
    def mmut_outcomes_full(self) -> int: ...
    MMUT_CLASS_SLOTS: int
    def mmut_classes_take(self, a0: Any, a1: int, /) -> int: ...
    def mmut_classes_add(self, a0: mmut_classes, a1: Any, a2: int, /) -> None: ...
    def mmut_strategy_is_search(self, a0: int, /) -> int: ...
    def mmut_nothing_left(self) -> int: ...
    def mmut_search_get(self, a0: mmut_search, /) -> int: ...
    def mmut_part_load(self, a0: mmut_part, /) -> int: ...
    def mmut_part_save(self, a0: mmut_part, /) -> int: ...
    def mmut_counted_get(self, a0: mmut_counted, a1: int, /) -> int: ...
    def mmut_trace_event(self, a0: int, a1: mmut_trace_event, /) -> int: ...
    def mmut_want_stacks(self, a0: int, a1: int, /) -> None: ...
    def mmut_stack(self, a0: int, a1: Any, a2: int, /) -> int: ...
    def mmut_differs(self, a0: mmut_differs, /) -> int: ...
    def mmut_plan_get(self, a0: Any, a1: int, /) -> int: ...
    def mmut_plan_set(self, a0: Any, a1: int, /) -> int: ...
    def mmut_anchors_get(self, a0: mmut_anchor, a1: int, /) -> int: ...
    def mmut_anchors_set(self, a0: mmut_anchor, a1: int, /) -> int: ...
    def mmut_anchor_fate(self, a0: int, /) -> int: ...
    def mmut_object_name(self, a0: int, /) -> Any: ...
    def mmut_patience(self, a0: int, a1: float, /) -> None: ...
    MMUT_BUCKETS: int
    MMUT_AGENTS: int
    MMUT_RCU_DOMAINS: int
    MMUT_HEAT_RANGES: int
    MMUT_SERIES_COLUMNS: int
    MMUT_SERIES_TICKS: int
    def mmut_yield_next(self, a0: Any, a1: mmut_yield, /) -> int: ...
    def mmut_tick_ns(self) -> float: ...
    def mmut_measured_forget(self) -> None: ...
    def mmut_task_counts_get(self, a0: int, a1: mmut_task_counts, /) -> int: ...
    def mmut_retry_get(self, a0: int, a1: mmut_retry, /) -> int: ...
    def mmut_rcu_counts_get(self, a0: mmut_rcu_counts, /) -> int: ...
    def mmut_flushes_get(self, a0: mmut_times, /) -> int: ...
    def mmut_heat_get(self, a0: mmut_heat, /) -> int: ...
    def mmut_series_get(self, a0: mmut_series, /) -> int: ...
    MMUT_LOCK_SPINLOCK: int
    MMUT_LOCK_MUTEX: int
    MMUT_LOCK_RWLOCK: int
    def mmut_lock_place_get(self, a0: int, a1: mmut_lock_place, /) -> int: ...
    def mmut_lockstat_get(self, a0: int, a1: mmut_lockstat, /) -> int: ...
    def mmut_lock_site_next(self, a0: Any, a1: mmut_lock_site, /) -> int: ...
    def mmut_blame_next(self, a0: Any, a1: mmut_blame, /) -> int: ...
    def mmut_lock_spread_get(self, a0: int, a1: mmut_lock_spread, /) -> int: ...
    def mmut_lock_edge_get(self, a0: int, a1: mmut_lock_edge, /) -> int: ...
    def mmut_lock_node(self, a0: int, /) -> int: ...
    def mmut_lock_order_full(self) -> int: ...
    def mmut_contract_name(self, a0: int, /) -> Any: ...
    def mmut_contract_get(self, a0: int, a1: mmut_contract, /) -> int: ...
    def mmut_contract_counts(self, a0: Any, a1: int, /) -> int: ...
    MMUT_FLIGHT_PIECE_MAX: int
    def mmut_flight_get(self, a0: mmut_flight, /) -> int: ...
    def mmut_flight_piece(self, a0: int, a1: mmut_flight_piece, a2: mmut_flight_record, /) -> int: ...
    def mmut_flight_kind_name(self, a0: int, /) -> Any: ...
    def mmut_fault_result_name(self, a0: int, /) -> Any: ...
    def mmut_request_name(self, a0: int, /) -> Any: ...
    def mmut_annotation_get(self, a0: int, a1: mmut_annotation, /) -> int: ...
    MMUT_CONFLICT_RAN: int
    MMUT_CONFLICT_SEEN: int
    MMUT_CONFLICT_UNORDERED: int
    def mmut_conflicts_get(self, a0: Any, a1: int, /) -> int: ...
    def mmut_access_place_get(self, a0: int, a1: mmut_access_place, /) -> int: ...

@type_check_only
class _FFI:
    NULL: Any
    @overload
    def new(self, cdecl: Literal["struct mmut_op *"], init: Any = ..., /) -> mmut_op: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_op[]"], init: Any = ..., /) -> _Array[mmut_op]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task *"], init: Any = ..., /) -> mmut_task: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task[]"], init: Any = ..., /) -> _Array[mmut_task]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_slot *"], init: Any = ..., /) -> mmut_slot: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_slot[]"], init: Any = ..., /) -> _Array[mmut_slot]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_term *"], init: Any = ..., /) -> mmut_term: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_term[]"], init: Any = ..., /) -> _Array[mmut_term]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_rule *"], init: Any = ..., /) -> mmut_rule: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_rule[]"], init: Any = ..., /) -> _Array[mmut_rule]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_weaken *"], init: Any = ..., /) -> mmut_weaken: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_weaken[]"], init: Any = ..., /) -> _Array[mmut_weaken]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_delay *"], init: Any = ..., /) -> mmut_delay: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_delay[]"], init: Any = ..., /) -> _Array[mmut_delay]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_config *"], init: Any = ..., /) -> mmut_config: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_config[]"], init: Any = ..., /) -> _Array[mmut_config]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flat *"], init: Any = ..., /) -> mmut_flat: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flat[]"], init: Any = ..., /) -> _Array[mmut_flat]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_insn *"], init: Any = ..., /) -> mmut_insn: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_insn[]"], init: Any = ..., /) -> _Array[mmut_insn]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_object *"], init: Any = ..., /) -> mmut_object: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_object[]"], init: Any = ..., /) -> _Array[mmut_object]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_observed *"], init: Any = ..., /) -> mmut_observed: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_observed[]"], init: Any = ..., /) -> _Array[mmut_observed]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_bug_info *"], init: Any = ..., /) -> mmut_bug_info: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_bug_info[]"], init: Any = ..., /) -> _Array[mmut_bug_info]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_place *"], init: Any = ..., /) -> mmut_place: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_place[]"], init: Any = ..., /) -> _Array[mmut_place]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_failure *"], init: Any = ..., /) -> mmut_failure: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_failure[]"], init: Any = ..., /) -> _Array[mmut_failure]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_crash *"], init: Any = ..., /) -> mmut_crash: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_crash[]"], init: Any = ..., /) -> _Array[mmut_crash]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task_state *"], init: Any = ..., /) -> mmut_task_state: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task_state[]"], init: Any = ..., /) -> _Array[mmut_task_state]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_totals *"], init: Any = ..., /) -> mmut_totals: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_totals[]"], init: Any = ..., /) -> _Array[mmut_totals]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_classes *"], init: Any = ..., /) -> mmut_classes: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_classes[]"], init: Any = ..., /) -> _Array[mmut_classes]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_search *"], init: Any = ..., /) -> mmut_search: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_search[]"], init: Any = ..., /) -> _Array[mmut_search]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_node *"], init: Any = ..., /) -> mmut_part_node: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_node[]"], init: Any = ..., /) -> _Array[mmut_part_node]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_branch *"], init: Any = ..., /) -> mmut_part_branch: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_branch[]"], init: Any = ..., /) -> _Array[mmut_part_branch]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_step *"], init: Any = ..., /) -> mmut_part_step: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part_step[]"], init: Any = ..., /) -> _Array[mmut_part_step]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part *"], init: Any = ..., /) -> mmut_part: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_part[]"], init: Any = ..., /) -> _Array[mmut_part]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_counted *"], init: Any = ..., /) -> mmut_counted: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_counted[]"], init: Any = ..., /) -> _Array[mmut_counted]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_trace_event *"], init: Any = ..., /) -> mmut_trace_event: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_trace_event[]"], init: Any = ..., /) -> _Array[mmut_trace_event]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_differs *"], init: Any = ..., /) -> mmut_differs: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_differs[]"], init: Any = ..., /) -> _Array[mmut_differs]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_anchor *"], init: Any = ..., /) -> mmut_anchor: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_anchor[]"], init: Any = ..., /) -> _Array[mmut_anchor]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_times *"], init: Any = ..., /) -> mmut_times: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_times[]"], init: Any = ..., /) -> _Array[mmut_times]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task_counts *"], init: Any = ..., /) -> mmut_task_counts: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_task_counts[]"], init: Any = ..., /) -> _Array[mmut_task_counts]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_retry *"], init: Any = ..., /) -> mmut_retry: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_retry[]"], init: Any = ..., /) -> _Array[mmut_retry]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_rcu_counts *"], init: Any = ..., /) -> mmut_rcu_counts: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_rcu_counts[]"], init: Any = ..., /) -> _Array[mmut_rcu_counts]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_heat *"], init: Any = ..., /) -> mmut_heat: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_heat[]"], init: Any = ..., /) -> _Array[mmut_heat]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_series *"], init: Any = ..., /) -> mmut_series: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_series[]"], init: Any = ..., /) -> _Array[mmut_series]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_yield *"], init: Any = ..., /) -> mmut_yield: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_yield[]"], init: Any = ..., /) -> _Array[mmut_yield]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lockstat *"], init: Any = ..., /) -> mmut_lockstat: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lockstat[]"], init: Any = ..., /) -> _Array[mmut_lockstat]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_site *"], init: Any = ..., /) -> mmut_lock_site: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_site[]"], init: Any = ..., /) -> _Array[mmut_lock_site]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_blame *"], init: Any = ..., /) -> mmut_blame: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_blame[]"], init: Any = ..., /) -> _Array[mmut_blame]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_spread *"], init: Any = ..., /) -> mmut_lock_spread: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_spread[]"], init: Any = ..., /) -> _Array[mmut_lock_spread]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_place *"], init: Any = ..., /) -> mmut_lock_place: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_place[]"], init: Any = ..., /) -> _Array[mmut_lock_place]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_edge *"], init: Any = ..., /) -> mmut_lock_edge: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_lock_edge[]"], init: Any = ..., /) -> _Array[mmut_lock_edge]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_contract *"], init: Any = ..., /) -> mmut_contract: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_contract[]"], init: Any = ..., /) -> _Array[mmut_contract]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight_record *"], init: Any = ..., /) -> mmut_flight_record: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight_record[]"], init: Any = ..., /) -> _Array[mmut_flight_record]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight_piece *"], init: Any = ..., /) -> mmut_flight_piece: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight_piece[]"], init: Any = ..., /) -> _Array[mmut_flight_piece]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight *"], init: Any = ..., /) -> mmut_flight: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_flight[]"], init: Any = ..., /) -> _Array[mmut_flight]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_annotation *"], init: Any = ..., /) -> mmut_annotation: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_annotation[]"], init: Any = ..., /) -> _Array[mmut_annotation]: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_access_place *"], init: Any = ..., /) -> mmut_access_place: ...
    @overload
    def new(self, cdecl: Literal["struct mmut_access_place[]"], init: Any = ..., /) -> _Array[mmut_access_place]: ...
    @overload
    def new(self, cdecl: str, init: Any = ..., /) -> Any: ...
    def addressof(self, cdata: Any, /, *fields: str | int) -> Any: ...
    def buffer(self, cdata: Any, size: int = ..., /) -> Any: ...
    def cast(self, cdecl: str, value: Any, /) -> Any: ...
    def from_buffer(self, cdecl: str, python_buffer: Any, require_writable: bool = ...) -> Any: ...
    def memmove(self, dest: Any, src: Any, n: int) -> None: ...
    def offsetof(self, cdecl: str, field: str | int, /, *fields: str | int) -> int: ...
    def release(self, cdata: Any, /) -> None: ...
    def sizeof(self, cdecl: Any, /) -> int: ...
    def string(self, cdata: Any, maxlen: int = ...) -> bytes: ...
    def typeof(self, cdecl: Any, /) -> Any: ...
    def unpack(self, cdata: Any, length: int) -> Any: ...

ffi: _FFI
lib: _Lib
