/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said about a race: see races_report.c. */
#ifndef MMUT_CHECK_RACES_REPORT_H
#define MMUT_CHECK_RACES_REPORT_H

#include "races.h"

/* `ev`, of sort `mine`, has just happened; `a`, of task `other`, did before, and nothing orders the two. */
void race_report(const struct races *r, const struct event *ev, enum race_kind mine, u32 other,
		 const struct race_access *a, enum race_kind theirs);

#endif
