#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* Text of a table's cell: a bar would end it. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            putc('\\', out);
        putc(*text, out);
    }
}

static void print_name(FILE *out, const cli_parameter *p, bool option)
{
    char *name = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&name, &size);
    if (text == NULL)
        return;
    if (option)
        help_option(text, p);
    else
        fputs(p->name, text);
    fclose(text);
    putc('`', out);
    print_cell(out, name);
    putc('`', out);
    free(name);
}

static void print_parameters(FILE *out, const char *title, const cli_parameter *list, bool options)
{
    if (list->name == NULL)
        return;
    fprintf(out, "\n| %s | |\n|---|---|\n", title);
    for (; list->name != NULL; list++) {
        fputs("| ", out);
        print_name(out, list, options);
        fputs(" | ", out);
        print_cell(out, list->help);
        if (options && list->required)
            fputs("; required", out);
        if (list->many)
            fputs("; may be repeated", out);
        if (list->standard != NULL) {
            fputs("; default: ", out);
            print_cell(out, list->standard);
        }
        fputs(" |\n", out);
    }
}

static void print_command(FILE *out, const cli_command *command)
{
    fprintf(out, "\n### `%s`\n\n%s.%s%s\n\n```\n", help_name(command), command->help, command->more == NULL ? "" : " ",
            command->more == NULL ? "" : command->more);
    help_usage(out, command);
    fputs("\n```\n", out);
    print_parameters(out, "argument", command->arguments, false);
    print_parameters(out, "option", command->options, true);
    if (command->example != NULL)
        fprintf(out, "\nExample: `%s`\n", command->example);
}

void help_markdown(FILE *out)
{
    fputs("# The commands of voicedb\n\nMade by `voicedb help --markdown`.\n\n"
          "`voicedb [OPTION…] COMMAND …`: options that every command takes may stand before or after it; `--` ends the "
          "options.\n",
          out);
    print_parameters(out, "option of every command", cli_options, true);
    fputs(
        "\nTables and records go to standard output, everything else to standard error. With `--json` a command prints "
        "one JSON document, and an error is one on standard error: "
        "`{\"error\": {\"status\", \"exit\", \"message\", \"detail\", \"hint\", \"sqlstate\"}}`.\n",
        out);
    fputs("\n| exit status | name | means |\n|---|---|---|\n", out);
    for (const cli_exit *e = cli_exits; e->means != NULL; e++)
        fprintf(out, "| %d | `%s` | %s |\n", (int)e->status, vdb_status_name(e->status), e->means);
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++) {
        fprintf(out, "\n## %s\n\n%s.\n", noun->name, noun->help);
        for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
            if (strcmp(c->noun, noun->name) == 0)
                print_command(out, c);
        }
    }
}
