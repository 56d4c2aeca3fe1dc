/* What makes the difference between the two programs: loading what reads PDF takes longer than reading most documents.
 */
#ifndef VDB_EXTRACT_HELPER_PROGRAM_H
#define VDB_EXTRACT_HELPER_PROGRAM_H

#include "extract/helper/document.h"

/* Opens what it needs, before nothing can be opened any more. False: that is not there. */
bool program_prepare(void);
/* Writes the document's kind and text. Called once. */
extract_failure program_extract(document *d, output *o);

#endif
