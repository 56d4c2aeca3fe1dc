# A streaming replica answers like its primary, also while the primary splits lists and vacuums.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "jit = off\nautovacuum = off\n");
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "jit = off\nmax_standby_streaming_delay = 60s\n");
$standby->start;
create_table($primary);
$primary->wait_for_catchup($standby);

my $steady = q(SET enable_seqscan = off; SET enable_sort = off;
    SELECT count(*) FROM (SELECT steady FROM load WHERE tenant = 1 ORDER BY embedding <-> tv_vector(7)) x WHERE steady);
my $load = start_load($primary, 3, 8);
my ($asked, $wrong, $repeated, $other) = (0, 0, 0, '');
for my $i (1 .. 60)
{
    my ($status, $out, $err) = $standby->psql('postgres', $steady);

    $asked++;
    if ($status != 0)
    {
        if ($err =~ /was reorganized during the scan|conflict with recovery/) { $repeated++; }
        else { $other .= $err; }
    }
    elsif ($out ne '300') { $wrong++; }
    $primary->psql('postgres', 'VACUUM load') if $i % 5 == 0;
}
note "asked $asked times, to be repeated $repeated";
is($other, '', 'no other errors on the standby');
is($wrong, 0, 'the standby never misses a row');
cmp_ok($repeated, '<', $asked / 2, 'most queries get through');

finish_load($load);
$primary->wait_for_catchup($standby);
is((check_index($primary))[2], '', 'the primary is sound');
is(same_as_heap($primary), '', 'the primary has all rows');
is(same_as_heap($standby), '', 'the standby has all rows');

$primary->stop('immediate');
$standby->promote;
$standby->safe_psql('postgres', 'INSERT INTO load (tenant, embedding) SELECT i % 6, tv_vector(i) FROM generate_series(1, 2000) i');
is((check_index($standby))[2], '', 'the promoted standby is sound');
is(same_as_heap($standby), '', 'the promoted standby has all rows');
$standby->stop;
done_testing();
