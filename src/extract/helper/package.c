#include "extract/helper/package.h"

#include <libxml/parser.h>
#include <string.h>

enum { BLOCK = 32 * 1024, MOST_UNPACKED = 256 << 20, MOST_PARTS = 10000 };

extract_failure package_open(const document *d, package *p)
{
    zip_error_t error;
    *p = (package){ 0 };
    zip_source_t *source = zip_source_buffer_create(d->bytes, d->size, 0, &error);
    if (source == NULL)
        return FAILURE_MEMORY;
    p->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (p->zip != NULL)
        return zip_get_num_entries(p->zip, 0) > MOST_PARTS ? FAILURE_BOMB : FAILURE_NONE;
    zip_source_free(source);
    return zip_error_code_zip(&error) == ZIP_ER_MEMORY ? FAILURE_MEMORY : FAILURE_DAMAGED;
}

void package_close(package *p)
{
    if (p->zip != NULL)
        zip_discard(p->zip);
    p->zip = NULL;
}

bool package_has(const package *p, const char *part)
{
    return zip_name_locate(p->zip, part, 0) >= 0;
}

bool package_has_folder(const package *p, const char *prefix)
{
    zip_int64_t count = zip_get_num_entries(p->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(p->zip, (zip_uint64_t)i, 0);
        if (name != NULL && strncmp(name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

bool package_begins(package *p, const char *part, const char *bytes)
{
    char there[128] = "";
    zip_file_t *file = zip_fopen(p->zip, part, 0);
    if (file == NULL)
        return false;
    zip_int64_t got = zip_fread(file, there, sizeof there - 1);
    zip_fclose(file);
    return got > 0 && strncmp(there, bytes, strlen(bytes)) == 0;
}

/* ---- elements ---- */

bool element_attribute(const element *e, const char *name, char *value, size_t size)
{
    for (int i = 0; i < e->count; i++) {
        const unsigned char **a = e->attributes + (ptrdiff_t)i * 5; /* name, prefix, URI, value, its end */
        if (strcmp((const char *)a[0], name) != 0)
            continue;
        size_t length = (size_t)(a[4] - a[3]) < size ? (size_t)(a[4] - a[3]) : size - 1;
        memcpy(value, a[3], length);
        value[length] = '\0';
        return true;
    }
    return false;
}

int element_number(const element *e, const char *name, int otherwise)
{
    char value[5];
    int number = 0;
    if (!element_attribute(e, name, value, sizeof value) || value[0] == '\0')
        return otherwise;
    for (const char *c = value; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            return otherwise;
        number = number * 10 + *c - '0';
    }
    return number;
}

typedef struct parsing {
    xmlParserCtxtPtr parser;
    const element_handler *handler;
    void *context;
    extract_failure failure;
} parsing;

static void begin_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
                          const xmlChar **namespace, int count, int defaulted, const xmlChar **attributes)
{
    (void)prefix, (void)uri, (void)namespaces, (void)namespace, (void)defaulted;
    parsing *p = context;
    p->handler->begin(p->context, &(element){ .name = (const char *)name, .attributes = attributes, .count = count });
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)prefix, (void)uri;
    parsing *p = context;
    p->handler->end(p->context, (const char *)name);
}

static void read_text(void *context, const xmlChar *text, int length)
{
    parsing *p = context;
    if (p->handler->text != NULL)
        p->handler->text(p->context, (const char *)text, (size_t)length);
}

/* Neither format has use for entities of its own. */
static void refuse_entity(void *context, const xmlChar *name, int type, const xmlChar *public, const xmlChar *system,
                          xmlChar *content)
{
    (void)name, (void)type, (void)public, (void)system, (void)content;
    parsing *p = context;
    p->failure = FAILURE_ENTITIES;
    xmlStopParser(p->parser);
}

static extract_failure failure_of(const xmlError *error)
{
    return error != NULL && error->code == XML_ERR_NO_MEMORY ? FAILURE_MEMORY : FAILURE_DAMAGED;
}

static void feed(parsing *p, const char *bytes, size_t length)
{
    if (xmlParseChunk(p->parser, bytes, (int)length, length == 0) != 0 && p->failure == FAILURE_NONE)
        p->failure = failure_of(xmlCtxtGetLastError(p->parser));
}

static void read_part(package *p, zip_file_t *file, parsing *state)
{
    char block[BLOCK];
    while (state->failure == FAILURE_NONE) {
        zip_int64_t got = zip_fread(file, block, sizeof block);
        if (got < 0) {
            state->failure = FAILURE_DAMAGED;
            return;
        }
        p->unpacked += (uint64_t)got;
        if (p->unpacked > MOST_UNPACKED) {
            state->failure = FAILURE_BOMB;
            return;
        }
        feed(state, block, (size_t)got);
        if (got == 0)
            return;
    }
}

static extract_failure why_not_opened(const package *p)
{
    switch (zip_error_code_zip(zip_get_error(p->zip))) {
    case ZIP_ER_NOPASSWD:
    case ZIP_ER_ENCRNOTSUPP:
        return FAILURE_ENCRYPTED;
    case ZIP_ER_MEMORY:
        return FAILURE_MEMORY;
    default:
        return FAILURE_DAMAGED;
    }
}

extract_failure package_parse(package *p, const char *part, const element_handler *handler, void *context)
{
    static xmlSAXHandler events = {
        .initialized = XML_SAX2_MAGIC,
        .entityDecl = refuse_entity,
        .startElementNs = begin_element,
        .endElementNs = end_element,
        .characters = read_text,
        .cdataBlock = read_text,
    };
    parsing state = { .handler = handler, .context = context };
    zip_file_t *file = zip_fopen(p->zip, part, 0);
    if (file == NULL)
        return why_not_opened(p);
    state.parser = xmlCreatePushParserCtxt(&events, &state, NULL, 0, NULL);
    if (state.parser == NULL) {
        zip_fclose(file);
        return FAILURE_MEMORY;
    }
    xmlCtxtUseOptions(state.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    read_part(p, file, &state);
    xmlFreeDoc(state.parser->myDoc); /* made for what a document type declares */
    xmlFreeParserCtxt(state.parser);
    zip_fclose(file);
    return state.failure;
}
