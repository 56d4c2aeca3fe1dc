#include "cli/cli.h"

#include "cli/display.h"

#include <string.h>

const cli_exit cli_exits[] = {
    { VDB_OK, "done" },
    { VDB_DEFECT, "a defect in voicedb, or memory ran out" },
    { VDB_USAGE, "the command line is wrong" },
    { VDB_NOT_FOUND, "not found in this tenant" },
    { VDB_CONFLICT, "conflicts with what is there" },
    { VDB_NOT_ALLOWED, "not allowed to this tenant or role" },
    { VDB_UNREACHABLE, "the database cannot be reached" },
    { VDB_SCHEMA, "the schema is not current: run `voicedb migrate`" },
    { VDB_PROVIDER, "an AI provider failed" },
    { VDB_BAD_INPUT, "a file, JSON or vector that cannot be used, or standard output that cannot be written" },
    { VDB_PENDING, "`migrate status`: migrations are pending" },
    { VDB_DRIFT, "`migrate status`, `migrate verify`: what was applied differs" },
    { VDB_FINDINGS, "`doctor` found something" },
    { VDB_WORSE, "`eval --compare`: search has become worse" },
    { 0 },
};

enum { HELP_WIDTH = 100, NAME_WIDTH = 30 };

const char *help_name(const cli_command *command)
{
    static char name[64];
    snprintf(name, sizeof name, "voicedb %s%s%s", command->noun, command->verb == NULL ? "" : " ",
             command->verb == NULL ? "" : command->verb);
    return name;
}

/* ---- names of values ----------------------------------------------------------------------------------------------
 */

static void print_choices(FILE *out, const cli_parameter *p)
{
    for (const char *const *choice = p->choices; *choice != NULL; choice++)
        fprintf(out, "%s%s", choice == p->choices ? "" : "|", *choice);
}

static void print_value(FILE *out, const cli_parameter *p)
{
    static const char *const names[] = {
        [CLI_SWITCH] = "on|off",     [CLI_TEXT] = "TEXT", [CLI_UUID] = "UUID", [CLI_FILE] = "FILE",
        [CLI_JSON] = "JSON|@FILE|-", [CLI_INTEGER] = "N", [CLI_SIZE] = "SIZE", [CLI_NUMBER] = "NUMBER",
    };
    if (p->value != NULL)
        fputs(p->value, out);
    else if (p->choices != NULL)
        print_choices(out, p);
    else if (p->kind == CLI_NUMBER && p->most > 0)
        fprintf(out, "%g..%g", p->least, p->most);
    else
        fputs(names[p->kind], out);
}

void help_option(FILE *out, const cli_parameter *option)
{
    fprintf(out, "--%s", option->name);
    if (!cli_takes_value(option))
        return;
    fputs(option->optional ? "[=" : " ", out);
    print_value(out, option);
    if (option->optional)
        putc(']', out);
}

static void print_argument(FILE *out, const cli_parameter *a)
{
    if (a->instead != NULL)
        fprintf(out, "(%s | --%s UUID)", a->name, a->instead);
    else
        fprintf(out, a->required ? "%s%s" : "[%s%s]", a->name, a->many ? "…" : "");
}

static bool has_choice(const cli_command *command)
{
    for (const cli_parameter *o = command->options; o->name != NULL; o++) {
        if (!o->required)
            return true;
    }
    return false;
}

void help_usage(FILE *out, const cli_command *command)
{
    fputs(help_name(command), out);
    for (const cli_parameter *o = command->options; o->name != NULL; o++) {
        if (o->required) {
            putc(' ', out);
            help_option(out, o);
        }
    }
    if (has_choice(command))
        fputs(" [OPTION…]", out);
    for (const cli_parameter *a = command->arguments; a->name != NULL; a++) {
        putc(' ', out);
        print_argument(out, a);
    }
}

/* ---- paragraphs ---------------------------------------------------------------------------------------------------
 */

/* Prints words from column `at` on, in lines of HELP_WIDTH that begin at `indent`. */
static void print_wrapped(FILE *out, const char *text, size_t at, size_t indent)
{
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (at > indent && at + 1 + length > HELP_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            putc(' ', out);
            at++;
        }
        fwrite(text, 1, length, out);
        at += length;
        text += length + (text[length] == ' ');
    }
    putc('\n', out);
}

/* A name in its column, then what it means. */
static void print_entry(FILE *out, const char *name, const char *meaning)
{
    size_t width = display_width(name);
    fprintf(out, "  %s", name);
    if (width > NAME_WIDTH - 2)
        fprintf(out, "\n%*s", NAME_WIDTH + 2, "");
    else
        fprintf(out, "%*s", (int)(NAME_WIDTH - width), "");
    print_wrapped(out, meaning, NAME_WIDTH + 2, NAME_WIDTH + 2);
}

static void print_parameter(FILE *out, const cli_parameter *p, bool option)
{
    char name[160] = "", meaning[512];
    FILE *text = fmemopen(name, sizeof name, "w");
    if (text == NULL)
        return;
    if (option)
        help_option(text, p);
    else
        print_argument(text, p);
    fclose(text);
    snprintf(meaning, sizeof meaning, "%s%s%s%s%s%s", p->help, option && p->required ? " (required)" : "",
             option && p->many ? " (may be repeated)" : "",
             p->standard == NULL ? "" : " (default: ", p->standard == NULL ? "" : p->standard,
             p->standard == NULL ? "" : ")");
    print_entry(out, name, meaning);
}

static void print_parameters(FILE *out, const char *title, const cli_parameter *list, bool options)
{
    if (list->name == NULL)
        return;
    fprintf(out, "\n%s:\n", title);
    for (; list->name != NULL; list++)
        print_parameter(out, list, options);
}

/* ---- help ---------------------------------------------------------------------------------------------------------
 */

static void print_verbs(FILE *out, const char *title, const char *noun)
{
    fprintf(out, "\n%s:\n", title);
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        if (strcmp(c->noun, noun) == 0 && c->verb != NULL)
            print_entry(out, help_name(c) + strlen("voicedb "), c->help);
    }
}

static bool has_verbs(const char *noun)
{
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        if (strcmp(c->noun, noun) == 0 && c->verb != NULL)
            return true;
    }
    return false;
}

static void help_command(FILE *out, const cli_command *command)
{
    fputs("usage: ", out);
    help_usage(out, command);
    fprintf(out, "\n\n%s.\n", command->help);
    if (command->more != NULL)
        print_wrapped(out, command->more, 0, 0);
    print_parameters(out, "arguments", command->arguments, false);
    print_parameters(out, "options", command->options, true);
    if (command->verb == NULL && has_verbs(command->noun))
        print_verbs(out, "further commands", command->noun);
    if (command->example != NULL)
        fprintf(out, "\nexample:\n  %s\n", command->example);
    fputs(command->needs == CLI_TENANT ? "\nNeeds a tenant: --domain NAME|UUID, or VOICEDB_DOMAIN.\n" : "\n", out);
    fputs("`voicedb help` lists the options that every command takes.\n", out);
}

static void help_noun(FILE *out, const cli_noun *noun)
{
    fprintf(out, "usage: voicedb [OPTION…] %s COMMAND …\n\n%s.\n", noun->name, noun->help);
    print_verbs(out, "commands", noun->name);
    fprintf(out, "\n`voicedb %s COMMAND --help` tells more.\n", noun->name);
}

static void help_all(FILE *out)
{
    fputs("usage: voicedb [OPTION…] COMMAND …\n\nThe database of AI phone secretaries on FusionPBX.\n\ncommands:\n",
          out);
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        print_entry(out, noun->name, noun->help);
    print_parameters(out, "options of every command, before or after it", cli_options, true);
    fputs("\nexit status:\n", out);
    for (const cli_exit *e = cli_exits; e->means != NULL; e++) {
        char number[12];
        snprintf(number, sizeof number, "%d", (int)e->status);
        print_entry(out, number, e->means);
    }
    fputs("\n`voicedb COMMAND --help` tells more.\n", out);
}

void help_print(FILE *out, const cli_noun *noun, const cli_command *command)
{
    if (command == NULL && noun != NULL)
        command = cli_find_command(noun->name, NULL);
    if (command != NULL)
        help_command(out, command);
    else if (noun != NULL)
        help_noun(out, noun);
    else
        help_all(out);
}
