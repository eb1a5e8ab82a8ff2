/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door between Python and the core; the only header that the binding reads.
 *
 * Python fills a `struct mmut_config`, creates a world in a memfd, and hands over whole
 * runs; nothing here is called per operation.  All structs are plain data.
 *
 * A header of native/api declares what the source of its name does.
 */
#ifndef MMUT_API_H
#define MMUT_API_H

#include "api/config.h"
#include "api/flat.h"
#include "api/names.h"
#include "api/world.h"
#include "api/run.h"
#include "api/failure.h"
#include "api/totals.h"
#include "api/outcome.h"
#include "api/classes.h"
#include "api/search.h"
#include "api/trace.h"
#include "api/plan.h"
#include "api/measured.h"
#include "api/lockstat.h"
#include "api/lock_order.h"
#include "api/contracts.h"
#include "api/flight.h"
#include "api/annotation.h"
#include "api/conflicts.h"

#endif
