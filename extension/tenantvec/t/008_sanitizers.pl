# The regression tests, and a load with vacuum, with address and undefined-behaviour sanitizers and assertions in the extension.
# The server itself has neither: what is found is what the extension's own code does to its stack, to memory it takes from malloc, and
# what it asserts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TenantvecLoad;

my $node = PostgreSQL::Test::Cluster->new('sanitizers');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\nautovacuum = off\nfsync = off\nrestart_after_crash = off\n");
chomp(my $asan = `gcc -print-file-name=libasan.so 2>/dev/null`);
plan skip_all => 'no address sanitizer' if $asan !~ m{^/};
# Without /proc the sanitizer does not know the stack, and an error that jumps over frames would look like an overflow to it.
my $stack = -e '/proc/self/maps' ? 1 : 0;
my $module = build_variant($node, "-O1 -fsanitize=address,undefined --param asan-stack=$stack -fno-sanitize-recover=all"
        . ' -DUSE_ASSERT_CHECKING=1')
    or plan skip_all => 'no compiler with sanitizers';
# The sanitizer reads its options from /proc, which a private root does not have.
my $options = $node->basedir . '/options';
append_to_file("$options.c", 'const char *__asan_default_options(void); const char *__asan_default_options(void)
    { return "detect_leaks=0:abort_on_error=1:verify_asan_link_order=0"; }');
system('gcc', '-shared', '-fPIC', '-o', "$options.so", "$options.c") == 0 or die 'no options of the sanitizer';
my $preload = "$options.so $asan";
# With gcc 12's it waits for ever.
system("timeout 60 env LD_PRELOAD='$preload' postgres -V >/dev/null") == 0
    or plan skip_all => "PostgreSQL does not start with this compiler's address sanitizer";
{
    local $ENV{LD_PRELOAD} = $preload;
    $node->start;
}
use_variant($node, $module);
is(regress($node, qw(init types order planner limits inspect)), '', 'the regression tests pass');
create_table($node);
my $load = start_load($node, 2, 6);
for (1 .. 3)
{
    sleep 2;
    $node->psql('postgres', 'VACUUM load');
}
unlike(finish_load($load), qr/ERROR|terminated/, 'the load runs to its end');
is((check_index($node))[2], '', 'tenantvec_check complains of nothing');
is(same_as_heap($node), '', 'the index has the rows of the table');
my $log = slurp_file($node->logfile);
unlike($log, qr/AddressSanitizer|runtime error|TRAP|was terminated by signal/, 'the sanitizers have nothing to say');
$node->stop;
done_testing();
