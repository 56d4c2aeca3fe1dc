# An index survives pg_dump and restore, a move between tablespaces, and transactions cut off in the middle of a split.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nallow_in_place_tablespaces = on\n");
$node->start;
create_table($node);

my $file = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $file, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr('copy') ], 'restore');
is($node->safe_psql('copy', q(SELECT tenants, rows FROM tenantvec_check('load_index'))), '4|1200', 'the copy is complete');
like($node->safe_psql('copy', q(SELECT pg_get_indexdef('load_index'::regclass))),
    qr/USING tenantvec \(tenant, embedding vector_l2_ops\) WITH \(list_rows='32'\)/, 'and has the options');

$node->safe_psql('postgres', q(CREATE TABLESPACE elsewhere LOCATION ''));
$node->safe_psql('postgres', 'ALTER INDEX load_index SET TABLESPACE elsewhere');
is(same_as_heap($node), '', 'the moved index has all rows');

# Cancelled statements may leave pages that were written but not linked; vacuum finds them.
for my $ms (5, 7, 11, 13, 17, 23, 29, 31, 37, 41)
{
    $node->psql('postgres', qq(SET statement_timeout = $ms;
        INSERT INTO load (tenant, embedding) SELECT i % 6, tv_vector(i * $ms) FROM generate_series(1, 20000) i));
}
note 'lost pages: ' . $node->safe_psql('postgres', q(SELECT lost_pages FROM tenantvec_check('load_index')));
$node->safe_psql('postgres', 'VACUUM load');
is($node->safe_psql('postgres', q(SELECT lost_pages, rows FROM tenantvec_check('load_index'))), '0|1200',
    'vacuum takes back what was not linked');
is(same_as_heap($node), '', 'the index has the rows of the table');
$node->stop;
done_testing();
