/* JSON written as it comes: members in the order of the calls, one a line, indented by two spaces. */
#ifndef VDB_CLI_WRITER_H
#define VDB_CLI_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_writer {
    FILE *file; /* its error indicator tells of failed writes */
    int depth;
    bool first; /* nothing stands in the open object or array yet */
} json_writer;

json_writer json_writer_on(FILE *file);

/* `key` is NULL within an array and for the document itself. The document ends with a newline. */
void json_open(json_writer *w, const char *key, char bracket);     /* '{' or '[' */
void json_close(json_writer *w, char bracket);                     /* '}' or ']' */
void json_text(json_writer *w, const char *key, const char *text); /* NULL: null; what is not UTF-8 is replaced */
void json_raw(json_writer *w, const char *key, const char *json);  /* JSON as it stands; NULL: null */
void json_integer_member(json_writer *w, const char *key, int64_t number);
void json_number(json_writer *w, const char *key, double number); /* the shortest text that reads back the same */
void json_flag(json_writer *w, const char *key, bool value);

/* Writes the shortest decimal that reads back as `number`; "null" for what is not finite. */
void number_format(char *text, size_t size, double number);

#endif
