# Scans, inserts, deletes, splits and vacuum at once: rows that nobody touches are always found, all of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('races');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off\nenable_seqscan = off\nenable_sort = off\n");
$node->start;
create_table($node);

my $script = $node->basedir . '/scan.pgbench';
open(my $file, '>', $script) or die "$script: $!";
print $file q(
\set tenant random(0, 3)
\set seed random(1, 1000000)
SELECT 1 / (count(*) = 300)::int FROM (
    SELECT steady FROM load WHERE tenant = :tenant ORDER BY embedding <-> tv_vector(:seed)) x WHERE steady;
SELECT 1 / (count(*) = count(DISTINCT id) AND bool_and(tenant = :tenant))::int FROM (
    SELECT id, tenant FROM load WHERE tenant = :tenant ORDER BY embedding <-> tv_vector(:seed)) x;
);
close $file;

my $load = start_load($node, 3, 12);
my ($in, $out, $err) = ('', '', '');
my $scans = IPC::Run::start(
    [ 'pgbench', '-n', '-f', $script, '-c', 2, '-T', 12, '-h', $node->host, '-p', $node->port, 'postgres' ],
    '<', \$in, '>', \$out, '2>', \$err);
for (1 .. 12)
{
    $node->safe_psql('postgres', 'VACUUM load');
    sleep 1;
}
$scans->finish;
unlike($err, qr/ERROR/, 'no scan missed a row, saw one twice, or another tenant\'s');
like($out, qr/number of transactions actually processed: [1-9]\d/, 'there were scans');
unlike(finish_load($load), qr/ERROR/, 'no insert failed');
$node->safe_psql('postgres', 'VACUUM load');
is((check_index($node))[2], '', 'tenantvec_check complains of nothing');
is(same_as_heap($node), '', 'the index has the rows of the table');

# What a year of this leaves behind is found again.
$node->safe_psql('postgres', 'DELETE FROM load WHERE NOT steady; VACUUM (INDEX_CLEANUP ON) load;');
is($node->safe_psql('postgres', q(SELECT rows FROM tenantvec_check('load_index'))), '1200', 'only the steady rows stay');

$node->stop;
done_testing();
