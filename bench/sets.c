#include "sets.h"

#include <string.h>

/* To be raised when a set's data are made otherwise than before. */
#define MARK "voicedb bench data 1"

static const char *const words[SETS] = { "ordered", "shuffled", "few", "many", "sizes", "kinds" };
static const int sizes[] = { 300000, 100000, 30000, 10000, 3000, 1000, 300, 100, 30, 10 };
enum { SIZES = sizeof sizes / sizeof sizes[0], QUICK_SIZES = 6, TIMES = 10 };

const char *set_word(set_name set)
{
    return set < SETS ? words[set] : NULL;
}

void set_use(set_name set, bool quick)
{
    char name[64];
    snprintf(name, sizeof name, "bench_tenantvec_%s%s", quick ? "quick_" : "", words[set]);
    if (setenv("PGDATABASE", name, 1) != 0)
        die("memory ran out");
}

static void init_tenants(dataset *d, int times, bool quick)
{
    dataset one;
    dataset_init(&one, quick ? 100 : 1000, quick ? 1000 : 20000);
    int *of_one = allocate((size_t)one.tenants, sizeof *of_one);
    for (int i = 0; i < one.tenants; i++)
        of_one[i] = dataset_size(&one, i);
    dataset_init_like(d, of_one, one.tenants, times);
    dataset_free(&one);
    free(of_one);
}

void set_init(set_name set, bool quick, dataset *d)
{
    switch (set) {
    case SET_FEW:
        init_tenants(d, 1, quick);
        break;
    case SET_MANY:
        init_tenants(d, TIMES, quick);
        break;
    case SET_SIZES:
        dataset_init_like(d, quick ? sizes + SIZES - QUICK_SIZES : sizes, quick ? QUICK_SIZES : SIZES, 1);
        break;
    default:
        dataset_init(d, quick ? 100 : 1000, quick ? 10000 : 200000);
    }
}

bool set_is_ready(PGconn *pg)
{
    return strcmp(query_value(pg, "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
                                  "WHERE datname = current_database()"),
                  MARK) == 0;
}

void set_mark(PGconn *pg, bool ready)
{
    char sql[128];
    snprintf(sql, sizeof sql, "COMMENT ON DATABASE %s IS %s", PQdb(pg), ready ? "'" MARK "'" : "NULL");
    run_sql(pg, sql);
}
