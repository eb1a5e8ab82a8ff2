# SPDX-License-Identifier: GPL-2.0-only
"""Litmus tests in the kernel memory model's own format (herd7's C), compiled to flat programs.

J. Alglave, L. Maranget, P. McKenney, A. Parri, A. Stern, "Frightening small children and
disconcerting grown-ups: concurrency in the Linux kernel", ASPLOS 2018.
"""
