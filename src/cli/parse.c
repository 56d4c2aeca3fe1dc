#include "cli/cli.h"

#include <string.h>

typedef struct parser {
    cli_call *call;
    size_t count;
    char **words;
    size_t next;
    bool options_ended;
    const char **arguments; /* positional words after the command */
    size_t argument_count;
    vdb_error *error;
} parser;

/* ---- the table ----------------------------------------------------------------------------------------------------
 */

const cli_noun *cli_find_noun(const char *name)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++) {
        if (strcmp(noun->name, name) == 0)
            return noun;
    }
    return NULL;
}

const cli_command *cli_find_command(const char *noun, const char *verb)
{
    for (const cli_command *command = cli_commands; command->noun != NULL; command++) {
        if (strcmp(command->noun, noun) != 0 || (verb == NULL) != (command->verb == NULL))
            continue;
        if (verb == NULL || strcmp(command->verb, verb) == 0)
            return command;
    }
    return NULL;
}

static const cli_parameter *find_option(const cli_parameter *options, const char *name, size_t length)
{
    for (; options->name != NULL; options++) {
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    }
    return NULL;
}

/* ---- what is wrong, and what was meant ----------------------------------------------------------------------------
 */

enum { MOST_NAMES = 64 };

static const char *closest_noun(const char *word)
{
    const char *names[MOST_NAMES + 1] = { NULL };
    size_t count = 0;
    for (const cli_noun *noun = cli_nouns; noun->name != NULL && count < MOST_NAMES; noun++)
        names[count++] = noun->name;
    return cli_closest(word, names);
}

static const char *closest_verb(const char *noun, const char *word)
{
    const char *names[MOST_NAMES + 1] = { NULL };
    size_t count = 0;
    for (const cli_command *c = cli_commands; c->noun != NULL && count < MOST_NAMES; c++) {
        if (strcmp(c->noun, noun) == 0 && c->verb != NULL)
            names[count++] = c->verb;
    }
    return cli_closest(word, names);
}

static const char *closest_option(const cli_command *command, const char *word)
{
    const char *names[MOST_NAMES + 1] = { NULL };
    size_t count = 0;
    const cli_parameter *lists[] = { command == NULL ? NULL : command->options, cli_options };
    for (size_t i = 0; i < 2; i++) {
        for (const cli_parameter *o = lists[i]; o != NULL && o->name != NULL && count < MOST_NAMES; o++)
            names[count++] = o->name;
    }
    return cli_closest(word, names);
}

/* "Run `voicedb provider add --help`." with what stands before it. */
static const char *see_help(const parser *p, const char *before)
{
    const cli_call *call = p->call;
    const char *noun = call->noun == NULL ? "" : call->noun->name;
    const char *verb = call->command == NULL || call->command->verb == NULL ? "" : call->command->verb;
    return arena_printf(p->call->memory, "%s `voicedb%s%s%s%s --help`.", before, *noun ? " " : "", noun,
                        *verb ? " " : "", verb);
}

static const char *hint_with(const parser *p, const char *prefix, const char *name)
{
    if (name == NULL)
        return see_help(p, "Run");
    return see_help(p, arena_printf(p->call->memory, "Write `%s%s`, or run", prefix, name));
}

static vdb_status unknown_noun(const parser *p, const char *word)
{
    const char *file = p->call->globals.fusionpbx;
    if (file != NULL && *file == '\0' && strchr(word, '/') != NULL)
        return error_set(p->error, VDB_USAGE, arena_printf(p->call->memory, "Write `--fusionpbx=%s`.", word),
                         "--fusionpbx takes its file after an equals sign");
    return error_set(p->error, VDB_USAGE, hint_with(p, "voicedb ", closest_noun(word)), "there is no command \"%s\"",
                     word);
}

static vdb_status unknown_verb(const parser *p, const char *word)
{
    const char *noun = p->call->noun->name;
    const char *prefix = arena_printf(p->call->memory, "voicedb %s ", noun);
    return error_set(p->error, VDB_USAGE, hint_with(p, prefix, closest_verb(noun, word)),
                     "there is no command \"%s %s\"", noun, word);
}

static vdb_status unknown_option(const parser *p, const char *word, size_t length)
{
    const char *name = arena_copy(p->call->memory, word, length);
    if (name == NULL)
        return error_memory(p->error);
    if (p->call->command == NULL && closest_option(NULL, name + strspn(name, "-")) == NULL)
        return error_set(p->error, VDB_USAGE, "Put a command's options after the command: voicedb NOUN VERB OPTION.",
                         "no option %s stands before the command", name);
    return error_set(p->error, VDB_USAGE,
                     hint_with(p, "--", closest_option(p->call->command, name + strspn(name, "-"))),
                     "there is no option %s here", name);
}

/* ---- words --------------------------------------------------------------------------------------------------------
 */

static vdb_status use_command(parser *p, const cli_command *command)
{
    p->call->command = command;
    p->call->values = arena_alloc(p->call->memory, command->values);
    return p->call->values == NULL ? error_memory(p->error) : VDB_OK;
}

static vdb_status take_word(parser *p, const char *word)
{
    cli_call *call = p->call;
    if (call->noun == NULL) {
        call->noun = cli_find_noun(word);
        return call->noun == NULL ? unknown_noun(p, word) : VDB_OK;
    }
    if (call->command == NULL) {
        const cli_command *command = cli_find_command(call->noun->name, word);
        if (command != NULL)
            return use_command(p, command);
        command = cli_find_command(call->noun->name, NULL);
        if (command == NULL || command->arguments->name == NULL)
            return unknown_verb(p, word);
        vdb_status status = use_command(p, command);
        if (status != VDB_OK)
            return status;
    }
    p->arguments[p->argument_count++] = word;
    return VDB_OK;
}

/* The value of an option: behind its equals sign, or the next word. */
static vdb_status option_value(parser *p, const cli_parameter *option, const char *equals, const char **value)
{
    *value = equals == NULL ? "" : equals + 1;
    if (!cli_takes_value(option)) {
        if (equals != NULL)
            return error_set(p->error, VDB_USAGE, see_help(p, "Leave the value out, or run"), "--%s takes no value",
                             option->name);
        return VDB_OK;
    }
    if (equals != NULL || option->optional)
        return VDB_OK;
    const char *word = p->next < p->count ? p->words[p->next] : NULL;
    if (word == NULL || strncmp(word, "--", 2) == 0) {
        const char *before = word == NULL ? "Write its value behind it, or run"
                                          : arena_printf(p->call->memory, "Write `--%s=%s` if it means this, or run",
                                                         option->name, word);
        return error_set(p->error, VDB_USAGE, see_help(p, before), "--%s needs a value", option->name);
    }
    *value = word;
    p->next++;
    return VDB_OK;
}

/* Of the command first: `migrate repair --version N` is not the global --version. */
static const cli_parameter *known_option(cli_call *call, const char *name, size_t length, void **values)
{
    const cli_parameter *option = call->command == NULL ? NULL : find_option(call->command->options, name, length);
    *values = option == NULL ? (void *)&call->globals : call->values;
    return option == NULL ? find_option(cli_options, name, length) : option;
}

static vdb_status take_option(parser *p, const char *word)
{
    cli_call *call = p->call;
    if (strcmp(word, "-h") == 0)
        word = "--help";
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    bool is_long = length > 2 && word[1] == '-';
    void *values = NULL;
    const cli_parameter *option = is_long ? known_option(call, word + 2, length - 2, &values) : NULL;
    if (option == NULL && call->command == NULL && call->noun != NULL) {
        const cli_command *command = cli_find_command(call->noun->name, NULL);
        vdb_status status = command == NULL ? VDB_OK : use_command(p, command);
        if (status != VDB_OK)
            return status;
    }
    if (option == NULL && is_long)
        option = known_option(call, word + 2, length - 2, &values);
    if (option == NULL)
        return unknown_option(p, word, length);
    const char *value;
    vdb_status status = option_value(p, option, equals, &value);
    return status == VDB_OK ? cli_set_value(call, option, values, value, p->count, p->error) : status;
}

static vdb_status take_words(parser *p)
{
    while (p->next < p->count) {
        const char *word = p->words[p->next++];
        vdb_status status = VDB_OK;
        if (!p->options_ended && strcmp(word, "--") == 0)
            p->options_ended = true;
        else if (!p->options_ended && word[0] == '-' && word[1] != '\0')
            status = take_option(p, word);
        else
            status = take_word(p, word);
        if (status != VDB_OK)
            return status;
    }
    return VDB_OK;
}

/* ---- what the command wants ---------------------------------------------------------------------------------------
 */

static bool replaced(const cli_call *call, const cli_parameter *argument)
{
    if (argument->instead == NULL)
        return false;
    const cli_parameter *option = find_option(call->command->options, argument->instead, strlen(argument->instead));
    return cli_is_given(option, call->values);
}

static vdb_status missing(const parser *p, const cli_parameter *parameter)
{
    return error_set(p->error, VDB_USAGE, see_help(p, "Run"), "%s is missing", cli_label(p->call->memory, parameter));
}

static vdb_status bind_arguments(parser *p)
{
    cli_call *call = p->call;
    size_t i = 0;
    for (const cli_parameter *a = call->command->arguments; a->name != NULL; a++) {
        if (replaced(call, a))
            continue;
        if (i == p->argument_count && a->required)
            return missing(p, a);
        size_t take = a->many ? p->argument_count - i : (size_t)(i < p->argument_count);
        for (; take > 0; take--) {
            vdb_status status = cli_set_value(call, a, call->values, p->arguments[i++], p->count, p->error);
            if (status != VDB_OK)
                return status;
        }
    }
    if (i < p->argument_count)
        return error_set(p->error, VDB_USAGE, see_help(p, "Leave it out, put what belongs together in quotes, or run"),
                         "\"%s\" is one word too many", p->arguments[i]);
    return VDB_OK;
}

static vdb_status check_options(const parser *p)
{
    for (const cli_parameter *o = p->call->command->options; o->name != NULL; o++) {
        if (o->required && !cli_is_given(o, p->call->values))
            return missing(p, o);
    }
    return VDB_OK;
}

static vdb_status missing_verb(const parser *p)
{
    char verbs[256] = "";
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        size_t length = strlen(verbs);
        if (strcmp(c->noun, p->call->noun->name) == 0)
            snprintf(verbs + length, sizeof verbs - length, "%s%s", length == 0 ? "" : ", ", c->verb);
    }
    const char *hint = arena_printf(p->call->memory, "Write `voicedb %s` and one of: %s.", p->call->noun->name, verbs);
    return error_set(p->error, VDB_USAGE, hint, "the command is not complete");
}

static vdb_status finish(parser *p)
{
    cli_call *call = p->call;
    if (call->globals.help != NULL || (call->globals.version != NULL && call->noun == NULL))
        return VDB_OK;
    if (call->noun == NULL)
        return error_set(p->error, VDB_USAGE, "Run `voicedb help` for the list of commands.", "no command is given");
    if (call->command == NULL) {
        const cli_command *command = cli_find_command(call->noun->name, NULL);
        if (command == NULL)
            return missing_verb(p);
        vdb_status status = use_command(p, command);
        if (status != VDB_OK)
            return status;
    }
    vdb_status status = bind_arguments(p);
    return status == VDB_OK ? check_options(p) : status;
}

vdb_status cli_parse(cli_call *call, int count, char **words, vdb_error *error)
{
    parser p = { .call = call, .count = (size_t)count, .words = words, .error = error };
    p.arguments = arena_array(call->memory, p.count + 1, sizeof *p.arguments);
    if (p.arguments == NULL)
        return error_memory(error);
    vdb_status status = take_words(&p);
    return status == VDB_OK ? finish(&p) : status;
}
