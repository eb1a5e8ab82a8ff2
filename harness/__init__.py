# SPDX-License-Identifier: GPL-2.0-only
"""mmutorture: torture the concurrency protocol of KVM's x86 TDP MMU, and reproduce what breaks."""

__version__ = "0.1.0"
