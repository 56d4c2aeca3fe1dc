#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "…";

/* How many bytes of `text` fit into `room` without cutting a UTF-8 character. */
static size_t whole_characters(const char *text, size_t room)
{
    while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80)
        room--;
    return room;
}

void error_copy_line(char *target, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        length = whole_characters(text, size - sizeof ellipsis);
        memcpy(target, text, length);
        memcpy(target + length, ellipsis, sizeof ellipsis);
        length += sizeof ellipsis - 1;
    } else {
        memcpy(target, text, length + 1);
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)target[i] < ' ' || target[i] == 0x7F)
            target[i] = ' ';
    }
}

static void PRINTF_LIKE(3, 0) format_line(char *target, size_t size, const char *format, va_list arguments)
{
    char line[2048];
    vsnprintf(line, sizeof line, format, arguments);
    error_copy_line(target, size, line);
}

vdb_status error_set(vdb_error *error, vdb_status status, const char *hint, const char *format, ...)
{
    if (error == NULL)
        return status;
    error_clear(error);
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    format_line(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (hint != NULL)
        error_copy_line(error->hint, sizeof error->hint, hint);
    return status;
}

vdb_status error_detail(vdb_error *error, const char *format, ...)
{
    if (error == NULL)
        return VDB_DEFECT;
    va_list arguments;
    va_start(arguments, format);
    format_line(error->detail, sizeof error->detail, format, arguments);
    va_end(arguments);
    return error->status;
}

vdb_status error_system(vdb_error *error, const char *hint, const char *format, ...)
{
    int reason = errno;
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    format_line(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(error, VDB_BAD_INPUT, hint, "%s", message);
    if (error != NULL)
        error_detail(error, "%s", strerror(reason));
    return VDB_BAD_INPUT;
}

vdb_status error_memory(vdb_error *error)
{
    return error_set(error, VDB_DEFECT, "Give the process more memory, or a smaller input.", "memory ran out");
}

void error_clear(vdb_error *error)
{
    if (error != NULL)
        memset(error, 0, sizeof *error);
}
