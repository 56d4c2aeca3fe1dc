# The server is killed at random moments under load; afterwards the index is sound and has every row of the table.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfull_page_writes = on\n");
$node->start;
create_table($node);

for my $round (1 .. 6)
{
    my $load = start_load($node, 4, 60);

    usleep(int(rand(1_500_000)) + 200_000);
    $node->psql('postgres', 'VACUUM load') if $round % 2 == 0;
    $node->psql('postgres', 'CHECKPOINT') if $round % 3 == 0;
    $node->stop('immediate');
    finish_load($load);
    $node->start;
    is((check_index($node))[2], '', "round $round: tenantvec_check complains of nothing");
    is(same_as_heap($node), '', "round $round: the index has the rows of the table");
}

# An unlogged index is empty after a crash, and usable.
$node->safe_psql('postgres', q(
    CREATE UNLOGGED TABLE lost (tenant int, embedding vector(48));
    CREATE INDEX lost_index ON lost USING tenantvec (tenant, embedding vector_l2_ops);
    INSERT INTO lost SELECT i % 3, tv_vector(i) FROM generate_series(1, 500) i;));
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', q(SELECT rows FROM tenantvec_check('lost_index'))), '0', 'unlogged index is reset');
$node->safe_psql('postgres', 'INSERT INTO lost SELECT i % 3, tv_vector(i) FROM generate_series(1, 50) i');
is($node->safe_psql('postgres', q(SELECT rows FROM tenantvec_check('lost_index'))), '50', 'and can be filled again');

$node->stop;
done_testing();
