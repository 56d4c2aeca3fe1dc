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
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off\nallow_in_place_tablespaces = on\n");
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

# Cancelled statements leave pages that were written but not linked; vacuum finds them.
$node->safe_psql('postgres', q(
    CREATE TABLE cut (tenant int, embedding vector(1500)) WITH (autovacuum_enabled = off);
    CREATE INDEX cut_index ON cut USING tenantvec (tenant, embedding vector_l2_ops) WITH (list_rows = 400);));
for my $ms (20 .. 80)
{
    $node->psql('postgres', qq(SET statement_timeout = $ms;
        INSERT INTO cut SELECT i / 401, array_fill(i % 77 - 30, ARRAY[1500])::vector FROM generate_series(1, 50000) i));
}
my $lost = $node->safe_psql('postgres', q(SELECT lost_pages FROM tenantvec_check('cut_index')));
cmp_ok($lost, '>', 0, "$lost pages were written for nothing");
# The last transaction that was cut off is a past one only when another has come.
$node->safe_psql('postgres', 'CREATE TABLE later ()');
$node->safe_psql('postgres', 'VACUUM cut');
is($node->safe_psql('postgres', q(SELECT lost_pages, rows FROM tenantvec_check('cut_index'))), '0|0',
    'vacuum takes back what was not linked');
is(same_as_heap($node), '', 'the index has the rows of the table');
$node->stop;
done_testing();
