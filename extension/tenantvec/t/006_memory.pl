# A session's memory does not grow with its scans, inserts and joins. TENANTVEC_SCANS says how many scans; a million takes minutes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $scans = $ENV{TENANTVEC_SCANS} || 20000;
my $node = PostgreSQL::Test::Cluster->new('memory');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off\nshared_buffers = 8MB\nenable_seqscan = off\nenable_sort = off\n");
$node->start;
create_table($node);
$node->safe_psql('postgres', q(
    CREATE FUNCTION scan(n int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        question vector := tv_vector(7);
    BEGIN
        FOR i IN 1 .. n LOOP
            PERFORM id FROM load WHERE tenant = i % 4 ORDER BY embedding <-> question LIMIT 3;
        END LOOP;
    END $$;
    CREATE FUNCTION fill(n int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        vectors vector[] := array(SELECT tv_vector(i) FROM generate_series(1, 50) i);
    BEGIN
        FOR i IN 1 .. n LOOP
            INSERT INTO load (tenant, embedding) VALUES (i % 6, vectors[1 + i % 50]);
        END LOOP;
    END $$;
    CREATE FUNCTION rescan(n int) RETURNS void LANGUAGE sql AS $$
        SELECT count(*) FROM generate_series(1, n) i
        CROSS JOIN LATERAL (SELECT id FROM load WHERE tenant = i % 4 ORDER BY embedding <-> tv_vector(7) LIMIT 1) x $$;));

# Bytes that a session holds more after `work` than before, where it has been done once already.
sub grown
{
    my ($warm, $work) = @_;

    return (split /\n/, $node->safe_psql('postgres', qq(
        SELECT $warm; SELECT $warm;
        SELECT used() AS before \\gset
        SELECT $work;
        SELECT used() - :before)))[-1];
}

SKIP: {
    skip 'pg_backend_memory_contexts came with 14', 3 if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;
    $node->safe_psql('postgres', q(
        CREATE FUNCTION used() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(used_bytes) FROM pg_backend_memory_contexts $$));
    my %grown = (
        "$scans scans" => grown('scan(200)', "scan($scans)"),
        '5000 inserts' => grown('fill(200)', 'fill(5000)'),
        '5000 scans of a join' => grown('rescan(200)', 'rescan(5000)'));
    for my $what (sort keys %grown)
    {
        note "$what: $grown{$what} bytes more than before";
        cmp_ok($grown{$what}, '<', 65536, "$what: memory stays");
    }
}

# What the contexts do not know of shows in the process.
my ($status, $out, $err) = $node->psql('postgres', qq(
    SELECT scan(2000), rescan(200);
    SET client_min_messages = log;
    SET log_statement_stats = on;
    SELECT scan(10);
    SELECT scan($scans);));
my @resident = $err =~ /(\d+) kB max resident size/g;
note "resident after 10 scans: $resident[-2] kB, after $scans: $resident[-1] kB";
cmp_ok($resident[-1] - $resident[0], '<', 1024, 'the process does not grow') or diag $err;

# A build keeps to maintenance_work_mem: most of this tenant's 60 MB of vectors go through a sort on disk.
$node->safe_psql('postgres', q(
    CREATE TABLE wide (tenant int, embedding vector(1000));
    ALTER TABLE wide ALTER embedding SET STORAGE EXTERNAL;
    INSERT INTO wide SELECT 1, a.v + b.v FROM
        (SELECT array_agg((hashint8extended(i, j) % 100)::int ORDER BY j)::vector AS v FROM generate_series(1, 125) i, generate_series(1, 1000) j GROUP BY i) a,
        (SELECT array_agg((hashint8extended(-i, j) % 100)::int ORDER BY j)::vector AS v FROM generate_series(1, 120) i, generate_series(1, 1000) j GROUP BY i) b;));
($status, $out, $err) = $node->psql('postgres', q(
    SET client_min_messages = log;
    SET log_statement_stats = on;
    SET maintenance_work_mem = '4MB';
    CREATE INDEX small_index ON load USING tenantvec (tenant, embedding vector_cosine_ops);
    CREATE INDEX wide_index ON wide USING tenantvec (tenant, embedding vector_cosine_ops);));
@resident = $err =~ /(\d+) kB max resident size/g;
cmp_ok($resident[-1] - $resident[-2], '<', 24576, 'a build keeps to its memory') or diag $err;
is($node->safe_psql('postgres', q(SELECT tenants, rows FROM tenantvec_check('wide_index'))), '1|15000', 'and indexes every row');
$node->stop;
done_testing();
