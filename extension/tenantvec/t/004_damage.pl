# A damaged index gives errors; the server stays up, and tenantvec_check notices all but what changes no answer.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('damage');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nignore_checksum_failure = on\nrestart_after_crash = off\n");
$node->start;
create_table($node);
my $path = $node->data_dir . '/' . $node->safe_psql('postgres', q(SELECT pg_relation_filepath('load_index')));
my $pages = $node->safe_psql('postgres', q(SELECT pages FROM tenantvec_check('load_index')));
$node->stop;

open(my $file, '<:raw', $path) or die "$path: $!";
my $sound = do { local $/; <$file> };
close $file;

srand(4711);
my ($noticed, $died, $wrong) = (0, 0, '');
for my $round (1 .. 24)
{
    my $damaged = $sound;
    my $block;
    # Nobody reads what is retired (the kind of a page is at 24 in its special space of 32 bytes).
    do { $block = int(rand($pages)) } while (unpack('v', substr($sound, $block * 8192 + 8184, 2)) == 0x5407);

    # A whole page of noise, a page of zeros, another page in its place, or a few bytes where the structure is.
    if ($round % 4 == 0) { substr($damaged, $block * 8192, 8192) = join('', map { chr int rand 256 } 1 .. 8192); }
    elsif ($round % 4 == 1) { substr($damaged, $block * 8192, 8192) = "\0" x 8192; }
    elsif ($round % 4 == 2)
    {
        my $other = ($block + 1 + int(rand($pages - 1))) % $pages;
        substr($damaged, $block * 8192, 8192) = substr($damaged, $other * 8192, 8192);
    }
    else
    {
        substr($damaged, $block * 8192 + 24 + int(rand(60)), 1) = chr int rand 256 for 1 .. 8;
        substr($damaged, $block * 8192 + 8160 + int(rand(32)), 1) = chr int rand 256 for 1 .. 4;
    }
    open($file, '>:raw', $path) or die "$path: $!";
    print $file $damaged;
    close $file;
    unlink "${path}_fsm";    # it may know of pages that other rounds have added

    $node->start;
    my $complaint = (check_index($node))[2];
    my ($status, $out, $err) = $node->psql('postgres', q(
        SET statement_timeout = '20s';
        SELECT count(*) FROM tenantvec_tenants('load_index');
        SET enable_seqscan = off; SET enable_sort = off;
        SELECT count(*) FROM (SELECT id FROM load WHERE tenant = 1 ORDER BY embedding <-> tv_vector(7)) x;
        SELECT count(*) FROM (SELECT id FROM load WHERE tenant = 2 ORDER BY embedding <-> tv_vector(7)) x;
        BEGIN; INSERT INTO load (tenant, embedding) SELECT i % 4, tv_vector(i) FROM generate_series(1, 100) i; ROLLBACK;
        VACUUM load;), on_error_stop => 0);
    my $differs = $complaint =~ /ERROR/ ? '' : $err =~ /ERROR/ ? $err : eval { same_as_heap($node) } // $@;
    $noticed++ if $complaint =~ /ERROR/;
    $wrong .= "round $round, block $block: $differs\n" if $differs ne '';
    note "round $round, block $block: harmless" if $complaint !~ /ERROR/ && $differs eq '';
    my $alive = $node->psql('postgres', 'SELECT 1') == 0;
    $died++ unless $alive;
    diag "round $round, block $block: $err" unless $alive;
    $node->stop('fast') if $alive;    # or else recovery would mend what is damaged next
    $node->_update_pid(0) unless $alive;
}
is($died, 0, 'the server survives every damage');
is($wrong, '', 'tenantvec_check notices every damage that matters');
cmp_ok($noticed, '>=', 20, "$noticed damages of 24 are noticed");

open($file, '>:raw', $path) or die "$path: $!";
print $file $sound;
close $file;
$node->start;
$node->safe_psql('postgres', 'REINDEX INDEX load_index');
is(same_as_heap($node), '', 'REINDEX mends it');
$node->stop;
done_testing();
