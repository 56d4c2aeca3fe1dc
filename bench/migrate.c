/*
 * `voicedb migrate` with nothing pending beside `psql -c 'select 1'`, in turns: process start to process end.
 *
 * usage: bench-migrate VOICEDB PSQL...
 */
#include "lib.h"

enum { RUNS = 100, QUICK_RUNS = 10 };

static void print_line(const char *name, const samples *s)
{
    printf("| %s | %s | %s | %s |\n", name, ms_text(samples_percentile(s, 0)), ms_text(samples_percentile(s, 0.5)),
           ms_text(samples_percentile(s, 0.99)));
}

int main(int argc, char **argv)
{
    int runs = option(&argc, argv, "--quick") ? QUICK_RUNS : RUNS;
    if (argc < 3 || argc > 10)
        die("usage: bench-migrate [--quick] VOICEDB PSQL...");
    char *migrate[] = { argv[1], "migrate", NULL }, *psql[16] = { NULL };
    for (int i = 2; i < argc; i++)
        psql[i - 2] = argv[i];
    psql[argc - 2] = "-Xc";
    psql[argc - 1] = "select 1";
    run_program(migrate, NULL); /* nothing is pending from here on */
    samples migrated = { 0 }, selected = { 0 };
    for (int i = 0; i < runs; i++) {
        samples_add(&selected, run_program(psql, NULL));
        samples_add(&migrated, run_program(migrate, NULL));
    }
    printf("%d runs of each, in turns.\n\n| program | min ms | p50 ms | p99 ms |\n|---|---:|---:|---:|\n", runs);
    print_line("psql -Xc 'select 1'", &selected);
    print_line("voicedb migrate", &migrated);
    target_header();
    target_line("median of voicedb migrate / psql",
                samples_percentile(&migrated, 0.5) / samples_percentile(&selected, 0.5), true, 3, 2, "×");
    samples_free(&migrated);
    samples_free(&selected);
    return 0;
}
