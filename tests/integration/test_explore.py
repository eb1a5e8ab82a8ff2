# SPDX-License-Identifier: GPL-2.0-only
"""explore, reproduce, list and show, as a user runs them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from tests.conftest import PATIENCE, wait_until  # noqa: E402

# PCT's plans are short enough for the token.
RACE = ("--bug", "A06", "--seed", "1", "--schedules", "1000")
BUG = ("--bug", "A04", "--strategy", "pct", "--seed", "1", "--schedules", "1000")


def test_json_is_one_object(mmutorture: Callable) -> None:
    done = mmutorture("explore", "same-gfn", "--schedules", "50", "--seed", "7", "--json")
    assert (done.code, done.err) == (0, "")
    document = done.json
    assert document["schedules"] == 50 and document["complete"] is True
    assert document["schedule_points"] > 50 and document["switches"] > 0
    assert 0 < document["distinct"] <= 50
    assert int(document["digest"], 16) > 0 and document["seed"] == "0x0000000000000007"
    assert document["violations"] == 0 and document["failures"] == []


def test_a_budget_without_schedules(mmutorture: Callable) -> None:
    # What a budget promises is to be used and to end the run; how late depends on the machine.
    document = mmutorture("explore", "same-gfn", "--budget", "0.5s", "--json").json
    assert document["elapsed_s"] >= 0.5
    assert document["schedules"] > 0 and document["complete"] is False


def test_the_seed_is_said_first_and_last(mmutorture: Callable) -> None:
    lines = mmutorture("explore", "same-gfn", "--schedules", "5").out.splitlines()
    seed = lines[0].split()[1]
    assert lines[0].startswith("seed 0x") and lines[-1].endswith(f"seed {seed}")


def test_many_scenarios_are_a_table(mmutorture: Callable) -> None:
    done = mmutorture("explore", "same-gfn", "two-writers", "--schedules", "5", "--seed", "1")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "seed 0x0000000000000001  strategy mix"
    head, one, other, verdict, results = lines[1:]
    assert head.split()[:3] == ["scenario", "schedules", "distinct"] and head.endswith("result")
    assert one.split()[:2] == ["same-gfn", "5"] and one.endswith("  ok")
    # Figures end where the names of their columns end.
    column = head.index("schedules") + len("schedules")
    assert one[column - 1] == other[column - 1] == "5"
    assert verdict == "2 scenarios: no oracle was violated" and results.startswith("results ")
    assert mmutorture("explore", "same-gfn", "--schedules", "5", "--quiet").out == ""


def test_of_many_failures_the_commands_come_last(mmutorture: Callable) -> None:
    options = ("--bug", "A06", "--seed", "1", "--schedules", "200", "--no-minimise")
    for more in ((), ("--quiet",)):
        done = mmutorture("explore", "zap-vs-fault", "two-vmms", *options, *more)
        last = [line.split() for line in done.out.splitlines()[-2:]]
        assert done.code == 1
        assert [row[0] for row in last] == ["zap-vs-fault", "two-vmms"]
        assert all(row[2:4] == ["mmutorture", "reproduce"] for row in last)
        assert mmutorture("reproduce", last[0][4]).code == 1


def test_the_head_line_and_the_failure_name_the_strategy(mmutorture: Callable) -> None:
    litmus = Path(__file__).parents[2] / "examples" / "litmus" / "SB+poonceonces.litmus"
    out = mmutorture("explore", str(litmus), "--seed", "1").out
    assert out.splitlines()[0] == "seed 0x0000000000000001  strategy dpor"
    out = mmutorture("explore", *RACE, "--no-minimise").out
    assert out.splitlines()[0].endswith("  strategy mix")
    found = re.search(r"  strategy mix: ([a-z]+\d*)  schedule \d+: ", out)
    assert found and found[1] in ("random", "sticky", "pos", "urw", "surw", "rff", "pct2", "pct3")


def test_a_failure_and_its_reproduction(mmutorture: Callable, tmp_path: Path) -> None:
    done = mmutorture("explore", *BUG)
    assert done.code == 1
    block = done.out[done.out.index("\nflush-debt: ") :]
    lines = block.rstrip().splitlines()
    assert lines[-2].strip().startswith("token      mt2:notifier-vs-fault,bug=A04:")
    assert re.match(r" +minimal +mt2:notifier-vs-fault,bug=A04,(\S+,)?ops\.", lines[-3])
    size = r" forced switch(?:es)?( and \d+ other choices?)? \(from \d+( and \d+)?\)"
    assert re.search(size + r" in \d+ schedule points$", lines[-4])
    command = lines[-1].split()
    assert command[:3] == ["reproduce", "mmutorture", "reproduce"]
    assert "before  R W X" in block and "holds mmu_lock (write)" in block
    directory = tmp_path / command[3]
    for name in ("failure.json", "scenario.toml", "events.txt", "race.txt", "plan.json"):
        assert (directory / name).stat().st_size > 0
    token = (directory / "token.txt").read_text().strip()
    assert token == lines[-2].split()[1]
    digests = set()
    for target, options in (
        (str(directory), ("--in", "explore")),
        (str(directory), ("--in", "lockstep")),
        (str(directory), ("--by", "plan")),
        (str(directory), ("--by", "plan", "--in", "lockstep")),
        (token, ("--in", "explore")),
        (token, ("--in", "lockstep", "--by", "plan")),
    ):
        replay = mmutorture("reproduce", target, *options, "--repeat", "5", "--json")
        assert replay.code == 1, replay.err
        document = replay.json
        assert (document["verdict"], document["reproduced"], document["repeats"]) == (
            *("reproduced", 5, 5),
        )
        digests.add(document["digest"])
    assert len(digests) == 1
    assert "reproduced 3 of 3\n" in mmutorture("reproduce", token, "--repeat", "3").out


def test_the_minimal_failure_is_one_of_its_own(mmutorture: Callable, tmp_path: Path) -> None:
    failure = mmutorture("explore", *RACE, "--json").json["failures"][0]
    minimal = failure["minimal"]
    assert minimal["forced_switches"] < minimal["minimised_from"]
    directory = tmp_path / failure["directory"] / "minimal"
    digests = set()
    for target in (minimal["token"], str(directory)):
        for execution in ("explore", "lockstep"):
            replay = mmutorture("reproduce", target, "--in", execution, "--json")
            assert replay.code == 1, replay.err
            digests.add(replay.json["digest"])
    assert len(digests) == 1
    again = mmutorture("minimise", failure["token"], "--budget", "600s", "--json")
    assert again.code == 1 and 1 <= again.json["minimal"]["forced_switches"] <= 2
    # What the bug is: the fault misses that its root is gone.
    assert sum("mmu_lock" in text for text in again.json["minimal"]["flip"]) == 2
    assert "-- preempted before " in again.json["table"] and "(the plan)" in again.json["table"]
    (directory / "failure.json").unlink()
    again = mmutorture("minimise", failure["directory"], "--budget", "600s")
    assert again.code == 1 and (directory / "failure.json").exists()
    plain = mmutorture("explore", *RACE, "--no-minimise")
    assert "minimal  " not in plain.out and re.search(r" forced switch(es)? in", plain.out)


def test_a_long_plan_is_in_the_directory(mmutorture: Callable) -> None:
    options = ("--strategy", "random", "--seed", "1", "--schedules", "1000", "--json")
    failure = mmutorture("explore", "--bug", "A04", *options).json["failures"][0]
    by_token = mmutorture("reproduce", failure["token"], "--by", "plan")
    assert by_token.code == 2 and "carries no plan" in by_token.err
    assert mmutorture("reproduce", failure["directory"], "--by", "plan").code == 1


def test_results(mmutorture: Callable, tmp_path: Path) -> None:
    mmutorture("explore", *BUG, "--json")
    run = tmp_path / "results" / "latest"
    assert run.is_symlink() and run.is_dir()
    document = json.loads((run / "run.json").read_text())
    assert document["schema"] == 1 and document["command"] == "explore"
    assert (run / "testid.txt").exists() and (run / "env.json").exists()
    ktap = (run / "run.ktap").read_text().splitlines()
    assert ktap[:2] == ["KTAP version 1", "1..1"] and ktap[-1] == "not ok 1 notifier-vs-fault"
    assert any("mmutorture reproduce" in line for line in ktap)
    assert "schedule points" in (run / "notifier-vs-fault" / "lock_stat.txt").read_text()
    shown = mmutorture("show")
    assert shown.code == 0 and "flush-debt: " in shown.out
    table = mmutorture("locks", "latest", "--format", "lock_stat")
    assert table.out.startswith("lock_stat version 0.4\n") and "mmu_lock-W:" in table.out
    assert mmutorture("show", run.resolve().name, "--json").json["exit_code"] == 1
    missing = mmutorture("show", "2020.01.01-00.00.00")
    assert missing.code == 2 and "is not a run" in missing.err


def test_tokens_of_another_build_or_scenario(mmutorture: Callable) -> None:
    from dataclasses import replace

    from harness.core.token import format_token, parse_token

    token = parse_token(mmutorture("explore", *BUG, "--json").json["failures"][0]["token"])
    other_build = format_token(replace(token, build="00000000"))
    refused = mmutorture("reproduce", other_build, "--json")
    assert refused.code == 2 and refused.json["verdict"] == "refused"
    assert "it was made by build 00000000" in refused.json["detail"]
    forced = mmutorture("reproduce", other_build, "--force", "--json")
    assert forced.code == 1 and forced.json["verdict"] == "reproduced"
    other_scenario = format_token(replace(token, scenario_hash="00000000"))
    assert mmutorture("reproduce", other_scenario, "--json").json["verdict"] == "refused"
    elsewhere = format_token(replace(token, iteration=token.iteration + 1, plan=()))
    assert mmutorture("reproduce", elsewhere, "--json").code in (1, 3)


def test_a_bug_that_is_not_found(mmutorture: Callable) -> None:
    done = mmutorture("explore", "same-gfn", "--bug", "A05", "--schedules", "20")
    assert done.code == 3 and "no oracle was violated although A05 was on" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explore",), "which scenario?"),
        (("explore", "fault-strom"), "did you mean 'fault-storm'"),
        (("explore", "same-gfn", "--bug", "A99"), "no bug is named 'A99'"),
        (("explore", "same-gfn", "--strategy", "pcd"), "did you mean 'pct'"),
        (("explore", "same-gfn", "--without", "lokdep"), "did you mean 'lockdep'"),
        (("explore", "same-gfn", "--vcpus", "0"), "0 is impossible; allowed: 1 to 24"),
        (("explore", "same-gfn", "--vcpus", "x"), "a string stands here; allowed: a number"),
        (("explore", "same-gfn", "--set", "nonsense"), "write --set key.path=value"),
        (("explore", "same-gfn", "--seed", "zz"), "which is not a number"),
        (("explore", "same-gfn", "--budget", "1y"), "is not a duration"),
        (("explore", "same-gfn", "--schedules", "0"), "--schedules is 0"),
        (("explore", "same-gfn", "--jobs", "0"), "--jobs is 0"),
        (("explore", "same-gfn", "--depth", "2"), "--depth is for --strategy pct"),
        (("explore", "same-gfn", "--memory", "pso"), "invalid choice: 'pso'"),
        (("explore", "same-gfn", "--frobnicate"), "unrecognized arguments: --frobnicate"),
        (("explore", "same-gfn", "--set", "vm.tdp-mmu=false", "--schedules", "1"), "no shadow MMU"),
        (("stress", "two-writers", "--duration", "1s"), "is a litmus"),
        (("stress", "same-gfn", "--bug", "A04", "--checks", "off"), "needs --checks on"),
        (("reproduce", "nonsense"), "is neither a failure directory nor a token"),
        (("reproduce", "mt9:x"), "its format is 'mt9'"),
        (("reproduce", "mt2:same-gfn:1:2"), "was it cut off?"),
        (("frobnicate",), "invalid choice: 'frobnicate'"),
        (("locks", "nowhere"), "is not a run"),
    ],
)
def test_usage_errors_are_one_line(
    mmutorture: Callable, arguments: tuple[str, ...], says: str
) -> None:
    done = mmutorture(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("mmutorture: ") and done.err.count("\n") == 1
    assert says in done.err


def test_jobs_do_not_change_what_is_found(mmutorture: Callable) -> None:
    fields = ("schedules", "schedule_points", "switches", "digest", "violations", "complete")
    seen = ("distinct", "classes", "samples", "classes_sampled", "classes_once", "classes_twice")
    found = []
    for jobs in ("1", "2", "3"):
        options = ("--schedules", "4000", "--seed", "3", "--jobs", jobs, "--json")
        document = mmutorture("explore", "two-writers", *options).json
        found.append({field: document[field] for field in fields} | {"o": document["outcomes"]})
        found[-1] |= {field: document["scenarios"][0][field] for field in seen}
    assert found[0]["schedules"] == 4000
    assert found[0] == found[1] == found[2]


def test_jobs_agree_on_the_failure(mmutorture: Callable) -> None:
    found = []
    for jobs in ("1", "2"):
        options = ("--bug", "A01", "--seed", "3", "--schedules", "20000", "--jobs", jobs, "--json")
        document = mmutorture("explore", *options).json
        found.append((document["schedules"], document["digest"], document["failures"][0]["token"]))
    assert found[0] == found[1]


def first_of(running: Path) -> int:
    """The execution from which on one is going; -1: none has begun."""
    from harness.core.token import parse_token

    try:
        return parse_token(running.read_text().rpartition(" ")[2]).iteration
    except FileNotFoundError:
        return -1


def test_interrupted_exploration_keeps_its_results(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = started("explore", "same-gfn", "--budget", "600s", "--json")
    # The first block of executions is over when the file tells of the second.
    assert wait_until(lambda: first_of(tmp_path / "results/latest/running.txt") > 0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    document = json.loads(out)
    assert process.returncode == 130 and document["schedules"] > 0
    assert json.loads((tmp_path / "results/latest/run.json").read_text())["exit_code"] == 130


def test_lists(mmutorture: Callable) -> None:
    bugs = mmutorture("list", "bugs", "--json").json["bugs"]
    assert {"name", "commit", "scenario", "profile", "oracles", "depth"} <= set(bugs[0])
    scenarios = [row["name"] for row in mmutorture("list", "scenarios", "--json").json["scenarios"]]
    assert {bug["scenario"] for bug in bugs} <= set(scenarios)
    oracles = [row["name"] for row in mmutorture("list", "oracles", "--json").json["oracles"]]
    assert {oracle for bug in bugs for oracle in bug["oracles"]} <= set(oracles)
    strategies = mmutorture("list", "strategies", "--json").json["strategies"]
    assert {"random", "pct", "replay"} <= {row["name"] for row in strategies}
    schema = json.loads(mmutorture("list", "scenarios", "--schema").out)
    assert "$defs" in schema and "Task" in schema["$defs"]


def test_a_litmus_is_exhausted(mmutorture: Callable) -> None:
    """Every class of schedules once: the count is the same whatever the seed."""
    seen = []
    for seed in ("1", "2"):
        done = mmutorture(
            *("explore", "two-writers", "--strategy", "dpor", "--budget", "600s"),
            *("--seed", seed, "--json"),
        )
        assert done.code == 0, done.err
        document = done.json
        assert document["exhausted"] and document["complete"]
        seen.append(document["scenarios"][0]["classes"])
        assert document["schedules"] == seen[-1]
    assert seen[0] == seen[1] > 1000


COUNTS = Path(__file__).parents[2] / "examples" / "counts.py"


def test_a_search_by_several_processes(mmutorture: Callable) -> None:
    """The same deadlock, in the same words, whoever looks for it."""
    found = []
    for jobs in ("1", "2"):
        options = ("--strategy", "dpor", "--seed", "1", "--jobs", jobs, "--no-minimise", "--json")
        options += ("--budget", "600s")
        done = mmutorture("explore", f"{COUNTS}::philosophers", *options)
        assert done.code == 6, done.err  # a deadlock
        document = done.json
        found.append((document["digest"], document["schedules"], document["failures"][0]["token"]))
    assert found[0] == found[1]


def test_a_search_under_lkmm_by_several_processes(mmutorture: Callable) -> None:
    """An execution of the model is counted once, whoever comes upon it."""
    found = []
    for jobs in ("1", "2"):
        options = ("--strategy", "dpor", "--memory", "lkmm", "--jobs", jobs, "--json")
        done = mmutorture("explore", f"{COUNTS}::sb", *options, "--budget", "600s")
        assert done.code == 0, done.err
        document = done.json
        assert document["exhausted"]
        classes = document["scenarios"][0]["classes"]
        found.append((document["digest"], document["schedules"], classes))
    assert found[0] == found[1]
    assert classes == 4


def test_every_execution_twice(mmutorture: Callable) -> None:
    options = ("same-gfn", "--schedules", "60", "--seed", "7", "--json")
    twice = mmutorture("explore", *options, "--check-determinism").json
    once = mmutorture("explore", *options).json
    for key in ("schedules", "schedule_points", "switches", "digest"):
        assert twice[key] == once[key]
    assert twice["scenarios"][0]["totals"] == once["scenarios"][0]["totals"]


NOT_A_FUNCTION = {
    "a clock": ("WRITE_ONCE(S->x, __builtin_ia32_rdtsc());", "a clock, an address"),
    "an address in a hash": (
        "if ((u64)malloc(24) >> 5 & 1) WRITE_ONCE(S->x, 1); else (void)READ_ONCE(S->x);",
        "what chose it is no function of the schedule",
    ),
}


@pytest.mark.parametrize("what", NOT_A_FUNCTION)
def test_what_is_no_function_of_the_schedule_is_named(
    mmutorture: Callable, tmp_path: Path, what: str
) -> None:
    """By the step, and by the line of the program, whatever came before it."""
    statement, cause = NOT_A_FUNCTION[what]
    text = f"""#include <mmutorture.h>
#include <stdlib.h>
STATE {{ SHARED(u64) x, y; }};
TASK(one)
{{
	WRITE_ONCE(S->y, 1);
	{statement}
}}
TASK(two) {{ (void)READ_ONCE(S->y); }}
"""
    program = tmp_path / "planted.c"
    program.write_text(text, encoding="utf-8")
    done = mmutorture("explore", str(program), "--schedules", "10", "--check-determinism")
    assert done.code == 5
    found = re.search(r"is not deterministic: the \d+.. event, step (\d+), differs:", done.err)
    assert found is not None and 2 <= int(found[1]) <= 3, done.err
    once, again = re.findall(r"^    (?:once|again) +one planted\.c:(\d+) one\(\) ", done.err, re.M)
    assert once == again == "7" and cause in done.err


def test_where_a_run_is_can_be_told_while_it_runs(
    started: Callable[..., subprocess.Popen[str]], mmutorture: Callable, tmp_path: Path
) -> None:
    from harness.core.token import parse_token

    process = started("explore", "same-gfn", "--budget", "600s", "--seed", "3")
    running = tmp_path / "results/latest/running.txt"
    assert wait_until(running.exists)
    process.kill()
    process.wait()
    token = parse_token(running.read_text().rpartition(" ")[2])
    assert token.recipe.settings.seed == 3 and token.recipe.spec == "same-gfn"
    shown = mmutorture("show", "latest")
    assert shown.code == 0 and "was cut short" in shown.out and running.read_text() in shown.out
