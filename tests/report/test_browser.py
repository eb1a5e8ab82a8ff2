# SPDX-License-Identifier: GPL-2.0-only
"""The page in a real browser: it renders, the controls work by keyboard too, and nothing gets out.

One headless Chromium for all of the file, without a network, driven through Debian's chromedriver.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.compare import verdict
from harness.compare.runs import read
from harness.report import page, versus
from harness.report.gather import gather
from tests.compare import made_runs as compared
from tests.compare.made_runs import Made
from tests.contention import records
from tests.report import runs

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE_S = 300
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1240,1000"),
)

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="no chromium and chromedriver here (Debian packages chromium, chromium-driver)",
    ),
    pytest.mark.xdist_group("browser"),
]


@dataclass
class Browser:
    """A driver, and where the pages are."""

    driver: Any
    pages: dict[str, Path]

    def open(self, name: str, fragment: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(self.pages[name].as_uri() + fragment)
        # With a fragment the driver may come back before the page is whole.
        assert self.wait("return location.protocol + document.readyState", "file:complete")

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, wanted: Any) -> bool:
        """Until the script says so: an event comes after what caused it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return bool(
            WebDriverWait(self.driver, PATIENCE_S).until(lambda _: self.js(script) == wanted)
        )

    def keys(self, *keys: str) -> None:
        """To whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def focus(self, selector: str) -> None:
        self.js("document.querySelector(arguments[0]).focus()", selector)

    def column(self, title: str, index: int) -> list[str]:
        """What is to be seen of a column of the shown scenario's table of that title."""
        return self.js(
            """const table = [...document.querySelectorAll('article.chosen .table')]
                .find((each) => each.querySelector('h4')?.textContent === arguments[0]);
            return [...table.querySelectorAll('tbody tr')]
                .filter((row) => row.offsetParent !== null)
                .map((row) => row.cells[arguments[1]].textContent);""",
            title,
            index,
        )

    def background(self) -> str:
        return self.js("return getComputedStyle(document.body).backgroundColor")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def emulate(self, **features: str) -> None:
        listed = [{"name": key.replace("_", "-"), "value": v} for key, v in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": listed})


def made(root: Path) -> dict[str, Path]:
    """The pages that the tests look at."""
    many = runs.run(root / "many", {"big": records.big(events=4000), "small": records.small()})
    runs.recorded(many / "big")
    failed = runs.run(root / "failed", {"planted": runs.planted()}, code=1)
    runs.fail(failed / "planted")
    evil = runs.run(root / "evil", {"a": runs.hostile(records.big(events=2000))}, code=1)
    for number, text in enumerate(runs.EVIL, 1):
        runs.fail(evil / "a", text, number, oracle=text, token=text, site=text)
    runs.recorded(evil / "a")
    pair = [compared.write(root / side, Made(seed=n)) for n, side in enumerate("ab")]
    found = {"pair": root / "pair.html"}
    comparison = verdict.compare(*map(read, pair))
    found["pair"].write_text(versus.of_comparison(comparison), encoding="utf-8")
    for path in (many, failed, evil):
        found[path.name] = path / "report.html"
        found[path.name].write_text(page.of_run(gather(path)), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    root = tmp_path_factory.mktemp("browser")
    profile = root / "profile"
    profile.mkdir()
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # What the browser leaves behind elsewhere is left in the profile, and goes with it.
    environment = os.environ | {"TMPDIR": str(profile), "HOME": str(profile)}
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER), env=environment))
    try:
        yield Browser(driver, made(root))
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


def test_it_renders(browser: Browser) -> None:
    browser.open("many")
    assert browser.js("return document.querySelector('article.chosen h2').innerText").startswith(
        "big"
    )
    sizes = browser.js(
        """return [...document.querySelectorAll('article.chosen svg')].map((svg) => {
            const box = svg.getBoundingClientRect();
            return [box.width, box.height, svg.querySelectorAll('rect, path').length];
        })"""
    )
    assert len(sizes) > 15 and all(w > 50 and h > 10 and n for w, h, n in sizes)
    assert not browser.js("return document.documentElement.scrollWidth > innerWidth")
    assert browser.complaints() == []


def test_texts_of_charts_do_not_overlap_their_edge(browser: Browser) -> None:
    browser.open("many")
    outside = browser.js(
        """return [...document.querySelectorAll('article.chosen svg')].flatMap((svg) => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter((text) => {
                const own = text.getBoundingClientRect();
                return own.left < box.left - 1 || own.right > box.right + 1
                    || own.top < box.top - 1 || own.bottom > box.bottom + 1;
            }).map((text) => text.textContent);
        })"""
    )
    assert outside == []


def test_a_comparison_renders(browser: Browser) -> None:
    browser.open("pair")
    assert browser.js("return document.querySelectorAll('article.chosen svg').length") > 20
    assert browser.js("return document.querySelector('.verdict h2').textContent") != ""
    assert browser.js("return document.getElementById('filter-task').parentNode.hidden")
    assert not browser.js("return document.documentElement.scrollWidth > innerWidth")
    assert browser.complaints() == []


def test_nothing_is_fetched(browser: Browser) -> None:
    for name in browser.pages:
        browser.open(name)
        assert browser.js("return performance.getEntriesByType('resource').length") == 0
        assert browser.complaints() == []


def test_scenarios_are_chosen(browser: Browser) -> None:
    browser.open("many")
    shown = (
        "return [...document.querySelectorAll('article')]"
        ".filter((each) => each.offsetParent).map((each) => each.id)"
    )
    assert browser.js(shown) == ["s1"]
    browser.focus("#chooser")
    browser.keys("s")
    assert browser.js(shown) == ["s2"]
    assert browser.js("return location.hash") == "#s2"
    browser.open("many", "#s2-sites")
    assert browser.js(shown) == ["s2"]
    assert (
        browser.js("return document.getElementById('s2-sites').getBoundingClientRect().top") < 200
    )
    browser.js("document.querySelector('#overview a[href=\"#s1\"]').click()")
    assert browser.wait(shown, ["s1"])
    assert browser.complaints() == []


def test_filters_by_keyboard(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("many", "#s2")
    every = browser.column("Who is waited for", 0)
    assert len(every) == 5
    browser.focus("#filter-site")
    browser.keys("zap_all")
    assert browser.column("Who is waited for", 0) == ["kvm_mmu_zap_all_fast"]
    assert "hidden" in browser.js("return document.getElementById('filter-said').textContent")
    browser.keys(Keys.TAB, Keys.ENTER)  # the next control is "show all"
    assert browser.column("Who is waited for", 0) == every
    browser.focus("#filter-lock")
    browser.keys("s")
    assert browser.js("return document.getElementById('filter-lock').value") == "slots_lock"
    assert browser.column("Who is waited for", 0) == ["kvm_set_memory_region"]
    browser.keys(Keys.HOME)
    browser.focus("#filter-task")
    browser.keys("vm")
    assert browser.column("Tasks", 0) == ["vmm"]
    assert {"vmm"} <= set(browser.column("Pairs", 1)) | set(browser.column("Pairs", 3))
    assert len(browser.column("Who is waited for", 0)) == 5  # is of no task
    assert browser.complaints() == []


def test_a_filter_finds_what_was_folded(browser: Browser) -> None:
    browser.open("many", "#s1")
    before = browser.column("Who is waited for", 0)
    assert len(before) == 12
    hidden = browser.js(
        "return document.querySelectorAll('#s1 .sites tbody tr')[40].cells[0].textContent"
    )
    assert hidden not in before
    browser.focus("#filter-site")
    browser.keys(hidden)
    assert hidden in browser.column("Who is waited for", 0)


def test_tables_are_sorted_and_unfolded_by_keyboard(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("many", "#s1")
    buttons = "#s1 .sites .table thead th:nth-child({}) button"
    number = lambda text: float(text.replace(",", ""))  # noqa: E731
    for _ in range(2):
        browser.focus(buttons.format(8))
        browser.keys(Keys.ENTER)
    values = [number(text) for text in browser.column("Who is waited for", 7)]
    assert values == sorted(values)
    browser.keys(Keys.SPACE)
    values = [number(text) for text in browser.column("Who is waited for", 7)]
    assert values == sorted(values, reverse=True)
    browser.focus(buttons.format(1))
    browser.keys(Keys.ENTER)
    names = browser.column("Who is waited for", 0)
    assert names == sorted(names)
    browser.focus("#s1 .sites .unfold")
    browser.keys(Keys.ENTER)
    assert len(browser.column("Who is waited for", 0)) == 100
    browser.keys(Keys.ENTER)
    assert len(browser.column("Who is waited for", 0)) == 12


def test_times_are_sorted_by_what_they_are(browser: Browser) -> None:
    """Not by their text: 1.2 ms is more than 800 us."""
    browser.open("many", "#s1")
    rows = browser.js(
        """document.querySelector('#s1 .sites th[aria-sort] button').click();
        return [...document.querySelectorAll('#s1 .sites .table:first-child tbody tr')]
            .map((row) => [Number(row.cells[4].dataset.v), row.cells[4].textContent]);"""
    )
    values = [value for value, _ in rows]
    assert values == sorted(values) and len({text.split()[-1] for _, text in rows}) > 1


def test_tooltips_by_keyboard_and_pointer(browser: Browser) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.open("many", "#s1")
    tip = "const tip = document.getElementById('tip'); return tip.hidden ? null : tip.textContent"
    assert browser.js(tip) is None
    browser.focus("#s1 .over-time svg")
    browser.keys(Keys.ARROW_RIGHT)
    first = browser.js(tip)
    assert first.startswith("from 0 ns") and "faults" in first
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert browser.js(tip).startswith("from 2.000 ms")
    browser.keys(Keys.END)
    assert browser.js(tip).startswith("from 119.0 ms")
    browser.keys(Keys.ESCAPE)
    assert browser.js(tip) is None
    mark = browser.driver.find_elements("css selector", "#s1 .heat .mark")[200]
    browser.js("arguments[0].scrollIntoView({block: 'center'})", mark)
    ActionChains(browser.driver).move_to_element(mark).perform()
    shown = "const tip = document.getElementById('tip'); return !tip.hidden && tip.textContent"
    assert browser.wait(f"{shown}.startsWith('gfn 0x')", True)
    browser.js("dispatchEvent(new Event('scroll'))")
    assert browser.wait(f"{shown}.startsWith('gfn 0x')", True)
    box = browser.js(
        "const box = document.getElementById('tip').getBoundingClientRect();"
        "return [box.left, box.right]"
    )
    assert box[0] >= 0 and box[1] <= 1240


def test_light_and_dark(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    light, dark = "rgb(255, 255, 255)", "rgb(21, 24, 28)"
    browser.emulate(prefers_color_scheme="light")
    browser.open("many")
    assert browser.background() == light
    browser.emulate(prefers_color_scheme="dark")
    assert browser.background() == dark
    browser.focus("#theme")
    browser.keys(Keys.ENTER)
    assert browser.background() == light
    browser.keys(Keys.ENTER)
    assert browser.background() == dark
    browser.emulate()


def test_a_failure_is_what_is_seen_first(browser: Browser) -> None:
    browser.open("failed")
    tops = browser.js(
        "return ['.verdict', '.failure .message', '.failure .command'].map("
        "(name) => document.querySelector(name).getBoundingClientRect().bottom)"
    )
    assert tops[1] < 250 and tops[2] < 350
    assert browser.column("Who is waited for", 0)[0] == runs.SITE
    browser.js("document.querySelector('.copy').click()")
    assert "mmutorture reproduce" in browser.js("return getSelection().toString()")
    assert browser.complaints() == []


def test_hostile_strings_do_nothing(browser: Browser) -> None:
    browser.open("evil")
    browser.focus("#s1 .over-time svg")
    for selector in ("#filter-lock", "#filter-task"):
        options = browser.js(
            "return [...document.querySelector(arguments[0]).options].map((o) => o.value)", selector
        )
        assert len(options) > 2
        browser.js(
            "const select = document.querySelector(arguments[0]); select.selectedIndex = 1;"
            "select.dispatchEvent(new Event('input'))",
            selector,
        )
    browser.js(
        "for (const mark of document.querySelectorAll('.mark'))"
        "mark.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))"
    )
    browser.js("for (const b of document.querySelectorAll('button')) b.click()")
    assert browser.driver.title == "evil - mmutorture"
    assert browser.js("return document.images.length + document.scripts.length") == 2
    assert runs.EVIL[0] in browser.js(
        "return document.querySelector('.failure .message').textContent"
    )
    assert browser.complaints() == []


def test_an_injected_script_would_not_run(browser: Browser) -> None:
    """The policy is there for the day on which the escaping fails."""
    path = browser.pages["failed"].with_name("injected.html")
    text = browser.pages["failed"].read_text(encoding="utf-8")
    owned = "document.title='owned'"
    evil = f'<script>{owned}</script><img src="http://127.0.0.1:9/x" onerror="{owned}">'
    path.write_text(text.replace("<main>", f"<main>{evil}"), encoding="utf-8")
    browser.pages["injected"] = path
    browser.open("injected")
    assert browser.driver.title == "failed - mmutorture"
    assert len([text for text in browser.complaints() if "Content Security Policy" in text]) >= 2
    del browser.pages["injected"]


def test_narrow_and_printed(browser: Browser) -> None:
    browser.driver.set_window_size(420, 900)
    try:
        browser.open("many")
        wide = browser.js(
            """return [...document.querySelectorAll('article.chosen > *, #overview, header, #bar')]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.id)"""
        )
        assert wide == []
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        seen = "return getComputedStyle(document.querySelector(arguments[0])).display"
        assert browser.js(seen, "#bar") == "none" and browser.js(seen, "#verdict") == "block"
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.driver.set_window_size(1240, 1000)
