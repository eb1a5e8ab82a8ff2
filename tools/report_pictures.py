#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The pictures of docs/report.md, from a run: tools/report_pictures.py RUN.  Needs Chromium.

docs/report.md names the run of those in the tree.
"""

import base64
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = (  # name, element, theme, height at most
    ("report-top", "body", "light", 1000),
    ("report-sites", "#s1-sites", "dark", 600),
    ("report-windows", "#s1-windows", "light", 330),
)
WIDTH, SCALE = 1280, 0.75
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", f"--window-size={WIDTH},900"),
)


def picture(driver: Any, element: str, theme: str, highest: float) -> bytes:
    driver.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    x, y, width, height = driver.execute_script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [box.left + scrollX, box.top + scrollY, box.width, box.height]",
        element,
    )
    clip = {"x": x, "y": y, "width": width, "height": min(height, highest), "scale": SCALE}
    shot = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    found = driver.execute_cdp_cmd("Page.captureScreenshot", shot)
    return base64.b64decode(found["data"])


def main() -> int:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    page = Path(sys.argv[1]).resolve() / "report.html"
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            driver.get(page.as_uri())
            driver.execute_script("document.getElementById('bar').style.position = 'static'")
            for name, element, theme, highest in PICTURES:
                file = ROOT / "docs" / "img" / f"{name}.png"
                file.write_bytes(picture(driver, element, theme, highest))
                print(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes")
        finally:
            driver.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
