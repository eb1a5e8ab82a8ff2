/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory-order annotations that executions came by: which of them are needed? */
#ifndef MMUT_API_ANNOTATION_H
#define MMUT_API_ANNOTATION_H

#include <stdint.h>

/* cffi: begin */

/* An annotation that an execution came by, by file and line; a line may have several. */
struct mmut_annotation {
	char file[64], func[48], what[64];
	uint32_t line, op, order;
};
int mmut_annotation_get(uint32_t n, struct mmut_annotation *row);	/* -1 past the last; none under sc */

/* cffi: end */

#endif
