#include "base/buffer.h"
#include "base/text.h"
#include "cli/cli.h"
#include "secret/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JSON_MOST = 1024 * 1024 };

bool cli_takes_value(const cli_parameter *parameter)
{
    return parameter->kind != CLI_FLAG && parameter->kind != CLI_FLAG_OFF;
}

static const void **slot_of(const cli_parameter *parameter, void *values)
{
    return (const void **)(void *)((char *)values + parameter->slot);
}

bool cli_is_given(const cli_parameter *parameter, const void *values)
{
    const void *member;
    memcpy(&member, (const char *)values + parameter->slot, sizeof member);
    return member != NULL;
}

const char *cli_label(arena *memory, const cli_parameter *parameter)
{
    if (isupper((unsigned char)parameter->name[0]))
        return parameter->name;
    const char *label = arena_printf(memory, "--%s", parameter->name);
    return label == NULL ? parameter->name : label;
}

/* ---- near names ---------------------------------------------------------------------------------------------------
 */

/* Edits (insert, delete, replace) that make one word of the other. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t columns = strlen(b);
    if (strlen(a) > LONGEST || columns > LONGEST)
        return LONGEST;
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= columns; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < shift ? replace : shift;
        }
    }
    return row[columns];
}

const char *cli_closest(const char *word, const char *const *names)
{
    const char *closest = NULL;
    size_t least = strlen(word) / 3 + 1;
    for (; *names != NULL; names++) {
        size_t edits = distance(word, *names);
        if (edits <= least && edits < strlen(*names)) {
            closest = *names;
            least = edits - (edits > 0);
        }
    }
    return closest;
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static vdb_status read_all(int fd, const char *path, buffer *content, size_t most, vdb_error *error)
{
    char block[65536];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, VDB_BAD_INPUT, "Give a file that can be read.", "cannot read %s: %s", path,
                             strerror(errno));
        if (got == 0)
            return content->failed ? error_memory(error) : VDB_OK;
        if (content->length + (size_t)got > most)
            return error_set(error, VDB_BAD_INPUT, "Give a smaller file.", "%s is larger than %zu bytes", path, most);
        buffer_append(content, block, (size_t)got);
    }
}

vdb_status cli_read_file(arena *memory, const char *path, size_t most, const char **text, vdb_error *error)
{
    bool standard_input = strcmp(path, "-") == 0;
    const char *name = standard_input ? "standard input" : path;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, VDB_BAD_INPUT, "Give a file that can be read.", "cannot open %s: %s", name,
                         strerror(errno));
    buffer content;
    buffer_init(&content, most + 1);
    vdb_status status = read_all(fd, name, &content, most, error);
    if (!standard_input)
        close(fd);
    if (status == VDB_OK && content.length > 0 && memchr(content.data, '\0', content.length) != NULL)
        status = error_set(error, VDB_BAD_INPUT, "Give a text file.", "%s holds a NUL byte", name);
    if (status == VDB_OK) {
        *text = arena_copy(memory, content.length == 0 ? "" : content.data, content.length);
        if (*text == NULL)
            status = error_memory(error);
    }
    buffer_free(&content);
    return status;
}

/* ---- values -------------------------------------------------------------------------------------------------------
 */

/* What converting one word needs. */
typedef struct conversion {
    cli_call *call;
    const cli_parameter *parameter;
    const char *label;
    const char *text;
    vdb_error *error;
} conversion;

static vdb_status keep(const conversion *c, const void *value, size_t size, const void **result)
{
    void *copy = arena_alloc(c->call->memory, size);
    if (copy == NULL)
        return error_memory(c->error);
    memcpy(copy, value, size);
    *result = copy;
    return VDB_OK;
}

static vdb_status check_range(const conversion *c, double number)
{
    const cli_parameter *p = c->parameter;
    if ((p->least == 0 && p->most == 0) || (number >= p->least && number <= p->most))
        return VDB_OK;
    const char *hint = arena_printf(c->call->memory, "Give a number from %.15g to %.15g.", p->least, p->most);
    return error_set(c->error, VDB_USAGE, hint, "%s cannot be %s", c->label, c->text);
}

static vdb_status not_a_number(const conversion *c, const char *what, const char *hint)
{
    return error_set(c->error, VDB_USAGE, hint, "%s needs %s, not \"%s\"", c->label, what, c->text);
}

static vdb_status convert_integer(const conversion *c, const void **result)
{
    char *end;
    errno = 0;
    int64_t number = strtoll(c->text, &end, 10);
    if (end == c->text || isspace((unsigned char)c->text[0]) || *end != '\0')
        return not_a_number(c, "a whole number", "Write digits only, such as 5.");
    vdb_status status = check_range(c, errno == ERANGE ? (double)INFINITY : (double)number);
    return status == VDB_OK ? keep(c, &number, sizeof number, result) : status;
}

static vdb_status convert_size(const conversion *c, const void **result)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    int64_t number = strtoll(c->text, &end, 10);
    double scale = 1;
    const char *unit = *end == '\0' ? NULL : strchr(units, toupper((unsigned char)*end));
    if (unit != NULL) {
        scale = ldexp(1, 10 * (int)(unit - units + 1));
        end++;
    }
    if (!isdigit((unsigned char)c->text[0]) || *end != '\0')
        return not_a_number(c, "a size", "Write a number of bytes, or one with K, M or G: 64M.");
    double bytes = errno == ERANGE ? (double)INFINITY : (double)number * scale;
    vdb_status status = check_range(c, bytes);
    if (status != VDB_OK)
        return status;
    number = (int64_t)bytes;
    return keep(c, &number, sizeof number, result);
}

static vdb_status convert_number(const conversion *c, const void **result)
{
    char *end;
    double number = strtod(c->text, &end);
    if (c->text[0] == '\0' || c->text[strspn(c->text, "+-.0123456789eE")] != '\0' || *end != '\0')
        return not_a_number(c, "a number", "Write it with a point, such as 0.5.");
    vdb_status status = check_range(c, number);
    return status == VDB_OK ? keep(c, &number, sizeof number, result) : status;
}

static vdb_status convert_boolean(const conversion *c, const void **result)
{
    bool value = c->parameter->kind == CLI_FLAG;
    if (c->parameter->kind == CLI_SWITCH) {
        value = strcmp(c->text, "on") == 0;
        if (!value && strcmp(c->text, "off") != 0)
            return error_set(c->error, VDB_USAGE, "Write on or off.", "%s cannot be \"%s\"", c->label, c->text);
    }
    return keep(c, &value, sizeof value, result);
}

static vdb_status convert_choice(const conversion *c, const void **result)
{
    char choices[256] = "";
    for (const char *const *choice = c->parameter->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, c->text) == 0) {
            *result = *choice;
            return VDB_OK;
        }
        size_t length = strlen(choices);
        snprintf(choices + length, sizeof choices - length, "%s%s", length == 0 ? "" : ", ", *choice);
    }
    const char *hint = arena_printf(c->call->memory, "Give one of: %s.", choices);
    return error_set(c->error, VDB_USAGE, hint, "%s cannot be \"%s\"", c->label, c->text);
}

/* The command line is there for every user of the machine to see, and stays in the shell's history. */
static vdb_status refuse_secrets(const conversion *c)
{
    int64_t sealed, plain = 0;
    if (config_count(c->text, &sealed, &plain, NULL) != VDB_OK || plain == 0)
        return VDB_OK;
    const char *hint = arena_printf(c->call->memory,
                                    "Write it to a file and give %s @FILE, or give %s - and pass it on "
                                    "standard input.",
                                    c->label, c->label);
    return error_set(c->error, VDB_USAGE, hint, "what %s gives holds a secret", c->label);
}

static vdb_status convert_json(const conversion *c, const void **result)
{
    const char *text = c->text;
    vdb_status status = VDB_OK;
    if (text[0] == '@' || strcmp(text, "-") == 0)
        status = cli_read_file(c->call->memory, text + (text[0] == '@'), JSON_MOST, &text, c->error);
    else
        status = refuse_secrets(c);
    if (status == VDB_OK && !text_is_utf8(text, strlen(text)))
        status = error_set(c->error, VDB_BAD_INPUT, "Convert it to UTF-8.", "what %s names is not UTF-8", c->label);
    *result = text;
    return status;
}

static vdb_status convert(const conversion *c, const void **result)
{
    *result = c->text;
    switch (c->parameter->kind) {
    case CLI_FLAG:
    case CLI_FLAG_OFF:
    case CLI_SWITCH:
        return convert_boolean(c, result);
    case CLI_INTEGER:
        return convert_integer(c, result);
    case CLI_SIZE:
        return convert_size(c, result);
    case CLI_NUMBER:
        return convert_number(c, result);
    case CLI_CHOICE:
        return convert_choice(c, result);
    case CLI_JSON:
        return convert_json(c, result);
    case CLI_UUID:
        if (!text_is_uuid(c->text))
            return error_set(c->error, VDB_USAGE, "Write a UUID in full, such as 4f1d7c1e-8a53-4be5-9d6e-0c7d2b6a9f10.",
                             "%s needs a UUID, not \"%s\"", c->label, c->text);
        return VDB_OK;
    case CLI_TEXT:
    case CLI_FILE:
        break;
    }
    return VDB_OK;
}

/* Appends to a list that was made with room for every word of the command line. */
static vdb_status append(cli_call *call, const void **slot, const char *value, size_t words, vdb_error *error)
{
    const char **list;
    memcpy(&list, slot, sizeof list);
    if (list == NULL) {
        list = arena_array(call->memory, words + 1, sizeof *list);
        if (list == NULL)
            return error_memory(error);
        *slot = list;
    }
    while (*list != NULL)
        list++;
    *list = value;
    return VDB_OK;
}

vdb_status cli_set_value(cli_call *call, const cli_parameter *parameter, void *values, const char *text, size_t words,
                         vdb_error *error)
{
    conversion c = { call, parameter, cli_label(call->memory, parameter), text, error };
    const void **slot = slot_of(parameter, values);
    if (*slot != NULL && !parameter->many && cli_takes_value(parameter))
        return error_set(error, VDB_USAGE, "Give it once.", "%s is given twice", c.label);
    if (parameter->kind != CLI_FILE && !text_is_utf8(text, strlen(text)))
        return error_set(error, VDB_USAGE, "Write it in UTF-8.", "the value of %s is not UTF-8", c.label);
    const void *value;
    vdb_status status = convert(&c, &value);
    if (status != VDB_OK)
        return status;
    if (parameter->many)
        return append(call, slot, value, words, error);
    *slot = value;
    return VDB_OK;
}
