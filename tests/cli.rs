//! The command line, by the real binary: what scripts parse, and what bad input gets.

mod common;

use common::{Folder, PYTHON, alone, has_h5py, is_built_in, mpirun, pcount, peak, run};
use serde_json::json;
use std::process::Command;

/// Arguments, and what the one line on stderr must quote.
#[rustfmt::skip]
const BAD: &[(&str, &str)] = &[
    // Numbers
    ("pi abc", "'abc' is not a number"),
    ("pi 1.5", "'1.5' is not an integer"),
    ("pi 1e-3", "'1e-3' is not an integer"),
    ("pi 1__0", "'1__0' is not a number"),
    ("pi 1,000", "'1,000' is not a number"),
    ("pi 0x10", "'0x10' is not a number"),
    ("pi +5", "'+5' is not a number"),
    ("pi -5", "'-5' is negative"),
    ("pi 3-5", "'3-5' is negative"),
    ("pi 2^", "'2^' is not a number"),
    ("pi 2^128", "'2^128' is too large"),
    ("pi 1e400", "'1e400' is too large"),
    ("pi 9^9^9^9", "'9^9^9^9' is too large"),
    ("pi 1e99999999999999999999", "is too large"),
    ("pi ∞", "'∞' is not a number"),
    ("pi", "needs a number"),
    ("phi", "'phi' needs two numbers, X and A: write pcount phi 1e9 100"),
    ("phi 1e9", "'phi' needs two numbers, X and A, not '1e9': write pcount phi"),
    ("phi 1e9 5 7", "not '1e9' '5' '7'"),
    ("phi 1e9 x", "'x' is not a number"),
    ("phi 0..10 5", "'0..10' is not a number"),
    ("phi 10^30+1 5", "in '10^30+1': '1000000000000000000000000000001' is too large: phi takes X up to 10^30"),
    ("phi 10^26 101", "'101' primes are too many: beyond 10^25 phi takes A up to 100"),
    ("phi 10^20 1000", "'1000' primes are too many for the recursion and too few to count what is left: beyond 2^64 phi takes"),
    ("phi -5 3", "'-5' is negative"),
    ("li", "'li' needs a number: write pcount li 1e9"),
    ("li 1", "'1' has no value, as li is minus infinity there: write 0, or a number from 2 on"),
    ("li 10 2-1", "in '2-1': '1' has no value"),
    ("li 1.5", "'1.5' is not an integer"),
    ("riemann-r", "'riemann-r' needs a number: write pcount riemann-r 1e9"),
    ("riemann-r 2^128", "'2^128' is too large"),
    ("nth-prime", "'nth-prime' needs a number: write pcount nth-prime 1e9"),
    ("nth-prime 0", "'0' is not the number of a prime: the first prime is number 1"),
    ("nth-prime 5 3-3", "in '3-3': '0' is not the number of a prime"),
    ("nth-prime -1", "'-1' is negative"),
    ("nth-prime 0..10", "in '0..10': '0' is not the number of a prime"),
    ("nth-prime 1e25", "'10000000000000000000000000' is too large: primes are found up to 10^25"),
    ("nth-prime 10 --method sieve", "--method is not for 'nth-prime'"),
    ("is-prime", "'is-prime' needs a number: write pcount is-prime 1e9"),
    ("is-prime 9.5", "'9.5' is not an integer"),
    ("is-prime 2^128", "'2^128' is too large"),
    ("is-prime 9 --lanes scalar", "--lanes is not for 'is-prime'"),
    ("next-prime", "'next-prime' needs a number: write pcount next-prime 1e9"),
    ("next-prime 2^128-1", "in '2^128-1': '340282366920938463463374607431768211455' is too large: the greatest prime below 2^128 is 340282366920938463463374607431768211297"),
    ("prev-prime 2", "'2' has no prime below it: write 3 or more"),
    ("prev-prime 9 0..10", "in '0..10': '0' has no prime below it: write 3 or more"),
    ("prev-prime -5", "'-5' is negative"),
    // Ranges
    ("sum-primes 10", "'10' is a number where a range is needed"),
    ("sum-primes 5..3", "'5..3' runs backwards: write 3..5"),
    ("sum-primes 0..10^25+2", "'0..10000000000000000000000002' goes beyond 10^25: ranges wider than 2^64 numbers must end before"),
    ("sum-primes 0..2^64+1 --power 3", "'0..18446744073709551617' is wider than 2^64 numbers, the most that --power 3 takes"),
    ("sum-primes 0..9 --power 4", "--power: '4' is not 0, 1, 2 or 3"),
    ("sum-primes 0..9 --power two", "--power: 'two' is not a number"),
    ("primes 0..9 --power 2", "'--power' is not an option; see pcount primes --help"),
    ("sum-primes 2^127..+10", "goes beyond 2^127"),
    ("sum-primes 0..10 --method trial", "--method is not for 'sum-primes'"),
    ("sum-primes 0..10 --gaps", "'--gaps' is not an option of 'sum-primes': write pcount primes 0..10 --gaps"),
    ("primes 10", "'10' is a number where a range is needed"),
    ("primes ten", "'ten' is not a range"),
    ("primes 5..3", "'5..3' runs backwards: write 3..5"),
    ("primes 5..=3", "'5..=3' runs backwards"),
    ("primes 0..", "'0..' lacks an end"),
    ("primes ..9", "'..9' lacks a start"),
    ("primes ..", "'..' lacks a start"),
    ("primes 0...9", "'0...9' is not a range: did you mean 0..=9"),
    ("primes 1..2..3", "'2..3' is not a number"),
    ("primes 0..x", "in '0..x': 'x' is not a number"),
    ("primes 0..1e6/0", "'0..1e6/0' asks for 0 ranges"),
    ("primes 0..1e6/x", "'x' is not a number"),
    ("primes 0..1e6/1e9", "'0..1e6/1e9' asks for 1000000000 ranges"),
    ("primes -5..3", "'-5..3' is negative"),
    ("primes 0..-3", "in '0..-3': '-3' is negative"),
    ("primes 0..2^64+1 --method sieve", "'0..18446744073709551617' is wider than 2^64"),
    ("primes 5..1e25+2", "'5..10000000000000000000000002' goes beyond 10^25"),
    ("primes 2^100..+10 --method gourdon", "goes beyond 10^25, the limit of --method gourdon"),
    ("primes --method gourdon --gaps", "--gaps needs the sieve"),
    ("primes --method lmo --gaps", "--gaps needs the sieve"),
    ("pi 1e15+1 --method legendre", "in '1e15+1': '1000000000000001' goes beyond 10^15, the limit of --method legendre: write --method gourdon"),
    ("primes 0..2e15 --method lmo", "'0..2000000000000000' goes beyond 10^15, the limit of --method lmo: write --method gourdon"),
    ("pi 1e9 --method legendre --lanes scalar", "--lanes is not for --method legendre"),
    ("sum-primes 0..9 --method lmo", "--method is not for 'sum-primes'"),
    ("primes 2^127..+10", "goes beyond 2^127"),
    ("primes 2^64..+10 --method trial", "goes beyond 2^64: leave out --method trial"),
    ("primes 0..=2^128-1", "'0..=2^128-1' ends beyond"),
    ("primes 2^127..+2^127", "'2^127..+2^127' ends beyond"),
    ("primes 0..10 oops", "'oops' is not a range"),
    ("pi 2^64 --method sieve", "in '2^64': '18446744073709551616' is too large for this method"),
    ("pi 10^26", "in '10^26': '100000000000000000000000000' is too large: pi takes numbers up to 10^25"),
    ("pi 2^128-1", "in '2^128-1': '340282366920938463463374607431768211455' is too large"),
    ("sum 0..2^100", "in '0..2^100': '0..1267650600228229401496703205376' has too many numbers"),
    ("primes 0..1e6/1e6 0..9", "'0..9' makes 1000001 numbers and ranges: at most 1000000 are allowed"),
    ("sum 10", "'10' is a number where a range is needed"),
    ("map-reduce 3..1", "'3..1' runs backwards"),
    // Kernels' limits
    ("factorial 1e9", "'1000000000' is too large for a factorial"),
    ("factorial 0..1e9", "in '0..1e9': '0..1000000000' makes 1000000000 rows: at most 10000000"),
    ("factorial 1e8..1e8+9", "in '1e8..1e8+9': '100000000..100000009' is too large for a factorial: 100000000"),
    ("factorial x", "'x' is not a number"),
    ("factorial 5 --mod 0", "--mod: '0' is not between 1 and 2^64"),
    ("factorial 5 --mod 2^64+1", "--mod: '2^64+1' is not between 1 and 2^64"),
    ("factorial 5 --mod x", "--mod: 'x' is not a number"),
    ("factorial 5 --mod -7", "'-7' is negative"),
    ("factorial 5 --mod 7 --full", "--full prints whole factorials, and --mod computes none: leave one of them out"),
    ("factorial 1e13 --mod 2^64-59", "in '1e13': '10000000000000' is too large for a factorial modulo 18446744073709551557: 1000000000000"),
    ("factorial 0..1e9 --mod 7", "in '0..1e9': '0..1000000000' makes 1000000000 rows: at most 10000000"),
    ("square 5 --mod 7", "'--mod' is not an option; see pcount square --help"),
    ("square 0..2^71", "in '0..2^71': '0..2361183241434822606848' has too many numbers: at most 2^70 are allowed"),
    (
        "double 0..1e12 --for 5s",
        "--for is not for a list without a run file, which is printed while it is computed: add --out FILE.h5, or leave it out",
    ),
    ("square 0..1e12 --keep-going", "--keep-going is not for a list"),
    ("delay x", "'x' is not a time"),
    ("delay -1", "'-1' is negative"),
    ("delay -.5", "'-.5' is negative"),
    ("delay 1e9", "'1e9' is too long"),
    ("delay inf", "'inf' is not a time"),
    ("download", "needs a URL"),
    ("download example.org/a", "'example.org/a' is not a whole URL"),
    ("download ftp://host/a", "'ftp://host/a' cannot be fetched by ftp"),
    ("download http://", "'http://' is not a whole URL"),
    ("download http://127.0.0.1:99999/x", "'http://127.0.0.1:99999/x' has no port"),
    ("download --list /nowhere/list", "'/nowhere/list'"),
    ("download http://localhost/ --timeout 0", "--timeout: '0'"),
    ("barrier --step x", "--step: 'x' is not a time"),
    ("barrier 5", "'5'"),
    ("barrier --rounds 0", "--rounds: '0' is not from 1 to 100000"),
    ("barrier --rounds many", "--rounds: 'many'"),
    ("barrier --rounds 9 --step 1s", "'--rounds' has no '--step'"),
    ("ranks --rounds 9", "'--rounds' is not an option"),
    ("ranks all", "'all'"),
    // Commands and options
    ("prime", "'prime'"),
    ("0..10", "'0..10' is a range, not a command: write pcount primes 0..10"),
    ("resume", "'resume' needs a run file: write pcount resume run.h5"),
    ("resume /nowhere/run.h5", "'/nowhere/run.h5': there is no such file"),
    ("resume run.h5 --out other.h5", "--out is not for 'resume'"),
    ("resume run.h5 --dry-run", "--dry-run is not for 'resume'"),
    ("primes --for soon", "--for: 'soon' is not a time: write 3h50m, 90s, 500ms or 90"),
    ("primes --for 0", "--for: '0' is not a time"),
    ("primes --keep-going --schedule fixed", "--schedule fixed: only the farm can deal"),
    ("primes 0..9 --list --keep-going", "--keep-going is not for a list"),
    ("ranks --keep-going", "--keep-going is not for 'ranks'"),
    ("show run.h5 --keep-going", "--keep-going is not for 'show'"),
    ("primes --checkpoint-every 5s", "--checkpoint-every is about the run file"),
    ("primes 0..10 --list --for 5s", "--for is not for a list"),
    ("barrier --status-file s.json", "--status-file is not for 'barrier'"),
    ("primes 0..9 --status-file /", "--status-file: '/' is not a file name: write --status-file status.json"),
    ("primes 0..9 --status-file /nowhere/s.json", "--status-file: '/nowhere/s.json' cannot be made in its folder"),
    ("compare pi 9 --status-file s.json", "--status-file is not for 'compare'"),
    ("barrier --for 5s", "--for is not for 'barrier'"),
    ("show run.h5 --for 5s", "--for is not for 'show'"),
    ("--frobnicate", "'--frobnicate'"),
    ("primes --frobnicate", "'--frobnicate'"),
    ("primes -x", "'-x'"),
    ("primes --method", "'--method"),
    ("primes --method gurdon", "'gurdon'"),
    ("primes --method Trial", "'Trial'"),
    ("primes --schedule dynamic", "'dynamic'"),
    ("primes --format xml", "'xml'"),
    ("primes --progress sometimes", "'sometimes'"),
    ("primes --lanes mmx", "lanes 'mmx' are not known"),
    ("primes --lanes scalar --method trial", "--lanes is not for --method trial"),
    ("primes --threads 0", "--threads: '0' is not between 1 and 4096"),
    ("primes --threads two", "--threads: 'two' is not a number"),
    ("primes --threads 1e9", "--threads: '1e9' is not between"),
    ("primes --threads -1", "'-1' is negative"),
    ("primes --threads 1 --threads 2", "'--threads"),
    ("primes --out /nowhere/run.h5", "'/nowhere/run.h5': there is no folder '/nowhere'"),
    ("primes --out /", "--out: '/' is not a file name"),
    ("primes --out run.h5/", "--out: 'run.h5/' is not a file name"),
    ("primes --out run.h5/.", "--out: 'run.h5/.' is not a file name"),
    ("primes --out /dev/null", "'null' is there and is not a plain file"),
    ("primes --out", "'--out"),
    ("primes -q --format json", "--quiet"),
    ("primes --full", "--full is not for 'primes'"),
    ("square --method trial", "--method is not for 'square'"),
    ("delay --lanes scalar", "--lanes is not for 'delay'"),
    ("primes --step 1", "'--step'"),
    ("primes --verify --method trial", "--verify is not for --method trial: leave one of them out"),
    ("primes --verify --gaps", "--verify is not for --gaps"),
    ("primes --tuplet 2 --verify", "--verify is not for --tuplet"),
    ("primes --list --verify", "--verify is not for --list"),
    ("sum-primes --verify", "--verify is not for 'sum-primes': leave it out"),
    ("--verify nth-prime 5", "--verify is not for 'nth-prime'"),
    ("show run.h5 --verify", "--verify is not for 'show'"),
    ("primes --residues 0", "--residues: '0' is not between 1 and 10^6"),
    ("primes --residues 1000001", "--residues: '1000001' is not between 1 and 10^6"),
    ("primes --residues 1.5", "--residues: '1.5'"),
    ("primes --residues 4 --gaps", "--gaps and --residues exclude each other"),
    ("primes --residues 4 --list", "--residues and --list exclude each other"),
    ("primes --residues 4 --method gourdon", "--residues needs the sieve"),
    ("primes --residues 4 --method trial", "--residues needs the sieve"),
    ("primes --residues 4 --verify", "--verify is not for --residues"),
    ("primes 0..1e9/100 --residues 999983", "--residues 999983 makes 99998200 rows, 999982 for each range"),
    ("primes --race", "--race needs the modulus of its classes: add --residues 4"),
    ("primes --race --residues 4", "--race is run in one range, not in 3"),
    ("primes 0..9 --race --residues 2", "--race: modulo 2 there is only one class"),
    ("primes 0..9 --race --residues 1001", "--race takes --residues up to 1000, and not 1001"),
    ("primes 0..2^64+1 --race --residues 4", "is wider than 2^64"),
    ("primes 2^64..2^64+1 --race --residues 4", "'18446744073709551616..18446744073709551617' goes beyond 2^64, the limit of --race"),
    ("pi 100 --residues 4", "'--residues'"),
    ("primes 0..9 --every 0", "--every: '0' is no step"),
    ("primes 0..9 --tuplet ,", "--tuplet: ',' lacks a number beside a comma"),
    ("primes 0..97 --points 5,97", "'97' is prime and not in the range '0..97': write 0..=97 for the range, or 96 for the point"),
    ("primes 0..9 --gaps bogus", "--gaps: 'bogus' is not largest, records, first, histogram"),
    ("sum 999999999999999999999999999999999999999999", "is too large: numbers end at 2^128-1"),
    ("primes 0..9 --every x", "--every: 'x' is not a number"),
    ("primes --every 5", "--every is about one range, not 3"),
    ("primes 0..1e9 --every 2", "500000000 points are too many: at most 10000000 are allowed"),
    ("primes 0..9 --every 2 --points 3", "--every and --points exclude each other"),
    ("primes 0..9 --points 3,10", "--points: '10' is not in the range '0..9'"),
    ("primes 0..9 --points 3,,5", "--points: '3,,5' lacks a number beside a comma"),
    ("primes 0..9 --points 3 --list", "--points is not for --list"),
    ("primes 0..9 --every 3 --residues 4", "--every and --points are not for --residues"),
    ("pi 100 --every 10", "'--every'"),
    ("primes 0..9 -f bfile", "--format bfile needs rows of a number and a value"),
    ("primes 5..9 --list -f bfile", "--format bfile numbers the primes from 2 on: list one range that starts at 0"),
    ("is-prime 5 -f bfile", "'yes' is not an integer"),
    ("phi 9 2 -f bfile", "--format bfile needs rows"),
    ("pi 5 -f bfile -q", "--quiet"),
    ("primes --tuplet 1", "--tuplet: '1' is not between 2"),
    ("primes --tuplet 13", "--tuplet: '13' is not between 2, for twins, and 12; or write a pattern, such as --tuplet 0,4,6,10"),
    ("primes --tuplet 2..6", "--tuplet: '2..6' is not a number"),
    ("primes --tuplet 2,6", "--tuplet: '2,6' does not begin with 0, the place of the first prime"),
    ("primes --tuplet 0,6,4", "--tuplet: '0,6,4' does not ascend"),
    ("primes --tuplet 0,2,2", "--tuplet: '0,2,2' does not ascend"),
    ("primes --tuplet 0,2,x", "--tuplet: 'x' is not a number"),
    ("primes --tuplet 0,2,", "--tuplet: '0,2,' lacks a number beside a comma"),
    ("primes --tuplet 0,1002", "--tuplet: '0,1002' is wider than 1000"),
    (
        "primes --tuplet 0,2,4",
        "--tuplet: '0,2,4' is not admissible: 3 divides one of n, n+2, n+4 for every n, so they are never all prime, but for 3, 5, 7",
    ),
    (
        "primes --tuplet 0,2,6,8,14",
        "5 divides one of n, n+2, n+6, n+8, n+14 for every n, so they are never all prime, but for 5, 7, 11, 13, 19",
    ),
    ("primes --tuplet 0,7,8", "2 divides one of n, n+7, n+8 for every n, so they are never all prime"),
    ("primes 0..9 --tuplet 0,4 --list --every 3", "--every is not for --list: leave one of them out"),
    ("primes 10^25..+9 --tuplet 2 --list --prove", "--prove is not for --tuplet: leave one of them out"),
    ("primes 10^25..+10^11 --prove", "is too wide for --prove"),
    ("primes 10^25..+9 --verify --prove", "--prove is not for --verify: leave one of them out"),
    ("primes 0..9 --format npy --dry-run", "--format npy prints numbers, and --dry-run has none"),
    ("primes 2^64..+9 --list --format raw", "--format raw prints numbers up to 2^64-1, and this list goes beyond"),
    ("factorial 30 --format raw", "'265252859812191058636308480000000' is not between 0 and 2^64-1"),
    ("is-prime 7 --format npy", "--format npy prints integers, and those of 'is-prime' are none: write --format csv"),
    ("ranks --format raw", "--format raw prints integers, and those of 'ranks' are none"),
    ("li 7 --format raw", "--format raw prints integers"),
    ("compare primes --format raw", "--format raw is not for 'compare'"),
    ("primes -q --format raw", "--quiet prints bare answers, so it takes no --format"),
    ("primes --tuplet twins", "--tuplet: 'twins' is not a number"),
    ("primes --tuplet", "'--tuplet"),
    ("primes --tuplet 2 --gaps", "--tuplet and --gaps exclude each other"),
    ("primes --gaps --list", "--gaps and --list exclude each other"),
    ("primes --gaps --method trial", "--gaps needs the sieve"),
    ("primes --gaps records", "--gaps records makes a table of one range, not of 3: write one, such as 0..1e9"),
    ("primes 0..9 --gaps largset", "--gaps: 'largset' is not largest, records, first, histogram, or a number from 1 on"),
    ("primes 0..9 --gaps 0", "--gaps: '0' is not largest, records"),
    ("primes 0..9 --gaps 100 7", "'7' is a number where a range is needed"),
    ("primes 0..1e12 --gaps 6", "write a larger number, or --gaps histogram to count them"),
    ("primes 0..9 --gaps first --every 3", "--every and --points are not for --gaps first"),
    ("primes 10^25..+9 --gaps histogram", "goes beyond 3.3·10^24: a table of gaps is one of proven primes"),
    ("primes --tuplet 3 --method trial", "--tuplet needs the sieve"),
    ("primes --method trial --list", "--list needs the sieve"),
    ("pi 100 --gaps", "'--gaps' is not an option of 'pi': write pcount primes 0..=100 --gaps"),
    ("pi 100 --tuplet 2", "'--tuplet'"),
    ("pi 100 --list", "'--list' needs a value"),
    ("--list", "'--list' is not an option: write pcount primes --list"),
    ("--tuplet 2", "'--tuplet' is not an option: write pcount primes --tuplet 2"),
    ("primes --gapz", "'--gapz' is not an option: write --gaps"),
    ("primes --list file", "'file' is not a range"),
    ("primes -v", "-v goes with --version"),
    ("show", "'show' needs a run file: write pcount show run.h5"),
    ("show /nowhere/run.h5", "'/nowhere/run.h5': there is no such file"),
    ("show Cargo.toml", "'Cargo.toml' is not a pcount run file"),
    ("show src", "'src' is not a pcount run file"),
    ("show run.h5 --method trial", "--method is not for 'show'"),
    ("show run.h5 --threads 2", "--threads is not for 'show'"),
    ("watch", "'watch' needs a run file: write pcount watch run.h5"),
    ("watch Cargo.toml", "'Cargo.toml' is not a pcount run file"),
    ("watch run.h5 --threads 2", "--threads is not for 'watch'"),
    ("delay 0 --cache c", "--cache is not for 'delay'"),
    ("ranks --cache c", "--cache is not for 'ranks'"),
    ("compare pi 9 --cache c", "--cache is not for 'compare'"),
    ("show run.h5 --cache c", "--cache is not for 'show'"),
    ("pi 9 --cache Cargo.toml", "--cache: the cache folder 'Cargo.toml' cannot be made"),
];

#[test]
fn bad_input_is_one_line_that_quotes_it() {
    assert!(BAD.len() >= 60);
    for (line, quote) in BAD.iter().filter(|(line, _)| is_built_in(line)) {
        let args: Vec<&str> = line.split(' ').collect();
        let run = alone(&args);
        // A file that is there but is none of ours is no usage error.
        let code = if quote.ends_with("is not a pcount run file") { 1 } else { 2 };
        assert_eq!(run.code, Some(code), "{line}: {run:?}");
        assert_eq!(run.out, "", "{line}");
        assert_eq!(run.err.lines().count(), 1, "{line}: {}", run.err);
        assert!(run.err.starts_with("pcount: ") && run.err.contains(quote), "{line}: {}", run.err);
    }
}

#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = pcount(&["primes"]);
    command.arg(std::ffi::OsStr::from_bytes(b"0..\xff"));
    let run = run(command);
    assert_eq!((run.code, &*run.out, run.err.lines().count()), (Some(2), "", 1), "{run:?}");
    assert!(run.err.contains("'0..\u{fffd}' is not text"), "{}", run.err);
}

#[test]
fn an_empty_argument_is_refused() {
    for args in [["primes", ""], ["pi", ""], ["square", ""], ["delay", ""], ["download", ""]] {
        if !is_built_in(args[0]) {
            continue;
        }
        let run = alone(&args);
        assert_eq!((run.code, &*run.out), (Some(2), ""), "{args:?}: {run:?}");
        assert!(run.err.contains("''"), "{args:?}: {}", run.err);
    }
}

#[test]
fn wrong_environments_are_refused() {
    for (name, value) in [("PCOUNT_THREADS", "0"), ("OMP_NUM_THREADS", "many"), ("PCOUNT_THREADS", " ")] {
        let mut command = pcount(&["primes"]);
        command.env(name, value);
        let run = run(command);
        assert_eq!((run.code, &*run.out), (Some(2), ""), "{name}={value}: {run:?}");
        assert!(run.err.contains(&format!("{name}='{value}'")), "{}", run.err);
    }
}

#[test]
fn the_default_job_in_all_formats() {
    let text = "  start      end   count\n      0  1000000   78498\n1000000  2000000   70435\n\
                2000000  3000000   67883\n------------------------\ntotal             216816\n";
    assert_eq!(alone(&[]).out, text);
    assert_eq!(alone(&["primes"]).out, text);
    assert_eq!(alone(&["-q"]).out, "78498\n70435\n67883\n");
    let csv = "start,end,count\n0,1000000,78498\n1000000,2000000,70435\n2000000,3000000,67883\n";
    assert_eq!(alone(&["--format", "csv"]).out, csv);
    let json = alone(&["--format", "json"]).json();
    assert_eq!(
        (&json["schema"], &json["status"], &json["kernel"]),
        (&json!("pcount/1"), &json!("complete"), &json!("primes"))
    );
    assert_eq!(json["problem"]["ranges"], json!(["0..1000000", "1000000..2000000", "2000000..3000000"]));
    assert_eq!(json["problem"]["method"], "sieve");
    assert_eq!(json["answer"]["rows"][1], json!({"start": "1000000", "end": "2000000", "count": "70435"}));
    assert_eq!(json["answer"]["total"], "216816");
    assert_eq!((&json["run"]["ranks"], &json["run"]["schedule"]), (&json!(1), &json!("fixed")));
    assert!(json["run"]["seconds"]["wall"].as_f64().unwrap() > 0.0);
    assert!(json["run"]["threads"].as_u64().unwrap() >= 1);
}

#[test]
fn every_kernel_answers() {
    let quiet = |args: &str| alone(&format!("-q {args}").split(' ').collect::<Vec<_>>()).out;
    assert_eq!(quiet("pi 1e6 10 0"), "78498\n4\n0\n");
    assert_eq!(quiet("sum-primes 0..=10 0..0 0..=1e6"), "17\n0\n37550402023\n");
    assert_eq!(quiet("phi 1e6 168"), "78331\n");
    assert_eq!(quiet("nth-prime 1 1e6 455052511"), "2\n15485863\n9999999967\n");
    assert_eq!(quiet("is-prime 91 97 1e18+9"), "no\nyes\nyes\n");
    assert_eq!(quiet("next-prime 0 1e18 2^127-1"), "2\n1000000000000000003\n170141183460469231731687303715884105757\n");
    assert_eq!(quiet("prev-prime 3 1e18"), "2\n999999999999999989\n");
    assert_eq!(quiet("li 2 1e9"), "1.0451637801174927848\n50849234.957001798004\n");
    assert_eq!(quiet("riemann-r 1e25"), "176846309399141934626965.8310\n");
    assert_eq!(quiet("factorial 10 12 14"), "3628800\n479001600\n87178291200\n");
    assert_eq!(quiet("square"), "1\n4\n9\n16\n25\n");
    assert_eq!(quiet("double"), "2\n4\n6\n8\n10\n12\n14\n16\n18\n20\n22\n24\n");
    assert_eq!(quiet("sum"), "45\n");
    assert_eq!(quiet("map-reduce"), "55\n");
    assert_eq!(quiet("sum 0..=2^16"), "2147516416\n");
    let waited: f64 = quiet("delay 0.01").trim().parse().unwrap();
    assert!((0.01..1.0).contains(&waited));
    let ranks = alone(&["ranks", "--format", "json"]).json();
    let row = &ranks["answer"]["rows"][0];
    assert_eq!(row["rank"], 0);
    assert!(row["cores"].as_array().is_some_and(|cores| !cores.is_empty()), "{row}");
    let barrier = alone(&["barrier", "--step", "0.01", "--format", "json"]).json();
    let row = &barrier["answer"]["rows"][0];
    assert!(row["released"].as_f64().unwrap() >= row["arrived"].as_f64().unwrap(), "{row}");
    for (command, heading) in [("pi", "x,count\n"), ("nth-prime", "n,prime\n")] {
        for method in [&[][..], &["--method", "trial"]] {
            let method = if command == "pi" { method } else { &[] };
            let none = alone(&[&[command, "3..3", "9..9", "--format", "csv"], method].concat());
            assert_eq!((none.code, &*none.out), (Some(0), heading), "{none:?}");
        }
        assert_eq!(alone(&[command, "3..3", "-q"]).out, "");
    }
    let rounds = alone(&["barrier", "--rounds", "3", "--format", "csv"]).out;
    assert_eq!(rounds.lines().map(|row| row.split(',').next().unwrap()).collect::<Vec<_>>(), ["round", "1", "2", "3"]);
}

#[test]
fn rows_of_sums_and_of_functions() {
    let line = |args: &str| alone(&args.split(' ').collect::<Vec<_>>()).out;
    assert_eq!(line("sum-primes 0..10 --format csv"), "start,end,sum\n0,10,17\n");
    assert_eq!(line("phi 100 4 --format csv"), "x,a,count\n100,4,22\n");
    assert_eq!(line("nth-prime 25 --format csv"), "n,prime\n25,97\n");
    assert_eq!(line("is-prime 2^127-1 --format csv").lines().next(), Some("n,prime,certainty"));
    assert_eq!(line("next-prime 97 --format csv"), "n,prime\n97,101\n");
    assert_eq!(line("prev-prime 97 2^127-1 --format csv").lines().next(), Some("n,prime,certainty"));
    let json = alone(&["is-prime", "97", "--format", "json"]).json();
    assert_eq!(json["answer"], json!({"rows": [{"n": "97", "prime": "yes", "certainty": "proven"}]}));
    assert_eq!(line("li 2 --format csv"), "x,value\n2,1.0451637801174927848\n");
    assert_eq!(line("riemann-r 1 --format csv"), "x,value\n1,1.0000000000000000000\n");
    assert_eq!(
        line("sum-primes 0..10 2^127-100..2^127 --format csv"),
        "start,end,sum,certainty\n0,10,17,proven\n\
         170141183460469231731687303715884105628,170141183460469231731687303715884105728,\
         510423550381407695195061911147652317119,probable\n"
    );
    let json = alone(&["phi", "1e9", "2^70", "--format", "json"]).json();
    assert_eq!(json["problem"], json!({"x": "1000000000", "a": "1180591620717411303424"}));
    assert_eq!(json["answer"], json!({"rows": [{"x": "1000000000", "a": "1180591620717411303424", "count": "1"}]}));
    let json = alone(&["sum-primes", "0..1e6/2", "--format", "json"]).json();
    assert_eq!(json["answer"]["total"], "37550402023");
}

#[test]
fn verifying_gives_the_same_answer_and_is_told() {
    for (args, how) in [
        ("primes 0..2e7 1e12..+1e6 --method sieve", "1 unit in 64 by scalar lanes"),
        ("pi 1e9 1e6 --method gourdon", "gourdon with y "),
        ("pi 1e9 1e6 --method legendre", "lmo"),
        ("primes 1e8..1e9 --method lmo", "legendre"),
    ] {
        let json = |more: &str| alone(&format!("{args}{more} --format json").split(' ').collect::<Vec<_>>()).json();
        let (once, twice) = (json(""), json(" --verify"));
        assert_eq!((&once["answer"], &once["problem"]), (&twice["answer"], &twice["problem"]));
        assert_eq!(once["run"]["verify"], json!(null));
        assert!(twice["run"]["verify"].to_string().contains(how), "{}", twice["run"]);
    }
}

#[test]
fn whole_factorials_only_when_asked() {
    let value = |args: &[&str]| alone(args).json()["answer"]["rows"][0]["value"].clone();
    assert_eq!(value(&["factorial", "100", "--format", "json"]), json!(null));
    let full = value(&["factorial", "100", "--full", "--format", "json"]);
    assert_eq!(full.as_str().unwrap().len(), 158);
    assert_eq!(alone(&["-q", "factorial", "100"]).out.trim().len(), 158);
}

#[test]
fn factorials_modulo_a_number_have_its_rows_in_every_format() {
    let out = |args: &str| alone(&args.split(' ').collect::<Vec<_>>()).out;
    let rows = "n,modulus,value\n5,7,1\n6,7,6\n7,7,0\n1000000000000000000000,7,0\n";
    assert_eq!(out("factorial 5..8 10^21 --mod 7 --format csv"), rows);
    assert_eq!(out("factorial --mod 1e9+7 5 1e9+6 2e9 -q"), "120\n1000000006\n0\n");
    // 10^9! modulo 10^9 + 7 is known from tables, and the last prime below 2^64 has one of Wilson's.
    assert_eq!(out("factorial 1e9 2^64-60 --mod 1e9+7 -q"), "698611116\n0\n");
    assert_eq!(out("factorial 2^64-60 --mod 2^64-59 -q"), "18446744073709551556\n");
    let json = alone(&["factorial", "10", "--mod", "2^64", "--format", "json"]).json();
    let row = json!({"n": "10", "modulus": "18446744073709551616", "value": "3628800"});
    assert_eq!(json["answer"]["rows"], json!([row]));
    assert_eq!(json["problem"], json!({"numbers": ["10"], "modulus": "18446744073709551616"}));
}

/// The primes below a hundred.
const PRIMES: &str = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97";

#[test]
fn a_list_is_the_primes_in_every_format() {
    let line = |args: &str| alone(&format!("primes {args}").split(' ').collect::<Vec<_>>()).out;
    let lines = PRIMES.replace(' ', "\n") + "\n";
    assert_eq!(line("0..100 --list"), format!("prime\n{lines}"));
    assert_eq!(line("0..100 --list -q"), lines);
    assert_eq!(line("0..50 50..100 --list -q --threads 3"), lines);
    assert_eq!(line("0..100 --list --format csv"), format!("prime\n{lines}"));
    assert_eq!(line("90..100 0..0 24..29 0..4 --list -q"), "97\n2\n3\n");
    assert_eq!(line("0..0 --list"), "prime\n");
    let json = alone(&["primes", "0..100", "--list", "--format", "json"]).json();
    let rows: Vec<&str> =
        json["answer"]["rows"].as_array().unwrap().iter().map(|row| row["prime"].as_str().unwrap()).collect();
    assert_eq!(rows.join(" "), PRIMES);
    assert_eq!((&json["status"], &json["problem"]["list"]), (&json!("complete"), &json!("yes")));
    assert!(json["run"]["seconds"]["wall"].as_f64().unwrap() > 0.0);
    assert_eq!(alone(&["primes", "24..28", "--list", "--format", "json"]).json()["answer"], json!({"rows": []}));
    assert_eq!(line("1e18..+50 --list -q"), "1000000000000000003\n1000000000000000009\n1000000000000000031\n");
    let plan = alone(&["primes", "0..1e12", "--list", "--dry-run", "--format", "json"]).json();
    assert!(plan["run"]["batches"].as_u64().unwrap() > 100, "{plan}");
}

#[test]
fn a_long_list_is_whole_and_takes_little_memory() {
    use std::io::{BufRead, BufReader};
    let mut command = pcount(&["primes", "0..1e8", "--list", "-q"]);
    let mut child = common::spawn(command.stdout(std::process::Stdio::piped()));
    let (mut count, mut last, mut largest) = (0u64, 0u64, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let prime: u64 = line.unwrap().parse().unwrap();
        assert!(prime > last);
        (count, last) = (count + 1, prime);
        if count % 1_000_000 == 0 {
            largest = largest.max(peak(child.id()).unwrap_or(0));
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!((count, last), (5_761_455, 99_999_989));
    assert!(largest < 150_000, "{largest} kB");
}

/// The rows of `square`, as text.
fn squares(numbers: impl Iterator<Item = u64> + Clone) -> String {
    let rows = || numbers.clone().map(|n| (n, n * n));
    let width = |key: &str, cells: &mut dyn Iterator<Item = u64>| {
        cells.map(|n| n.to_string().len()).max().unwrap().max(key.len())
    };
    let (n, value) = (width("n", &mut rows().map(|row| row.0)), width("value", &mut rows().map(|row| row.1)));
    let line = |left: &str, right: &str| format!("{left:>n$}  {right:>value$}\n");
    line("n", "value") + &rows().map(|(n, value)| line(&n.to_string(), &value.to_string())).collect::<String>()
}

#[test]
fn many_rows_read_like_few() {
    let out = |args: &str| alone(&args.split(' ').collect::<Vec<_>>()).out;
    // The last ones are held, the others are written as they come.
    for count in [100_001, 250_000, 100_000, 9] {
        assert!(out(&format!("square 0..{count} --threads 3")) == squares(0..count), "{count}");
    }
    assert!(
        out("square 150000..250000 7 0..5 5..5 90..200")
            == squares((150_000..250_000).chain([7]).chain(0..5).chain(90..200))
    );
    let values: String = (0..200_000u64).map(|n| format!("{}\n", 2 * n)).collect();
    assert!(out("double 0..2e5 -q") == values);
    let json = alone(&["double", "1e5..3e5", "--format", "json"]).json();
    let rows = json["answer"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[199_999]), (200_000, &json!({"n": "299999", "value": "599998"})));
    assert_eq!((&json["status"], &json["problem"]["numbers"]), (&json!("complete"), &json!(["100000..300000"])));
    let large = out("square 1e30..+200000 -f csv");
    assert_eq!(large.lines().count(), 200_001);
    assert!(
        large.ends_with(
            "1000000000000000000000000199999,1000000000000000000000000399998000000000000000000039999600001\n"
        ),
        "{}",
        large.lines().last().unwrap()
    );
}

#[test]
fn rows_end_when_their_reader_does() {
    let mut command = pcount(&["square", "0..1e12"]);
    let mut child = common::spawn(command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn rows_take_little_memory_and_a_dry_run_knows_it() {
    let args = ["square", "0..2e7", "--threads", "2"];
    let plan = alone(&[&args[..], &["--dry-run", "--format", "json"]].concat()).json();
    let predicted = plan["run"]["predicted"]["bytes_per_rank"].as_u64().unwrap();
    let largest = 1024 * common::peak_at_end(common::spawn(pcount(&args).stdout(std::process::Stdio::null())));
    assert!(4 * largest < 5 * predicted && predicted < 3 * largest, "predicted {predicted}, found {largest}");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn many_rows_are_kept_and_shown_as_they_were_told() {
    let folder = Folder::new("rows");
    let path = folder.file("run.h5");
    for (words, types) in [
        ("square 0..120000 5", "uint64 uint64"),
        ("double 2^64-60000..2^64+60000", "|S39 |S39"),
        ("square 2^70..+110000", "|S39 |S78"),
    ] {
        for format in ["text", "csv", "json"] {
            let args = format!("{words} --format {format} --out {path}");
            let first = alone(&args.split(' ').collect::<Vec<_>>());
            assert_eq!((first.code, &*first.err), (Some(0), ""));
            assert!(alone(&["show", &path, "--format", format]).out == first.out, "{words} as {format}");
        }
        if has_h5py() {
            let script = "import h5py, sys\n\
                          rows = h5py.File(sys.argv[1])['rows']\n\
                          n, value = rows['n'], rows['value']\n\
                          factor = lambda n: n if sys.argv[2] == 'square' else 2\n\
                          print(n.dtype, value.dtype, all(int(v) == int(n) * factor(int(n)) for n, v in zip(n[:], value[:])))";
            let mut reader = Command::new(PYTHON);
            reader.args(["-c", script, &path, words.split(' ').next().unwrap()]);
            assert_eq!(run(reader).out, format!("{types} True\n"), "{words}");
        }
    }
}

#[test]
fn a_dry_run_knows_the_memory() {
    let many: Vec<String> = (1..=12).map(|n| format!("1e14+{n}e6")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let pi = [&["1e15"][..], &many, &["1e10", "1e12", "1e14", "3e15"]].map(|numbers| [&["pi"], numbers].concat());
    let nth = [&["1e12"][..], &["1e14"], &["1e13", "3e9", "1e11"]].map(|numbers| [&["nth-prime"], numbers].concat());
    for numbers in pi.into_iter().chain(nth) {
        let args = [&numbers[..], &["--threads", "2"]].concat();
        let plan = alone(&[&args[..], &["--dry-run", "--format", "json"]].concat()).json();
        let predicted = plan["run"]["predicted"]["bytes_per_rank"].as_f64().unwrap();
        let largest = common::peak_at_end(common::spawn(pcount(&args).stdout(std::process::Stdio::null())));
        let ratio = predicted / (1024 * largest) as f64;
        assert!((0.8..1.25).contains(&ratio), "{numbers:?}: predicted {predicted}, found {largest} KiB");
    }
}

/// Seconds that the program computes, on all its threads. Waiting for a core does not count.
fn computes(args: &[&str]) -> f64 {
    let mut command = Command::new("bash");
    // The locale decides how bash writes a fraction.
    command.env("LC_ALL", "C");
    command
        .args(["-c", "TIMEFORMAT='%U %S'; time \"$@\" > /dev/null", "bash", env!("CARGO_BIN_EXE_pcount")])
        .args(args);
    let run = common::run(command);
    // On a busy machine lines about the progress come before it.
    let times = run.err.lines().last().unwrap_or_default();
    times.split_whitespace().map(|seconds| seconds.parse::<f64>().unwrap_or_else(|_| panic!("{run:?}"))).sum()
}

/// A prediction counts what a thread computes, and so does this test, however busy the machine is. Caches and clocks still change: one
/// of some tries must be near.
#[test]
fn a_dry_run_knows_how_fast_this_machine_is() {
    for args in ["pi 1e14 3e14", "primes 1e12..+1e9 --method sieve", "primes 0..3e6 --method trial"] {
        for lanes in [&[][..], &["--lanes", "scalar"]] {
            // Dividing has no lanes.
            if args.ends_with("trial") && !lanes.is_empty() {
                continue;
            }
            let args = [&args.split(' ').collect::<Vec<_>>()[..], lanes, &["--threads", "1"]].concat();
            // What every run needs is no part of the prediction.
            let started = computes(&["pi", "10"]);
            let mut ratios = vec![];
            let near = (0..30).any(|_| {
                let plan = alone(&[&args[..], &["--dry-run", "--format", "json"]].concat()).json();
                let predicted = plan["run"]["predicted"]["seconds"].as_f64().unwrap();
                ratios.push(predicted / (computes(&args) - started));
                (0.8..1.25).contains(ratios.last().unwrap())
            });
            assert!(near, "{args:?}: predicted and taken are as {ratios:?}");
        }
    }
}

#[test]
fn a_list_ends_when_its_reader_does() {
    let mut command = pcount(&["primes", "0..1e13", "--list"]);
    let mut child = common::spawn(command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_list_is_kept_and_shown_as_it_was_told() {
    let folder = Folder::new("list");
    let path = folder.file("run.h5");
    for format in ["text", "csv", "json"] {
        let first = alone(&["primes", "0..1e6", "90..100", "--list", "--format", format, "--out", &path]);
        assert_eq!((first.code, &*first.err), (Some(0), ""));
        assert_eq!(alone(&["show", &path, "--format", format]).out, first.out, "{format}");
    }
    assert_eq!(alone(&["show", &path, "-q"]).out.lines().count(), 78_499);
    // The file is whole even if nobody reads what is printed.
    let mut command = pcount(&["primes", "0..1e7", "--list", "--out", &path]);
    let mut child = common::spawn(command.stdout(std::process::Stdio::piped()));
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(alone(&["show", &path, "-q"]).out.lines().count(), 664_579);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
    if has_h5py() {
        let script = "import h5py, sys; p = h5py.File(sys.argv[1])['primes']; print(p.dtype, p.shape, p[-1], p.chunks)";
        let mut reader = Command::new(PYTHON);
        reader.args(["-c", script, &path]);
        assert_eq!(run(reader).out, "uint64 (664579,) 9999991 (65536,)\n");
    }
}

#[test]
fn tuplets_and_gaps_have_their_columns() {
    let csv = |args: &str| alone(&format!("primes {args} --format csv").split(' ').collect::<Vec<_>>()).out;
    assert_eq!(csv("0..100 3..13 3..14 --tuplet 2"), "start,end,count,tuplets\n0,100,25,8\n3,13,4,2\n3,14,5,3\n");
    assert_eq!(csv("0..100 3..13 --tuplet 0,4"), "start,end,count,tuplets\n0,100,25,8\n3,13,4,2\n");
    assert_eq!(csv("0..1e6 --tuplet 12"), "start,end,count,tuplets\n0,1000000,78498,1\n");
    assert_eq!(csv("0..20 3..13 --tuplet 2 --list"), "first\n3\n5\n11\n17\n3\n5\n");
    assert_eq!(csv("0..100 --tuplet 0,6,12,18 --list"), "first\n5\n11\n41\n61\n");
    assert_eq!(csv("0..100 8..9 --tuplet 4"), "start,end,count,tuplets\n0,100,25,2\n8,9,0,0\n");
    assert_eq!(
        csv("0..1e5 7..8 8..10 --gaps"),
        "start,end,count,gap,after\n0,100000,9592,72,31397\n7,8,1,,\n8,10,0,,\n"
    );
    assert_eq!(csv("0..1e2 --gaps records"), "gap,after\n1,2\n2,3\n4,7\n6,23\n8,89\n");
    assert_eq!(csv("--gaps first 0..1e2"), "gap,after\n1,2\n2,3\n4,7\n6,23\n8,89\n");
    assert_eq!(csv("0..1e2 --gaps histogram"), "gap,after,number\n1,2,1\n2,3,8\n4,7,7\n6,23,7\n8,89,1\n");
    assert_eq!(csv("--gaps 8 0..140"), "gap,after\n8,89\n14,113\n");
    assert_eq!(csv("24..28 --gaps first"), "gap,after\n");
    assert_eq!(alone(&["primes", "0..100", "--gaps", "histogram", "-q"]).out, "1\n8\n7\n7\n1\n");
    let json = alone(&["primes", "0..9", "--gaps", "records", "--format", "json"]).json();
    assert_eq!(json["answer"], json!({"rows": [{"gap": "1", "after": "2"}, {"gap": "2", "after": "3"}]}));
    assert_eq!(json["problem"]["gaps"], "records");
    let json = alone(&["primes", "0..4", "2..3", "--gaps", "--format", "json"]).json();
    assert_eq!(json["answer"]["rows"][0], json!({"start": "0", "end": "4", "count": "2", "gap": "1", "after": "2"}));
    assert_eq!(json["answer"]["rows"][1], json!({"start": "2", "end": "3", "count": "1", "gap": null, "after": null}));
    assert_eq!(json["answer"]["total"], "3");
    let json = alone(&["primes", "0..1e6", "--tuplet", "2", "--format", "json"]).json();
    assert_eq!((&json["answer"]["total"], &json["problem"]["tuplet"]), (&json!("78498"), &json!("2")));
    assert_eq!(alone(&["primes", "0..1e6/2", "--tuplet", "2", "-q"]).out, "4565\n3604\n");
}

#[test]
fn classes_and_races_have_their_columns() {
    let csv = |args: &str| alone(&format!("primes {args} --format csv").split(' ').collect::<Vec<_>>()).out;
    assert_eq!(csv("10..20 0..10 --residues 6"), "start,end,residue,count\n10,20,1,2\n10,20,5,2\n0,10,1,1\n0,10,5,1\n");
    assert_eq!(csv("0..100 --residues 1"), "start,end,residue,count\n0,100,0,25\n");
    assert_eq!(csv("0..27000 --residues 4 --race"), "after,leader,lead\n3,3,31\n26861,1,1\n26879,3,3\n");
    assert_eq!(csv("3..3 --residues 4 --race"), "after,leader,lead\n");
    let json = alone(&["primes", "0..100", "--residues", "5", "--format", "json"]).json();
    assert_eq!((&json["answer"]["total"], &json["problem"]["residues"]), (&json!("24"), &json!("5")));
    assert_eq!(alone(&["primes", "0..100", "--residues", "4", "-q"]).out, "11\n13\n");
}

#[test]
fn points_of_a_range_have_what_is_up_to_them() {
    let csv = |args: &str| alone(&format!("{args} --format csv").split(' ').collect::<Vec<_>>()).out;
    assert_eq!(csv("primes 0..25 --every 10"), "up_to,count\n10,4\n20,8\n25,9\n");
    assert_eq!(csv("primes 0..=29 --points 7,29,3"), "up_to,count\n3,2\n7,4\n29,10\n");
    assert_eq!(csv("primes 0..8 --every 4 --tuplet 2"), "up_to,count,tuplets\n4,2,0\n8,4,2\n");
    assert_eq!(csv("primes 0..30 --every 15 --gaps"), "up_to,count,gap,after\n15,6,4,7\n30,10,6,23\n");
    assert_eq!(csv("sum-primes 0..=10 --every 4 --power 2"), "up_to,sum\n4,13\n8,87\n10,87\n");
    let json = alone(&["primes", "0..10", "--every", "5", "--format", "json"]).json();
    assert_eq!(json["answer"], json!({"rows": [{"up_to": "5", "count": "3"}, {"up_to": "10", "count": "4"}]}));
    assert_eq!((&json["problem"]["ranges"], &json["problem"]["every"]), (&json!(["0..10"]), &json!("5")));
}

#[test]
fn b_files_have_an_index_and_a_value_in_each_line() {
    let bfile = |args: &str| alone(&format!("{args} -f bfile").split(' ').collect::<Vec<_>>()).out;
    assert_eq!(bfile("primes 0..12 --list"), "1 2\n2 3\n3 5\n4 7\n5 11\n");
    assert_eq!(bfile("pi 1..=4"), "1 0\n2 1\n3 2\n4 2\n");
    assert_eq!(bfile("nth-prime 1..=3"), "1 2\n2 3\n3 5\n");
    assert_eq!(bfile("square 1..3"), "1 1\n2 4\n");
    assert_eq!(bfile("primes 0..20 --every 10"), "10 4\n20 8\n");
    let long = bfile("factorial 0 100");
    assert_eq!((long.lines().next(), long.lines().nth(1).map(str::len)), (Some("0 1"), Some(4 + 158)));
    let list = bfile("primes 0..2e6 --list");
    assert_eq!((list.lines().count(), list.lines().last()), (148_933, Some("148933 1999993")));
}

#[test]
fn stdout_is_the_answer_and_stderr_the_talk() {
    let run = alone(&["primes", "0..1e6", "--time", "-q"]);
    assert_eq!((run.code, &*run.out), (Some(0), "78498\n"));
    for part in
        ["rank", "busy", "idle", "blocks", "units", "balance", "fixed schedule", "efficiency", "would help most"]
    {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert_eq!(alone(&["primes", "0..1e6", "-q"]).err, "");
    assert!(alone(&["primes", "0..1e6", "--progress", "always"]).err.starts_with("pcount: done after"));
}

#[test]
fn help_version_and_plans_go_to_stdout() {
    for (args, parts) in [
        (&["--help"][..], &["primes", "--schedule", "A..B"][..]),
        (&["primes", "--help"], &["RANGES", "0..1e6"]),
        (&["--version"], &["pcount 0."]),
        (&["--version", "-v"], &["MPI", "HDF5", "GMP", "MPFR", "lanes"]),
        (
            &["--dry-run", "primes", "0..1e12", "--method", "sieve"],
            &["sieve", "units", "blocks", "predicted.seconds", "predicted.bytes_per_rank"],
        ),
        (&["--dry-run", "primes", "0..1e12"], &["gourdon", "k 8", "predicted.seconds"]),
        (&["primes", "0..1e12", "--dry-run", "--format", "csv"], &["predicted.seconds"]),
        (&["primes", "0..1e12", "--dry-run", "-q"], &["predicted.seconds"]),
        (&["sum", "0..2^69", "--dry-run"], &["blocks"]),
    ] {
        let run = alone(args);
        assert_eq!((run.code, &*run.err), (Some(0), ""), "{args:?}");
        for part in parts {
            assert!(run.out.contains(part), "{args:?} lacks {part}: {}", run.out);
        }
    }
    let plan = alone(&["--dry-run", "primes", "0..1e17", "--format", "json"]).json();
    assert_eq!(plan["status"], "planned");
    assert!(plan["run"]["predicted"]["seconds"].as_f64().unwrap() > 1.0);
    // What a command refuses is not offered, and what does not work yet neither.
    for (command, refused) in [("show", "--time"), ("primes", "--full"), ("sum", "--method"), ("factorial", "--lanes")]
    {
        let help = alone(&[command, "--help"]).out;
        assert!(!help.contains(refused) && help.contains("--format"), "{command}: {help}");
    }
    let help = alone(&["--help"]).out;
    for later in ["doctor", "completions"] {
        assert!(!help.contains(later), "{later}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::Stdio;
    let mut command = pcount(&["square", "0..200000"]);
    let mut child = common::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_get_out_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = pcount(&["primes", "0..10"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the answer"));
}

#[test]
#[cfg_attr(not(feature = "mpi"), ignore = "pcount is built without MPI")]
fn singletons_are_refused() {
    for env in [
        [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "4")],
        [("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "4")],
        [("PMI_RANK", "0"), ("PMI_SIZE", "4")],
    ] {
        let mut command = pcount(&["primes", "0..10"]);
        let run = run({
            command.envs(env);
            command
        });
        assert_eq!((run.code, &*run.out), (Some(4), ""), "{env:?}: {run:?}");
        assert!(run.said().len() == 1 && run.err.contains("4 ranks, but MPI sees a world of one"), "{}", run.err);
    }
    // A batch script's own environment is no launcher.
    let mut script = pcount(&["-q", "primes", "0..10"]);
    script.envs([("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4"), ("SLURM_JOB_ID", "1")]);
    assert_eq!(run(script).out, "4\n");
}

#[test]
fn no_launcher_no_mpi() {
    // Were MPI initialised, Open MPI would look for this component and fail.
    let mut command = pcount(&["-q", "primes", "0..10"]);
    command.env("OMPI_MCA_pml", "nonexistent");
    assert_eq!(run(command).code, Some(0));
    // With a launcher's trace in the environment it is, but not to say what needs no ranks.
    for args in [&["--version"][..], &["--help"], &["--dry-run"]] {
        let mut command = pcount(args);
        command.envs([("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "4")]);
        assert_eq!(run(command).code, Some(0), "{args:?}");
    }
}

#[test]
fn only_the_first_rank_speaks_without_mpi() {
    for args in [&["--help"][..], &["--version"], &["--dry-run"], &["show", "/nowhere/run.h5"]] {
        let mut command = pcount(args);
        command.envs([("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "4")]);
        let run = run(command);
        assert_eq!((run.code, &*run.out, &*run.err), (Some(0), "", ""), "{args:?}");
    }
}

#[test]
fn threads_come_from_options_and_environment() {
    let threads = |env: &[(&str, &str)], args: &[&str]| {
        let mut command = pcount(&[&["ranks", "--format", "json"], args].concat());
        command.envs(env.iter().copied());
        run(command).json()["answer"]["rows"][0]["threads"].clone()
    };
    assert_eq!(threads(&[], &["--threads", "3"]), 3);
    assert_eq!(threads(&[("OMP_NUM_THREADS", "5,2")], &[]), 5);
    assert_eq!(threads(&[("OMP_NUM_THREADS", "5"), ("PCOUNT_THREADS", "4")], &[]), 4);
    assert_eq!(threads(&[("PCOUNT_THREADS", "4")], &["--threads", "2"]), 2);
    assert_eq!(threads(&[("PCOUNT_THREADS", ""), ("OMP_NUM_THREADS", "3")], &[]), 3);
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_run_file_is_shown_as_the_run_was_told() {
    let folder = Folder::new("show");
    let path = folder.file("run.h5");
    for line in [
        "primes 0..1e5 1e5..2e5 --schedule farm",
        "primes 0..100 --method trial",
        "primes 0..1e5/2 --tuplet 3",
        "primes 0..1e5/2 --tuplet 0,12",
        "primes 0..1e5 7..8 --gaps",
        "primes 0..1e5 --gaps histogram",
        "primes 0..1e5 7..8 --residues 8",
        "primes 0..1e5 --residues 8 --race",
        "primes 0..1e5 --every 3e4",
        "sum-primes 0..1e5 --power 2",
        "primes 10^30..+1000",
        "pi 1e5 10",
        "factorial 5 100..103",
        "sum 0..1e5",
        "map-reduce 1..6",
        "square 1..6",
        "ranks",
        "barrier",
        "delay 0.01 0",
    ] {
        for format in ["text", "json", "csv"] {
            let args = format!("{line} --format {format} --out {path}");
            let first = alone(&args.split(' ').collect::<Vec<_>>());
            assert_eq!(first.code, Some(0), "{first:?}");
            assert_eq!(alone(&["show", &path, "--format", format]).out, first.out, "{line} as {format}");
        }
    }
    assert_eq!(alone(&["-q", "show", &path]).out.lines().count(), 2);
    // A file keeps whole values, and long ones are shown if they are asked for.
    let first = alone(&["factorial", "100", "--out", &path]).out;
    let full = alone(&["factorial", "100", "--full"]).out;
    let digits = full.split_whitespace().last().unwrap();
    assert!(digits.len() == 158 && !first.contains(digits), "{first}{full}");
    assert_eq!((alone(&["show", &path]).out, alone(&["show", &path, "--full"]).out), (first, full));
    assert_eq!(alone(&["-q", "show", &path]).out, alone(&["-q", "factorial", "100"]).out);
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn factorials_in_a_run_file_are_those_of_python() {
    let folder = Folder::new("bytes");
    let path = folder.file("run.h5");
    let args = ["factorial", "0..40", "1000..1010", "60000", "5..5", "--out", &path];
    assert_eq!(alone(&args).code, Some(0));
    if !has_h5py() {
        return;
    }
    let script = "import h5py, math, sys\n\
                  sys.set_int_max_str_digits(0)\n\
                  a = h5py.File(sys.argv[1])['answer']\n\
                  b, at = a['value_bytes'][:].tobytes(), a['value_offsets'][:]\n\
                  values = [int.from_bytes(b[i:j], 'little') for i, j in zip(at, at[1:])]\n\
                  n = [int(n) for n in a['n'][:]]\n\
                  right = [math.factorial(n) for n in n]\n\
                  print(len(n), values == right, [int(text) for text in a['value'][:]] == right)";
    let mut reader = Command::new(PYTHON);
    reader.args(["-c", script, &path]);
    assert_eq!(run(reader).out, "51 True True\n");
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn outside_readers_read_the_run_file() {
    let folder = Folder::new("readers");
    let path = folder.file("run.h5");
    assert_eq!(alone(&["primes", "0..1e5/3", "--out", &path]).code, Some(0));
    let script = "import h5py, sys; f = h5py.File(sys.argv[1]); a = f['answer']; \
                  print(f.attrs['kernel'], a.attrs['total'], a['count'].asstr()[0], f['run'].attrs['ranks'], \
                  sum(f['timeline/units']), f['problem'].attrs['method'])";
    for (program, args, expect) in [
        ("h5dump", &["-A", &path][..], "pcount-run/1"),
        ("h5ls", &["-r", &path], "/answer/count"),
        (PYTHON, &["-c", script, &path], "primes 9592 3569 1 "),
    ] {
        let mut reader = Command::new(program);
        if reader.arg("--version").output().is_err() {
            common::missing(program);
            continue;
        }
        if program == PYTHON && !has_h5py() {
            continue;
        }
        let mut reader = Command::new(program);
        reader.args(args);
        let read = run(reader);
        assert!(read.code == Some(0) && read.out.contains(expect), "{program}: {read:?}");
    }
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_run_file_that_cannot_be_written_does_not_lose_the_answer() {
    let folder = Folder::new("lost");
    let path = folder.file("gone/run.h5");
    std::fs::create_dir(folder.0.join("gone")).unwrap();
    // The folder is there when the run starts and gone when it ends.
    let child = common::start(pcount(&["-q", "delay", "2", "--out", &path, "--checkpoint-every", "200ms"]));
    common::wait_until("it is saved", || std::path::Path::new(&path).exists());
    // A save may be under way, and makes files.
    common::wait_until("it is gone", || std::fs::remove_dir_all(folder.0.join("gone")).is_ok());
    let run = common::ended(child);
    assert!(run.code == Some(1) && run.out.starts_with('2') && run.err.contains("cannot write"), "{run:?}");
}

#[test]
#[cfg_attr(not(feature = "mpi"), ignore = "pcount is built without MPI")]
fn bad_input_is_one_message_on_many_ranks() {
    for args in [&["primes", "5..3"][..], &["--frobnicate"], &["pi", "x"], &["primes", "--out", "/nowhere/run.h5"]] {
        let run = mpirun(3, args);
        assert_eq!((run.code, &*run.out), (Some(2), ""), "{args:?}: {run:?}");
        assert_eq!(run.said().len(), 1, "{args:?}: {}", run.err);
    }
}
