/* A zip file of XML parts, as DOCX and ODT are: its parts are unpacked and parsed as a stream. */
#ifndef VDB_EXTRACT_HELPER_PACKAGE_H
#define VDB_EXTRACT_HELPER_PACKAGE_H

#include "extract/helper/document.h"

#include <stdint.h>
#include <zip.h>

typedef struct package {
    zip_t *zip;
    uint64_t unpacked; /* bytes so far, of all parts */
} package;

/* FAILURE_DAMAGED: it is no zip file. Release with package_close(), also after a failure. */
extract_failure package_open(const document *d, package *p);
void package_close(package *p);

bool package_has(const package *p, const char *part);
bool package_has_folder(const package *p, const char *prefix); /* "Basic/" */
/* True when the part begins with these bytes. */
bool package_begins(package *p, const char *part, const char *bytes);

/* An element: its name without prefix. */
typedef struct element {
    const char *name;
    const unsigned char **attributes; /* as libxml2 tells them */
    int count;
} element;

/* Copies the value of an attribute, as much as fits. False: there is none. */
bool element_attribute(const element *e, const char *name, char *value, size_t size);
/* The value as a number of 0 to 9999; `otherwise` when there is none. */
int element_number(const element *e, const char *name, int otherwise);

typedef struct element_handler {
    void (*begin)(void *context, const element *e);
    void (*end)(void *context, const char *name);
    void (*text)(void *context, const char *text, size_t length); /* NULL: not told */
} element_handler;

/* FAILURE_DAMAGED: the part is not there, or not what it should be; FAILURE_ENCRYPTED, FAILURE_BOMB, FAILURE_ENTITIES.
 */
extract_failure package_parse(package *p, const char *part, const element_handler *handler, void *context);

#endif
