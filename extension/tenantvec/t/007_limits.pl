# What takes millions of rows otherwise: pages of three entries and a directory of four buckets, so that buckets, tables of
# lists and lists all become long chains. The same tests must pass, and a load with crashes must leave a sound index.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('limits');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\n");
my $module = build_variant($node, '-DTV_MAX_ENTRIES=3 -DTV_MAX_DEPTH=2 -DUSE_ASSERT_CHECKING=1')
    or plan skip_all => 'no compiler';
$node->start;
use_variant($node, $module);
is(regress($node, qw(init types order planner limits inspect)), '', 'the regression tests pass');

$node->safe_psql('postgres', q(
    CREATE TABLE many (tenant int, embedding vector(4));
    CREATE INDEX many_index ON many USING tenantvec (tenant, embedding vector_l2_ops) WITH (list_rows = 16);
    INSERT INTO many SELECT i % 1000, ARRAY[i, i % 7, i % 11, i % 13]::vector FROM generate_series(1, 4000) i;
    INSERT INTO many SELECT 5, ARRAY[i, i % 7, i % 11, i % 13]::vector FROM generate_series(1, 4000) i;));
is($node->safe_psql('postgres', q(SELECT tenants, rows, lost_pages FROM tenantvec_check('many_index'))), '1000|8000|0',
    'chains of buckets, of lists, of pages');
my $pages = $node->safe_psql('postgres', q(SELECT pages FROM tenantvec_check('many_index')));
$node->safe_psql('postgres', q{
    DELETE FROM many WHERE tenant > 5 OR ctid::text LIKE '%0)';
    VACUUM (INDEX_CLEANUP ON) many;
    DELETE FROM many;
    VACUUM (INDEX_CLEANUP ON) many;
    CREATE TABLE later ();
    VACUUM many;});
is($node->safe_psql('postgres', q(SELECT tenants, rows, lost_pages FROM tenantvec_check('many_index'))), '0|0|0', 'all can go');
$node->safe_psql('postgres', q(
    INSERT INTO many SELECT i % 1000, ARRAY[i, i % 7, i % 11, i % 13]::vector FROM generate_series(1, 4000) i;
    INSERT INTO many SELECT 5, ARRAY[i, i % 7, i % 11, i % 13]::vector FROM generate_series(1, 4000) i;));
is($node->safe_psql('postgres', qq(SELECT rows, pages <= $pages * 1.1 FROM tenantvec_check('many_index'))), '8000|t',
    'and come again in the same space');

create_table($node);
for my $round (1 .. 3)
{
    my $load = start_load($node, 3, 60);

    usleep(int(rand(1_000_000)) + 300_000);
    $node->psql('postgres', 'VACUUM load') if $round != 2;
    $node->stop('immediate');
    finish_load($load);
    $node->start;
    is((check_index($node))[2], '', "crash $round: tenantvec_check complains of nothing");
    is(same_as_heap($node), '', "crash $round: the index has the rows of the table");
}
$node->stop;
done_testing();
