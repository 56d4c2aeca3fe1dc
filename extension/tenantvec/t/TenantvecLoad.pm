# Shared by the TAP tests: a table, a load on it, and the two ways of checking what is left.
package TenantvecLoad;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;

our @EXPORT = qw(create_table start_load finish_load check_index same_as_heap build_variant use_variant regress);

my $dim = 48;

sub create_table
{
    my ($node) = @_;

    $node->safe_psql('postgres', qq(
        CREATE EXTENSION IF NOT EXISTS tenantvec CASCADE;
        CREATE FUNCTION tv_vector(seed int) RETURNS vector LANGUAGE sql IMMUTABLE AS \$\$
            SELECT array_agg((hashint8extended(seed, i) % 1000) / 1000.0 ORDER BY i)::vector
            FROM generate_series(1, $dim) i \$\$;
        CREATE TABLE load (id bigserial PRIMARY KEY, tenant int, steady bool DEFAULT false, embedding vector($dim));
        CREATE INDEX load_index ON load USING tenantvec (tenant, embedding vector_l2_ops) WITH (list_rows = 32);
        INSERT INTO load (tenant, steady, embedding)
            SELECT i % 4, true, tv_vector(i) FROM generate_series(1, 1200) i;
    ));
}

# pgbench clients that insert, update, delete and roll back; they may be cut off.
sub start_load
{
    my ($node, $clients, $seconds, %extra) = @_;
    my $script = $node->basedir . '/load.pgbench';
    my $sql = q(
\set tenant random(0, 5)
\set rows random(1, 40)
\set seed random(1, 1000000)
\set fate random(1, 10)
BEGIN;
INSERT INTO load (tenant, embedding) SELECT :tenant, tv_vector(:seed + i) FROM generate_series(1, :rows) i;
\if :fate <= 3
DELETE FROM load WHERE id IN (SELECT id FROM load WHERE NOT steady ORDER BY id LIMIT :rows * 3 FOR UPDATE SKIP LOCKED);
\endif
\if :fate = 4
UPDATE load SET embedding = tv_vector(:seed) WHERE id IN
    (SELECT id FROM load WHERE NOT steady ORDER BY id DESC LIMIT 5 FOR UPDATE SKIP LOCKED);
\endif
\if :fate = 5
ROLLBACK;
\else
COMMIT;
\endif
);

    open(my $file, '>', $script) or die "$script: $!";
    print $file $sql;
    close $file;
    my ($in, $out) = ('', '');
    my $run = IPC::Run::start(
        [ 'pgbench', '-n', '-f', $script, '-c', $clients, '-T', $seconds, '-h', $node->host, '-p', $node->port,
          'postgres' ],
        '<', \$in, '>&', \$out);
    return { run => $run, out => \$out };
}

sub finish_load
{
    my ($load) = @_;

    eval { $load->{run}->finish };
    return ${ $load->{out} };
}

# The extension compiled with other options; the path of its module, or undef where there is no compiler.
sub build_variant
{
    my ($node, $options) = @_;
    my $place = $node->basedir . '/variant';
    my $source = "$FindBin::Bin/..";

    return if system("mkdir -p $place && cp $source/*.c $source/*.h $source/Makefile $place/") != 0;
    return if system(qq(make -s -C $place with_llvm=no COPT="$options" tenantvec.so >$place/log 2>&1)) != 0;
    return "$place/tenantvec.so";
}

# Have every database use another module.
sub use_variant
{
    my ($node, $module) = @_;

    for my $database ('template1', 'postgres')
    {
        $node->safe_psql($database, qq(
            CREATE EXTENSION tenantvec CASCADE;
            SET allow_system_table_mods = on;
            UPDATE pg_proc SET probin = '$module' WHERE probin = '\$libdir/tenantvec';));
    }
}

# The regression tests on a database of their own; what differs, or nothing.
sub regress
{
    my ($node, @tests) = @_;
    my $source = "$FindBin::Bin/..";
    my $place = $node->basedir . '/regress';
    my ($bin) = map { chomp; $_ } `pg_config --bindir`;

    mkdir $place;
    $node->safe_psql('postgres', 'CREATE DATABASE regress TEMPLATE template1');
    system($ENV{PG_REGRESS}, "--inputdir=$source", "--outputdir=$place", "--bindir=$bin", '--use-existing', '--dbname=regress',
        '--host=' . $node->host, '--port=' . $node->port, @tests);
    return -s "$place/regression.diffs" ? PostgreSQL::Test::Utils::slurp_file("$place/regression.diffs") : '';
}

sub check_index
{
    my ($node) = @_;

    return $node->psql('postgres', q(SELECT tenants, rows FROM tenantvec_check('load_index')));
}

# Every tenant, by the index and by reading the whole table. Empty if they agree.
sub same_as_heap
{
    my ($node) = @_;
    my $query = q(SELECT tenant || ':' || count(*) || ':' || coalesce(md5(string_agg(id::text, ',' ORDER BY id)), '')
        FROM generate_series(0, 5) t (number)
        CROSS JOIN LATERAL (SELECT id, tenant FROM load WHERE tenant = number ORDER BY embedding <-> tv_vector(7)) x
        GROUP BY tenant ORDER BY tenant);
    my $settings = 'SET max_parallel_workers_per_gather = 0;';
    my $index = $node->safe_psql('postgres', "$settings SET enable_seqscan = off; SET enable_sort = off; $query");
    my $heap = $node->safe_psql('postgres', "$settings SET enable_indexscan = off; $query");
    my $plan = $node->safe_psql('postgres', "$settings SET enable_seqscan = off; SET enable_sort = off; EXPLAIN $query");

    return 'the index was not used' unless $plan =~ /load_index/;
    return $index eq $heap ? '' : "index:\n$index\nheap:\n$heap";
}

1;
