/* Fills the database of libpq's environment with the data of the search measurements. */
#include "data.h"

int main(int argc, char **argv)
{
    dataset d;
    dataset_init_sized(&d, option(&argc, argv, "--quick"));
    PGconn *pg = bench_connect(NULL);
    run_sql(pg, "BEGIN");
    load_dataset(pg, &d);
    run_sql(pg, "COMMIT");
    run_sql(pg, "VACUUM ANALYZE");
    PQfinish(pg);
    dataset_free(&d);
    return 0;
}
