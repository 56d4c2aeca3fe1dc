/* Fills the database of libpq's environment with the data of the search measurements. */
#include "data.h"

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: bench-load TENANTS CHUNKS");
    dataset d;
    dataset_init(&d, (int)strtol(argv[1], NULL, 10), (int)strtol(argv[2], NULL, 10));
    PGconn *pg = bench_connect(NULL);
    double started = now_ms();
    run_sql(pg, "BEGIN");
    load_dataset(pg, &d);
    run_sql(pg, "COMMIT");
    fprintf(stderr, "%d chunks of %d tenants in %.0f s; the largest tenant has %d\n", d.chunks, d.tenants,
            (now_ms() - started) / 1000, dataset_size(&d, 0));
    PQfinish(pg);
    dataset_free(&d);
    return 0;
}
