# SPDX-License-Identifier: GPL-2.0-only
"""What this machine can and cannot do for the harness, and what an earlier run left behind.

Each check looks at the thing itself (makes a memfd and seals it, maps at a fixed address) rather
than at a version number, because containers and seccomp filters take away what a kernel has.
"""

import ctypes
import errno
import fcntl
import importlib.metadata
import json as json_module
import mmap
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import Exit

Status = Literal["ok", "warn", "fail"]

# Without these no build of the harness runs on this machine; any other failure can be put right.
DECISIVE = frozenset({"platform", "memfd"})

# x86-64 system call numbers and constants that Python's os and mmap modules do not have.
NR_FUTEX = 202
NR_MEMBARRIER = 324
FUTEX_WAKE = 1
MEMBARRIER_CMD_QUERY = 0
MEMBARRIER_CMD_GLOBAL_EXPEDITED = 1 << 1
MAP_FIXED_NOREPLACE = 0x100000

WORKER_NAME_PREFIX = "mmut:"
PACKAGES = ("cffi", "msgspec", "multiprocess", "psutil", "rich", "rich-argparse")
MEMORY_BYTES_MIN = 1 << 30


class Check(msgspec.Struct, frozen=True):
    """One thing looked at; the remedy says what to do about a warn or a fail."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


def ok(name: str, detail: str) -> Check:
    return Check(name, "ok", detail)


def warn(name: str, detail: str, remedy: str) -> Check:
    return Check(name, "warn", detail, remedy)


def fail(name: str, detail: str, remedy: str) -> Check:
    return Check(name, "fail", detail, remedy)


def check_python() -> Check:
    detail = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.version_info < (3, 11) or platform.python_implementation() != "CPython":
        return fail("python", detail, "use CPython 3.11 or later")
    return ok("python", detail)


def check_platform() -> Check:
    detail = f"{platform.system()} {platform.release()} {platform.machine()}"
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return fail("platform", detail, "mmutorture runs on Linux x86-64 only")
    return ok("platform", detail)


def check_core() -> Check:
    try:
        from harness import _core
    except ImportError as error:
        return fail("core", f"harness._core does not load: {error}", "make build")
    identity = _core.ffi.string(_core.lib.mmut_build_id()).decode()
    return ok("core", f"build {identity} at {_core.__file__}")


def check_memfd() -> Check:
    """The arena is one sealed memfd: a size that is fixed for good, under no name."""
    try:
        fd = os.memfd_create("mmut:doctor", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (OSError, AttributeError) as error:
        return fail("memfd", f"memfd_create: {error}", "allow memfd_create (Linux 3.17; seccomp)")
    try:
        os.ftruncate(fd, mmap.PAGESIZE)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        try:
            os.ftruncate(fd, 2 * mmap.PAGESIZE)
        except PermissionError:
            return ok("memfd", "memfd_create, seals hold")
        return fail("memfd", "a sealed memfd could be resized", "use a kernel that honours seals")
    except OSError as error:
        return fail("memfd", f"sealing a memfd: {error}", "allow F_ADD_SEALS (Linux 3.17; seccomp)")
    finally:
        os.close(fd)


def libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.syscall.restype = ctypes.c_long
    return library


def check_fixed_address() -> Check:
    """The arena lies at one address in every process; a second mapping there has to be refused."""
    library = libc()
    length = mmap.PAGESIZE
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    failed = ctypes.c_void_p(-1).value
    address = library.mmap(None, length, mmap.PROT_READ, private, -1, 0)
    if address == failed:
        return fail("fixed-address", os.strerror(ctypes.get_errno()), "free some memory")
    try:
        flags = private | MAP_FIXED_NOREPLACE
        second = library.mmap(address, length, mmap.PROT_READ, flags, -1, 0)
        if second == failed and ctypes.get_errno() == errno.EEXIST:
            return ok("fixed-address", "MAP_FIXED_NOREPLACE honoured")
        if second != failed:
            library.munmap(second, length)
        return fail(
            "fixed-address", "MAP_FIXED_NOREPLACE is not honoured", "use Linux 4.17 or later"
        )
    finally:
        library.munmap(address, length)


def check_futex() -> Check:
    word = ctypes.c_uint32(0)
    if libc().syscall(NR_FUTEX, ctypes.byref(word), FUTEX_WAKE, 1, None, None, 0) != 0:
        return fail("futex", os.strerror(ctypes.get_errno()), "allow the futex system call")
    return ok("futex", "shared futexes work")


def check_membarrier() -> Check:
    commands = libc().syscall(NR_MEMBARRIER, MEMBARRIER_CMD_QUERY, 0, 0)
    if commands < 0:
        return warn(
            "membarrier",
            os.strerror(ctypes.get_errno()),
            "none needed: RCU readers pay for a fence instead",
        )
    if not commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED:
        return warn(
            "membarrier",
            f"no expedited command (0x{commands:x})",
            "none needed: RCU readers pay for a fence instead",
        )
    return ok("membarrier", f"expedited (0x{commands:x})")


def check_affinity() -> Check:
    """Lockstep pins every process to one core and free spreads them."""
    import psutil

    process = psutil.Process()
    try:
        allowed = process.cpu_affinity()
        process.cpu_affinity(allowed)
    except (OSError, psutil.Error) as error:
        return warn("affinity", str(error), "allow sched_setaffinity, or expect noisier figures")
    return ok("affinity", f"may run on {len(allowed)} of {psutil.cpu_count()} CPUs")


def check_cores() -> Check:
    import psutil

    usable = len(os.sched_getaffinity(0))
    physical = psutil.cpu_count(logical=False) or usable
    detail = f"{usable} usable CPUs, {physical} cores"
    if usable < 2:
        return warn("cores", detail, "stress takes turns on one CPU; explore does not mind")
    return ok("cores", detail)


def check_memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    detail = f"{memory.available / 2**30:.1f} GiB of {memory.total / 2**30:.1f} GiB available"
    if memory.available < MEMORY_BYTES_MIN:
        return warn("memory", detail, "large scenarios want 1 GiB")
    return ok("memory", detail)


def check_multiprocess() -> Check:
    try:
        import multiprocess
    except ImportError as error:
        return fail("multiprocess", str(error), "pip install multiprocess")
    methods = multiprocess.get_all_start_methods()
    detail = f"{multiprocess.__version__}, start methods {' '.join(methods)}"
    if "forkserver" not in methods:
        return fail("multiprocess", detail, "use a Python with the forkserver start method")
    return ok("multiprocess", detail)


def check_tool(tool: str, use: str, package: str) -> Check:
    path = shutil.which(tool)
    if path is None:
        return warn(tool, "not found", f"for {use}: Debian package {package}")
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return warn(tool, f"{path}: {error}", f"for {use}: Debian package {package}")
    return ok(tool, done.stdout.strip().partition("\n")[0])


def check_huge_pages() -> Check:
    """Transparent huge pages behind the arena cost nothing but change free-running figures."""
    base = Path("/sys/kernel/mm/transparent_hugepage")
    settings = []
    for name in ("enabled", "shmem_enabled"):
        try:
            words = (base / name).read_text().split()
        except OSError:
            continue
        settings += [f"{name}={w.strip('[]')}" for w in words if w.startswith("[")]
    if not settings:
        return warn("thp", "no setting visible", "none needed: figures are for small pages")
    return ok("thp", " ".join(settings))


def stale_locks(results: Path) -> list[Path]:
    """Lock files of runs that nobody holds any more."""
    stale = []
    for path in sorted([*results.glob("*.lock"), *results.glob("*/*.lock")]):
        try:
            with path.open("rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        stale.append(path)
    return stale


def orphans() -> Iterator[str]:
    """Worker processes that outlived their supervisor."""
    import psutil

    for process in psutil.process_iter(["name", "pid", "ppid"]):
        name, parent = process.info["name"] or "", process.info["ppid"]
        if name.startswith(WORKER_NAME_PREFIX) and parent == 1:
            yield f"{name} ({process.info['pid']})"


def check_leftovers(results: Path) -> Check:
    locks = [str(path) for path in stale_locks(results)]
    processes = list(orphans())
    remedies = []
    if processes:
        remedies.append("kill these processes")
    if locks:
        remedies.append("remove these files")
    if remedies:
        return warn("leftovers", ", ".join(processes + locks), " and ".join(remedies))
    return ok("leftovers", f"no orphaned workers, no stale locks in {results}/")


def check_packages() -> Check:
    versions, missing = [], []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return fail("packages", f"missing: {' '.join(missing)}", f"pip install {' '.join(missing)}")
    return ok("packages", ", ".join(versions))


def doctor(results: Path = Path("results")) -> list[Check]:
    """Every check, in the order to read them.  None of them changes the machine or raises."""
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("platform", check_platform),
        ("python", check_python),
        ("packages", check_packages),
        ("core", check_core),
        ("memfd", check_memfd),
        ("fixed-address", check_fixed_address),
        ("futex", check_futex),
        ("membarrier", check_membarrier),
        ("affinity", check_affinity),
        ("cores", check_cores),
        ("memory", check_memory),
        ("multiprocess", check_multiprocess),
        ("thp", check_huge_pages),
        ("gdb", lambda: check_tool("gdb", "reproduce --gdb", "gdb")),
        ("perf", lambda: check_tool("perf", "profiles of the core", "linux-perf")),
        ("clang", lambda: check_tool("clang", "static analysis of the core", "clang")),
        ("leftovers", lambda: check_leftovers(results)),
    ]
    return [guarded(name, check) for name, check in checks]


def guarded(name: str, check: Callable[[], Check]) -> Check:
    """A check that itself breaks is a failed check, and the rest still run."""
    try:
        return check()
    except Exception as error:
        return fail(name, f"{type(error).__name__}: {error}", "report this as a defect of doctor")


def exit_code(checks: list[Check]) -> Exit:
    failed = {check.name for check in checks if check.status == "fail"}
    if failed & DECISIVE:
        return Exit.SKIPPED
    return Exit.HARNESS if failed else Exit.PASS


def render(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("check", "status"):
        table.add_column(column, no_wrap=True)
    table.add_column("detail", overflow="fold")
    for check in checks:
        detail = check.detail + (f"\n{check.remedy}" if check.remedy else "")
        table.add_row(check.name, Text(check.status, style=colours[check.status]), Text(detail))
    Console().print(table)


def run(json: bool, quiet: bool, results: Path = Path("results")) -> int:
    """Print the checks on stdout; quiet prints only what is not ok.  Returns the exit code."""
    checks = doctor(results)
    code = exit_code(checks)
    if json:
        print(json_module.dumps({"doctor": msgspec.to_builtins(checks), "ok": code == Exit.PASS}))
        return code
    shown = [check for check in checks if check.status != "ok"] if quiet else checks
    if shown:
        render(shown)
    return code
