# A session remembers in which buffers the index's pages were. They hold others by and by, or the index gets another file:
# answers stay, and so does what is counted.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('buffers');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off\nshared_buffers = 1MB\n");
$node->start;
create_table($node);
$node->safe_psql('postgres', q(
    CREATE EXTENSION pg_prewarm;
    CREATE TABLE filler (page text);
    ALTER TABLE filler ALTER page SET STORAGE PLAIN;
    INSERT INTO filler SELECT repeat('x', 5000) FROM generate_series(1, 2000);
    CREATE FUNCTION answer(wanted int) RETURNS text LANGUAGE sql AS $$
        SELECT string_agg(id::text, ',') FROM (
            SELECT id FROM load WHERE tenant = wanted ORDER BY embedding <-> tv_vector(7) LIMIT 20) x $$;
    CREATE FUNCTION truth(wanted int) RETURNS text LANGUAGE sql AS $$
        SELECT string_agg(id::text, ',') FROM (
            SELECT id FROM load WHERE tenant = wanted ORDER BY (embedding <-> tv_vector(7)) + 0, id LIMIT 20) x $$;
    CREATE FUNCTION wrong(times int) RETURNS bigint LANGUAGE sql AS $$
        SELECT count(*) FROM generate_series(0, 3) tenant, generate_series(1, times) WHERE answer(tenant) <> truth(tenant) $$;
    CREATE FUNCTION buffers(wanted int) RETURNS int LANGUAGE plpgsql AS $$
    DECLARE
        plan json;
    BEGIN
        EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT id FROM load WHERE tenant = %s ORDER BY embedding <-> %L LIMIT 20',
            wanted, tv_vector(7)) INTO plan;
        IF plan::text NOT LIKE '%load_index%' THEN
            RAISE '%', plan;
        END IF;
        RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
    END $$;));

my $session = q(
    SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;
    SET tenantvec.confidence = 1000; SET tenantvec.rerank = 100000; SET tenantvec.probes = 1000;
    SELECT wrong(2););
my $read_filler = q(SELECT pg_prewarm('filler') > 1000; SELECT wrong(8););
is($node->safe_psql('postgres', "$session $read_filler $read_filler"), "0\nt\n0\nt\n0", 'buffers came to hold other pages');
is($node->safe_psql('postgres', "$session REINDEX INDEX load_index; SELECT wrong(8); VACUUM FULL load; SELECT wrong(8);"),
    "0\n0\n0", 'the index came to be another file');
is($node->safe_psql('postgres', "$session " . q(
    DELETE FROM load WHERE tenant = 1 AND id % 4 <> 0;
    VACUUM load;
    INSERT INTO load (tenant, embedding) SELECT i % 3, tv_vector(-i) FROM generate_series(1, 900) i;
    SELECT wrong(8);
    VACUUM load;
    INSERT INTO load (tenant, embedding) SELECT i % 2, tv_vector(i + 5000) FROM generate_series(1, 900) i;
    SELECT wrong(8);)), "0\n0\n0", 'pages came to be used anew');

$node->restart;
my @buffers = split /\n/, $node->safe_psql('postgres', q(
    SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;
    SELECT buffers(1); SELECT buffers(1);
    SELECT count(buffers(1)) FROM generate_series(1, 10);
    SELECT buffers(1);));
cmp_ok($buffers[1], '>', 10, 'a scan reads some pages');
is($buffers[3], $buffers[1], 'and all of them are counted, wherever they are found');
$node->stop;
done_testing();
