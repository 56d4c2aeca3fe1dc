# AVX-512, AVX2 and plain C agree in every bit: the kernels that are chosen at run time, and the rest however it is compiled.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $place = PostgreSQL::Test::Utils::tempdir();
my $source = "$FindBin::Bin/..";
chomp(my $headers = `pg_config --includedir-server`);
my $flags = "-std=gnu17 -Wall -fno-strict-aliasing -fwrapv -ffp-contract=off -D_GNU_SOURCE -I$headers -I$headers/../../internal";
my %cpu = ('' => 1, 'avx2' => 0, 'avx512f' => 0);

plan skip_all => 'no compiler' if system('gcc --version >/dev/null 2>&1') != 0;
for my $what ('avx2', 'avx512f')
{
    append_to_file("$place/$what.c", "int main(void) { __builtin_cpu_init(); return !__builtin_cpu_supports(\"$what\"); }");
    $cpu{$what} = system("gcc -o $place/$what $place/$what.c 2>/dev/null && $place/$what") == 0;
}

my %hash;
for my $build ([ 'as it is shipped', '-O2', '' ], [ 'without optimization', '-O0 -DTV_WIDE=', '' ],
    [ 'for any machine', '-O2 -DTV_WIDE=', '' ], [ 'for AVX2', '-O3 -mavx2 -DTV_WIDE=', 'avx2' ],
    [ 'for AVX-512', '-O3 -mavx512f -DTV_WIDE=', 'avx512f' ])
{
    my ($name, $options, $needs) = @$build;

  SKIP: {
        skip "$needs: not on this machine", 2 unless $cpu{$needs};
        my $program = "$place/kernels";
        is(system("gcc $flags $options -o $program $source/t/kernels.c $source/kernel.c $source/quantize.c -lm"), 0, "$name: compiles");
        my $out = `$program`;
        is($?, 0, "$name: kernels agree with a sum over bits") or diag $out;
        $hash{$1}++ if $out =~ /^hash (\w+)/m;
    }
}
is(scalar(keys %hash), 1, 'all builds make the same codes and estimates');
done_testing();
