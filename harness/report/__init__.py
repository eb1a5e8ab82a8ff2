# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture report``: a run as one HTML file that needs nothing else.

gather.py       what a results directory holds
parts.py        what a page is made of: sections, tables, charts; no HTML
figures.py      numbers as they are shown
drawing.py      SVG, scales and axes
page.py         parts into HTML, through assets/ (jinja2, one stylesheet, one script)
verdict.py ...  one file for each section: a record into parts

All reduction happens here: the page holds a bounded number of rows and points, however long the run
was.  Every number on the page is in a table too, and the script only hides, sorts and points.
"""
