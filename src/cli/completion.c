/*
 * A completion script for bash, with what it needs of the table in `case` statements. It uses nothing but bash itself.
 */
#include "cli/cli.h"

#include <string.h>

static void print_options(FILE *out, const cli_parameter *options)
{
    for (; options->name != NULL; options++)
        fprintf(out, " --%s", options->name);
}

static void print_choices(FILE *out, const cli_parameter *p)
{
    for (const char *const *choice = p->choices; *choice != NULL; choice++)
        fprintf(out, "%s%s", choice == p->choices ? "" : " ", *choice);
}

/* What completes a value: words, files, or nothing. */
static void print_completer(FILE *out, const cli_parameter *p)
{
    if (p->kind == CLI_CHOICE) {
        fputs("words='", out);
        print_choices(out, p);
        fputs("'", out);
    } else if (p->kind == CLI_SWITCH) {
        fputs("words='on off'", out);
    } else if (p->kind == CLI_FILE) {
        fputs("files=f", out);
    } else if (p->kind == CLI_JSON) {
        fputs("files=f at=@", out);
    } else {
        fputs("words=", out);
    }
}

static void print_key(FILE *out, const cli_command *command)
{
    fprintf(out, "%s%s%s", command->noun, command->verb == NULL ? "" : " ", command->verb == NULL ? "" : command->verb);
}

/* For each option that takes a value: "COMMAND --OPTION") what completes it. */
static void print_values(FILE *out, const cli_command *command, const cli_parameter *options)
{
    for (; options->name != NULL; options++) {
        if (!cli_takes_value(options))
            continue;
        fputs(command == NULL ? "    *' " : "    '", out);
        if (command != NULL) {
            print_key(out, command);
            putc(' ', out);
        }
        fprintf(out, "--%s') ", options->name);
        print_completer(out, options);
        fputs(" ;;\n", out);
    }
}

static void print_value_cases(FILE *out)
{
    fputs("    case \"$command $option\" in\n", out);
    for (const cli_command *c = cli_commands; c->noun != NULL; c++)
        print_values(out, c, c->options);
    print_values(out, NULL, cli_options);
    fputs("    *) return 1 ;;\n    esac\n", out);
}

static void print_verbs(FILE *out, const cli_noun *noun)
{
    fprintf(out, "    %s) words='", noun->name);
    const char *gap = "";
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        if (strcmp(c->noun, noun->name) == 0 && c->verb != NULL) {
            fprintf(out, "%s%s", gap, c->verb);
            gap = " ";
        }
    }
    fputs("' ;;\n", out);
}

static void print_nouns(FILE *out)
{
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++)
        fprintf(out, "%s%s", noun == cli_nouns ? "" : " ", noun->name);
}

/* What stands on the command line where no value of an option does. */
static void print_word_cases(FILE *out)
{
    fputs("    case $command in\n    '') words='", out);
    print_nouns(out);
    fputs("' ;;\n    help) words='", out);
    print_nouns(out);
    fputs("' ;;\n", out);
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        if (c->arguments->name == NULL || (c->arguments->kind != CLI_FILE && c->arguments->kind != CLI_CHOICE))
            continue;
        fputs("    '", out);
        print_key(out, c);
        fputs("') ", out);
        print_completer(out, c->arguments);
        fputs(" ;;\n", out);
    }
    for (const cli_noun *noun = cli_nouns; noun->name != NULL; noun++) {
        bool verbs = false;
        for (const cli_command *c = cli_commands; c->noun != NULL; c++)
            verbs = verbs || (strcmp(c->noun, noun->name) == 0 && c->verb != NULL);
        if (verbs)
            print_verbs(out, noun);
    }
    fputs("    esac\n", out);
}

static void print_option_cases(FILE *out)
{
    fputs("    words='", out);
    const char *gap = "";
    for (const cli_parameter *o = cli_options; o->name != NULL; o++, gap = " ")
        fprintf(out, "%s--%s", gap, o->name);
    fputs("'\n    case $command in\n", out);
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        if (c->options->name == NULL)
            continue;
        fputs("    '", out);
        print_key(out, c);
        fputs("') words+='", out);
        print_options(out, c->options);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n", out);
}

/* The nouns and the options with a value, by which the script finds the command among the words. */
static void print_commands(FILE *out)
{
    fputs("    case \"$1\" in\n", out);
    for (const cli_command *c = cli_commands; c->noun != NULL; c++) {
        fputs("    '", out);
        print_key(out, c);
        fputs("') return 0 ;;\n", out);
    }
    fputs("    esac\n    return 1\n", out);
}

/*
 * bash splits words at "=", so that --type=stt is three words. A word after an option that takes a value, with or
 * without the sign, is this value.
 */
static const char walk[] = "_voicedb()\n"
                           "{\n"
                           "    local command='' option='' word='' words='' files='' at='' i\n"
                           "    local current=${COMP_WORDS[COMP_CWORD]}\n"
                           "    COMPREPLY=()\n"
                           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                           "        word=${COMP_WORDS[i]}\n"
                           "        if [[ $word == '=' && -n $option ]]; then\n"
                           "            continue\n"
                           "        elif [[ -n $option ]]; then\n"
                           "            option=''\n"
                           "        elif [[ $word == -* ]]; then\n"
                           "            option=$word\n"
                           "            _voicedb_value || option=''\n"
                           "            [[ $option == --fusionpbx && ${COMP_WORDS[i + 1]} != '=' ]] && option=''\n"
                           "        elif [[ -z $command ]]; then\n"
                           "            command=$word\n"
                           "        elif _voicedb_command \"$command $word\"; then\n"
                           "            command=\"$command $word\"\n"
                           "        fi\n"
                           "    done\n"
                           "    words='' files='' at=''\n"
                           "    if [[ -n $option ]]; then\n"
                           "        [[ $current == '=' ]] && current=''\n"
                           "        _voicedb_value\n"
                           "    elif [[ $current == -* ]]; then\n"
                           "        _voicedb_options\n"
                           "    else\n"
                           "        _voicedb_words\n"
                           "    fi\n"
                           "    if [[ -n $files ]]; then\n"
                           "        [[ $current != \"$at\"* ]] && at=''\n"
                           "        compopt -o filenames 2>/dev/null\n"
                           "        mapfile -t COMPREPLY < <(compgen -f -P \"$at\" -- \"${current#\"$at\"}\")\n"
                           "    else\n"
                           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                           "    fi\n"
                           "}\n"
                           "complete -F _voicedb voicedb\n";

void completion_bash(FILE *out)
{
    fputs("# Completion of voicedb for bash, printed by `voicedb completion bash`.\n\n_voicedb_command()\n{\n", out);
    print_commands(out);
    fputs("}\n\n_voicedb_value()\n{\n", out);
    print_value_cases(out);
    fputs("}\n\n_voicedb_options()\n{\n", out);
    print_option_cases(out);
    fputs("}\n\n_voicedb_words()\n{\n", out);
    print_word_cases(out);
    fprintf(out, "}\n\n%s", walk);
}
