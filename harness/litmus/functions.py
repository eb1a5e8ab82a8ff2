# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's primitives as instructions: what linux-kernel.def of the memory model declares."""

import difflib
import re
from collections.abc import Callable

from harness.program.expression import Constant, Expression, Register, Word
from harness.program.task import Task

ORDERED = re.compile(r"(?P<name>\w+?)(?:_(?P<order>relaxed|acquire|release))?")
ATOMIC = re.compile(
    r"(?:atomic(?:64|_long)?)_(?P<fetch>fetch_)?(?P<op>add|sub|inc|dec|and|or|xor|andnot)"
    r"(?P<result>_return|_and_test|_negative)?"
)
FENCES = {
    "smp_mb": "mb", "smp_rmb": "rmb", "smp_wmb": "wmb", "barrier": "barrier",
    "smp_mb__before_atomic": "before-atomic", "smp_mb__after_atomic": "after-atomic",
    "smp_mb__after_spinlock": "after-spinlock",
    "smp_mb__after_unlock_lock": "after-unlock-lock",
    "smp_mb__after_srcu_read_unlock": "after-srcu-unlock",
    "smp_read_barrier_depends": "barrier",  # of older tests: every address dependency has it
    "smp_acquire__after_ctrl_dep": "rmb",
}  # fmt: skip
GRACE = ("synchronize_rcu", "synchronize_rcu_expedited")
ATOMIC_PREFIX = re.compile(r"atomic(?:64|_long)?_(.*)")

# Name, then what each argument is: l a place (READ_ONCE(*x)), p a pointer to one, v a value,
# k a pointer to a lock, s a pointer to an srcu_struct, r a pointer to a local variable.
PLACES = {
    "READ_ONCE": "l", "WRITE_ONCE": "lv", "smp_load_acquire": "p", "smp_store_release": "pv",
    "rcu_dereference": "l", "lockless_dereference": "l",
    "rcu_access_pointer": "l", "rcu_dereference_protected": "lv", "srcu_dereference": "ls",
    "rcu_assign_pointer": "lv", "RCU_INIT_POINTER": "lv", "smp_store_mb": "lv",
    "xchg": "pv", "cmpxchg": "pvv", "try_cmpxchg": "prv", "atomic_try_cmpxchg": "prv",
    "atomic_read": "p", "atomic_set": "pv", "atomic_xchg": "pv", "atomic_cmpxchg": "pvv",
    "atomic_add_unless": "pvv", "atomic_inc_not_zero": "p", "atomic_fetch_add_unless": "pvv",
    "atomic_inc_unless_negative": "p", "atomic_dec_unless_positive": "p",
    "atomic_dec_if_positive": "p", "cpu_relax": "",
    "ASSERT_EXCLUSIVE_WRITER": "l", "ASSERT_EXCLUSIVE_ACCESS": "l",
    "test_bit": "vp", "set_bit": "vp", "clear_bit": "vp", "change_bit": "vp",
    "test_and_set_bit": "vp", "test_and_clear_bit": "vp", "test_and_change_bit": "vp",
    "test_and_set_bit_lock": "vp", "clear_bit_unlock": "vp",
    "spin_lock": "k", "spin_unlock": "k", "spin_trylock": "k", "spin_is_locked": "k",
    "mutex_lock": "k", "mutex_unlock": "k",
    "rcu_read_lock": "", "rcu_read_unlock": "",
    "srcu_read_lock": "s", "srcu_read_unlock": "sv", "srcu_down_read": "s", "srcu_up_read": "sv",
    "synchronize_srcu": "s", "synchronize_srcu_expedited": "s",
}  # fmt: skip
LOCKED_BITS = {  # in pairs of their own, as locks are
    "test_and_set_bit_lock": ("test_and_set_bit", "acquire"),
    "clear_bit_unlock": ("clear_bit", "release"),
}


def base_name(name: str) -> tuple[str, str]:
    """The name without its order, in its atomic_ form, and the order."""
    match = ORDERED.fullmatch(name)
    base, order = (match["name"], match["order"] or "") if match else (name, "")
    if (name in PLACES or name in FENCES) and order:
        return name, ""
    if kind := ATOMIC_PREFIX.fullmatch(base):
        base = f"atomic_{kind[1]}"
    return base, order


def signature(name: str) -> str | None:
    """What the arguments are; None: there is no such function."""
    base, order = base_name(name)
    if base in FENCES or base in GRACE:
        return ""
    if base in PLACES:
        return PLACES[base] if order == "" or takes_order(base) else None
    match = ATOMIC.fullmatch(base)
    if match is None or (match["fetch"] and match["result"]):
        return None
    if order and not (match["fetch"] or match["result"] in ("_return", "_negative")):
        return None
    return "p" if match["op"] in ("inc", "dec") else "vp"


def takes_order(base: str) -> bool:
    return "xchg" in base or base in ("atomic_read", "atomic_set")


def similar(name: str) -> str:
    """A function that there is, for a message."""
    found = difflib.get_close_matches(name, [*PLACES, *FENCES, *GRACE], 1, 0.8)
    return found[0] if found else ""


def fetch_add_unless(
    t: Task, word: Word, by: Expression | int, unless: Callable[[Register], Expression]
) -> Register:
    """The old value, unchanged where `unless` holds of it: that orders nothing, nor by control."""
    saved = t.control()
    found = t.let(t.load(word))
    with t.loop():
        t.break_if(unless(found))
        old = t.let(found)
        t.set(found, t.cmpxchg(word, old, old + by))
        t.break_if(found == old)
    t.join(saved)
    return found


def add_unless(t: Task, word: Word, by: Expression | int, unless: Expression | int) -> Expression:
    """1: it was added; 0: the word was `unless`."""
    return t.let(fetch_add_unless(t, word, by, lambda found: found == unless) != unless)


def try_cmpxchg(t: Task, order: str, word: Word, old: Register, new: Expression) -> Expression:
    """1: replaced; 0: not, and `old` is what was found."""
    wanted = t.let(old)
    found = t.cmpxchg(word, wanted, new, order or "full")
    t.set(old, found)
    return t.let(found == wanted)


def bit(t: Task, name: str, number: object, word: Word) -> Expression | None:
    """test_and_set_bit() and its like."""
    name, order = LOCKED_BITS.get(name, (name, ""))
    if not isinstance(number, Constant) or not 0 <= number.value < 63:
        raise t.wrong(f"{name}(): the number of a bit is a constant from 0 to 62")
    mask = 1 << number.value
    if name == "test_bit":
        return t.let((t.load(word) & mask) != 0)
    tests = name.startswith("test_and_")
    order = order or ("full" if tests else "relaxed")
    match name.removeprefix("test_and_"):
        case "set_bit":
            old = t.fetch_or(word, mask, order)
        case "clear_bit":
            old = t.fetch_and(word, mask ^ -1, order)
        case _:
            old = t.fetch_xor(word, mask, order)
    if tests:
        return t.let((old & mask) != 0)
    t.unwanted()
    return None


def atomic(t: Task, base: str, order: str, args: list[object]) -> Expression | None:
    """atomic_inc(), atomic_fetch_add(), atomic_sub_return(), atomic_dec_and_test(), .."""
    match = ATOMIC.fullmatch(base)
    assert match is not None
    word = args[-1]
    assert isinstance(word, Word)
    by: Expression | int = args[0] if match["op"] not in ("inc", "dec") else 1  # type: ignore[assignment]
    returns = match["fetch"] or match["result"]
    order = order or ("full" if returns else "relaxed")
    op = match["op"]
    if op in ("and", "or", "xor", "andnot"):
        by = by ^ -1 if op == "andnot" else by
        fetch = {"or": t.fetch_or, "xor": t.fetch_xor}.get(op, t.fetch_and)
        old: Expression = fetch(word, by, order)
        if not returns:
            t.unwanted()
            return None
        return old if match["fetch"] else {"or": old | by, "xor": old ^ by}.get(op, old & by)
    change = 0 - by if op in ("sub", "dec") else by
    old = t.fetch_add(word, change, order)
    if not returns:
        t.unwanted()
        return None
    if match["result"] == "_and_test":
        return old + change == 0
    if match["result"] == "_negative":
        return old + change < 0
    return old + change if match["result"] else old


SIMPLE: dict[str, Callable[..., Expression | None]] = {
    "READ_ONCE": lambda t, o, x: t.load(x),
    "WRITE_ONCE": lambda t, o, x, v: t.store(x, v),
    "smp_load_acquire": lambda t, o, x: t.load(x, "acquire"),
    "smp_store_release": lambda t, o, x, v: t.store(x, v, "release"),
    "rcu_dereference": lambda t, o, x: t.load(x),
    "lockless_dereference": lambda t, o, x: t.load(x),
    "rcu_access_pointer": lambda t, o, x: t.load(x),
    "srcu_dereference": lambda t, o, x, s: t.load(x),
    "rcu_dereference_protected": lambda t, o, x, held: t.load(x, "plain"),
    "RCU_INIT_POINTER": lambda t, o, x, v: t.store(x, v),
    "rcu_assign_pointer": lambda t, o, x, v: t.store(x, v, "release"),
    "xchg": lambda t, o, x, v: t.xchg(x, v, o or "full"),
    "cmpxchg": lambda t, o, x, old, new: t.cmpxchg(x, old, new, o or "full"),
    "atomic_read": lambda t, o, x: t.load(x, o or "relaxed"),
    "atomic_set": lambda t, o, x, v: t.store(x, v, o or "relaxed"),
    "atomic_xchg": lambda t, o, x, v: t.xchg(x, v, o or "full"),
    "atomic_cmpxchg": lambda t, o, x, old, new: t.cmpxchg(x, old, new, o or "full"),
    "atomic_add_unless": lambda t, o, x, by, unless: add_unless(t, x, by, unless),
    "atomic_inc_not_zero": lambda t, o, x: add_unless(t, x, 1, 0),
    "atomic_fetch_add_unless": lambda t, o, x, by, unless: fetch_add_unless(
        t, x, by, lambda found: found == unless
    ),
    "atomic_inc_unless_negative": lambda t, o, x: fetch_add_unless(t, x, 1, lambda v: v < 0) >= 0,
    "atomic_dec_unless_positive": lambda t, o, x: fetch_add_unless(t, x, -1, lambda v: v > 0) <= 0,
    "atomic_dec_if_positive": lambda t, o, x: fetch_add_unless(t, x, -1, lambda v: v <= 0) - 1,
    "try_cmpxchg": try_cmpxchg,
    "atomic_try_cmpxchg": try_cmpxchg,
    "cpu_relax": lambda t, o: t.yield_(),
    "ASSERT_EXCLUSIVE_WRITER": lambda t, o, x: t.assert_exclusive_writer(x),
    "ASSERT_EXCLUSIVE_ACCESS": lambda t, o, x: t.assert_exclusive_access(x),
    "spin_lock": lambda t, o, lock: t.lock(lock),
    "spin_unlock": lambda t, o, lock: t.unlock(lock),
    "spin_trylock": lambda t, o, lock: t.trylock(lock),
    "spin_is_locked": lambda t, o, lock: t.is_locked(lock),
    "mutex_lock": lambda t, o, lock: t.lock(lock),
    "mutex_unlock": lambda t, o, lock: t.unlock(lock),
    "rcu_read_lock": lambda t, o: t.rcu_read_lock(),
    "rcu_read_unlock": lambda t, o: t.rcu_read_unlock(),
}


def call(t: Task, name: str, args: list[object]) -> Expression | None:
    """Emit the call; its value, if it has one."""
    base, order = base_name(name)
    if base in FENCES:
        t.fence(FENCES[base])
        return None
    if base in GRACE or base.startswith("synchronize_srcu"):
        t.synchronize_rcu(0 if base in GRACE else args[0])  # type: ignore[arg-type]
        return None
    if base in ("srcu_read_lock", "srcu_down_read"):
        return t.srcu_read_lock(args[0], down=base == "srcu_down_read")  # type: ignore[arg-type]
    if base in ("srcu_read_unlock", "srcu_up_read"):
        t.srcu_read_unlock(args[1], args[0])  # type: ignore[arg-type]
        return None
    if base == "smp_store_mb":
        t.store(args[0], args[1])  # type: ignore[arg-type]
        t.fence()
        return None
    if base.endswith("_bit") or base in LOCKED_BITS:
        return bit(t, base, *args)  # type: ignore[arg-type]
    if base in SIMPLE:
        return SIMPLE[base](t, order, *args)
    return atomic(t, base, order, args)
