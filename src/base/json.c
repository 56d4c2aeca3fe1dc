#include "base/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_OBJECT = 1 << 20 };

json_t *json_parse_object(const char *text, const char *what, vdb_error *error)
{
    size_t length = strlen(text);
    if (length > LARGEST_OBJECT) {
        error_set(error, VDB_BAD_INPUT, "Give less than 1 MiB of JSON.", "%s is too large", what);
        return NULL;
    }
    json_error_t reason;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &reason);
    if (value == NULL) {
        error_set(error, VDB_BAD_INPUT, "Give a JSON object, for example '{\"model\": \"bge-m3\"}'.", "%s is not JSON",
                  what);
        /* What follows " near " is a piece of the text, which may be a secret. */
        const char *near = strstr(reason.text, " near ");
        int words = near == NULL ? (int)strlen(reason.text) : (int)(near - reason.text);
        error_detail(error, "line %d, column %d: %.*s", reason.line, reason.column, words, reason.text);
        return NULL;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        error_set(error, VDB_BAD_INPUT, "Give a JSON object, for example '{\"model\": \"bge-m3\"}'.",
                  "%s is JSON but no object", what);
        return NULL;
    }
    return value;
}

/* Lower-case letters and digits only, so that apiKey, API-KEY and api_key are one. */
static void squeeze(const char *key, char *target, size_t size)
{
    size_t used = 0;
    for (; *key != '\0' && used + 1 < size; key++) {
        if (isalnum((unsigned char)*key))
            target[used++] = (char)tolower((unsigned char)*key);
    }
    target[used] = '\0';
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

bool json_key_is_secret(const char *key)
{
    static const char *const endings[] = { "apikey",     "accesskey",  "secretkey",     "subscriptionkey",
                                           "privatekey", "token",      "secret",        "password",
                                           "passwd",     "passphrase", "authorization", "credentials",
                                           "credential", "bearer" };
    char squeezed[128];
    squeeze(key, squeezed, sizeof squeezed);
    if (strcmp(squeezed, "key") == 0)
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (ends_with(squeezed, endings[i]))
            return true;
    }
    return false;
}

char *json_from_strings(const char *const *strings)
{
    json_t *array = json_array();
    for (; array != NULL && *strings != NULL; strings++) {
        if (json_array_append_new(array, json_string(*strings)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    char *text = array == NULL ? NULL : json_dumps(array, 0);
    json_decref(array);
    return text;
}

const char *const *json_to_strings(arena *a, const char *text)
{
    json_t *array = json_loads(text, 0, NULL);
    const char **strings = json_is_array(array) ? arena_array(a, json_array_size(array) + 1, sizeof *strings) : NULL;
    for (size_t i = 0; strings != NULL && i < json_array_size(array); i++) {
        const char *item = json_string_value(json_array_get(array, i));
        strings[i] = item == NULL ? NULL : arena_copy_string(a, item);
        if (strings[i] == NULL)
            strings = NULL;
    }
    json_decref(array);
    return (const char *const *)strings;
}
