//! What takes minutes: `cargo test --test slow`, which `scripts/test --slow` does too.

mod common;
#[path = "common/golden.rs"]
mod golden;
#[path = "common/guide.rs"]
mod guide;
#[path = "common/random.rs"]
mod random;

use common::{Run, alone, mpirun_of, run};
use pcount::kernel::KERNELS;
use pcount::math::count::gourdon::{Gourdon, Params, TermSums, Workspace};
use pcount::math::count::lmo;
use pcount::math::lanes;
use pcount::math::sieve::Sieve;
use proptest::prelude::*;
use std::process::Command;

/// What `pcount` prints, without the end of the line. `scripts/test` names the release: what users run, and faster than the
/// program of the tests.
fn printed(args: &[&str]) -> String {
    let program = std::env::var("PCOUNT_RELEASE").unwrap_or_else(|_| env!("CARGO_BIN_EXE_pcount").into());
    let output = Command::new(&program).args(args).output().unwrap_or_else(|why| panic!("{program}: {why}"));
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

#[test]
fn the_sum_of_the_primes_up_to_ten_to_the_eleven() {
    let row = golden::rows("sums").into_iter().find(|row| row[0] == "100000000000").unwrap();
    assert_eq!(printed(&["sum-primes", "0..=1e11", "-q"]), row[1]);
}

/// π of the powers of ten and two from 10^14 to 10^17, as a bare command counts them.
#[test]
fn pi_up_to_ten_to_the_seventeen() {
    let rows = golden::rows("pi").into_iter().map(|row| (row[0].parse::<u128>().unwrap(), row));
    let rows: Vec<_> = rows.filter(|(x, _)| (10u128.pow(14)..=10u128.pow(17)).contains(x)).collect();
    assert!(rows.len() > 9);
    for (_, row) in rows {
        assert_eq!(printed(&["pi", &row[0], "-q"]), row[1], "pi({})", row[0]);
    }
}

/// The first lead of 1 modulo 3, at the end of 22 thousand million primes.
#[test]
fn the_race_modulo_3_turns_where_the_table_says() {
    let expect = golden::rows("races").into_iter().filter(|row| row[0] == "3").map(|row| row[1..].join(","));
    let range = ["primes", "0..608981813030", "--residues", "3"];
    let rows = printed(&[&range[..], &["--race", "--format", "csv"]].concat());
    let found = rows.lines().skip(1).map(|row| row.rsplit_once(',').unwrap().0.to_string());
    assert_eq!(found.collect::<Vec<_>>(), expect.collect::<Vec<_>>());
}

/// Twins and quadruplets.
#[test]
fn tuplets_up_to_ten_to_the_eleven() {
    let rows: Vec<_> = golden::rows("tuplets").into_iter().filter(|row| row[1] == "100000000000").collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(printed(&["primes", "0..1e11", "--tuplet", &row[0], "-q"]), row[2], "{}-tuplets", row[0]);
    }
}

/// All gaps of the table that are larger than those before, up to 10^12.
#[test]
fn records_of_gaps_are_those_of_the_table() {
    let expect = golden::rows("gaps").into_iter().map(|row| row.join(","));
    let rows = printed(&["primes", "0..1e12", "--gaps", "records", "--format", "csv"]);
    assert_eq!(rows.lines().skip(1).map(str::to_string).collect::<Vec<_>>(), expect.collect::<Vec<_>>());
}

/// The terms of 10^20 that do not take minutes, whose quotients do not fit 64 bits.
#[test]
fn single_terms_of_ten_to_the_twenty() {
    let lanes = lanes::pick(None).unwrap();
    let gourdon = Gourdon::new(Params::of(10u128.pow(20), 100_615_703, 201_231_406), lanes);
    let mut workspace = Workspace::new(Sieve::new(lanes, 32 << 10));
    let mut sums = TermSums::default();
    for unit in (0..gourdon.units()).filter(|&unit| ["phi0", "sigma"].contains(&gourdon.term(unit))) {
        sums = sums.merge(gourdon.compute(unit, &mut workspace));
    }
    // What the places would have found: π of 10^10 and a few numbers on, of which four are prime.
    sums.low.primes = 455_052_511 + 4;
    let found = gourdon.close(sums);
    assert_eq!((found.phi0, found.sigma), (633_772_346_752_344_505, 49_384_621_237_095_387));
}

/// Some units of each term of 10^20, whose quotients do not fit 64 bits, come to the same on all lanes.
#[test]
fn single_units_of_ten_to_the_twenty() {
    let plan = |lanes| (Gourdon::new(Params::new(10u128.pow(20)), lanes), Workspace::new(Sieve::new(lanes, 32 << 10)));
    let mut plans: Vec<(Gourdon, Workspace)> = lanes::usable().map(plan).collect();
    for term in ["A, C", "B", "D"] {
        let gourdon = &plans[0].0;
        let units: Vec<u64> = (0..gourdon.units()).filter(|&unit| gourdon.term(unit) == term).collect();
        for place in [0, 1, units.len() / 3, units.len() / 2, units.len() - 1] {
            let unit = units[place];
            let found: Vec<TermSums> =
                plans.iter_mut().map(|(gourdon, workspace)| gourdon.compute(unit, workspace)).collect();
            assert!(found.iter().all(|sums| *sums == found[0]), "unit {unit} of {term}: {found:?}");
            assert_ne!(found[0], TermSums::default(), "unit {unit} of {term} is empty");
        }
    }
}

proptest! {
    #![proptest_config(random::cases(1000))]

    /// Every size as often.
    #[test]
    fn numbers_up_to_ten_to_the_thirteen_as_lmo_counts_them(x in (6.0..13.0).prop_map(|power| 10f64.powf(power) as u64)) {
        let lanes = lanes::pick(None).unwrap();
        let (gourdon, mut workspace) = (Gourdon::new(Params::new(x.into()), lanes), Workspace::new(Sieve::new(lanes, 32 << 10)));
        let sums = (0..gourdon.units()).map(|unit| gourdon.compute(unit, &mut workspace));
        let pi = gourdon.close(sums.fold(TermSums::default(), TermSums::merge)).pi;
        prop_assert_eq!(pi, u128::from(lmo::pi(x, lmo::alpha(x))));
    }
}

/// Every known count in a window, however long it takes.
#[test]
fn every_window_of_the_table() {
    let rows = golden::rows("windows");
    assert!(rows.len() > 20);
    for row in rows {
        let range = format!("{}..={}+{}", row[0], row[0], row[1]);
        assert_eq!(printed(&["primes", "-q", &range]), row[2], "{range}");
    }
}

/// A small job of each kernel, and whether its rows are the same on any ranks; else there is one for each rank, or each wait.
const JOBS: [(&str, bool); 19] = [
    ("primes 0..3e6/100 --gaps --schedule farm", true),
    ("pi 1e9 --method gourdon", true),
    ("sum-primes 0..1e6/10", true),
    ("nth-prime 1..50 1e6", true),
    ("is-prime 0..1000 2^127-1", true),
    ("next-prime 0..1000 2^64", true),
    ("prev-prime 3..1000 2^64", true),
    ("phi 1e9 100", true),
    ("li 1e6 1e12", true),
    ("riemann-r 1e6 1e12", true),
    ("factorial 1000..1100", true),
    ("square 0..500", true),
    ("double 0..500", true),
    ("sum 0..1e6", true),
    ("map-reduce 0..1e6", true),
    ("delay 0.01 0.01 0.01", false),
    ("download https://localhost:1/x", true),
    ("barrier --step 0", false),
    ("ranks", false),
];

/// A kernel of each kind, for more ranks: to start them takes nearly all of the time.
const OF_EACH_KIND: [&str; 5] = ["primes", "phi", "delay", "barrier", "ranks"];

/// Each job ends within the two minutes that any run of a test has.
#[test]
fn each_kernel_answers_on_sixty_four_ranks_and_each_kind_on_two_hundred() {
    for entry in KERNELS {
        assert!(JOBS.iter().any(|(job, _)| job.split(' ').next() == Some(entry.name)), "{} has no job", entry.name);
    }
    for ranks in [64, 200] {
        let asked = |job: &str| ranks == 64 || OF_EACH_KIND.iter().any(|kernel| job.split(' ').next() == Some(kernel));
        for (job, same) in JOBS.into_iter().filter(|(job, _)| asked(job)) {
            let words: Vec<&str> = job.split(' ').chain(["--format", "csv", "--threads", "1"]).collect();
            let many: Run = run(mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &words));
            let rows = many.out.lines().count() - 1;
            match job.split(' ').next() {
                _ if same => {
                    let one = alone(&words);
                    assert_eq!((many.code, &many.out), (one.code, &one.out), "{job} on {ranks} ranks: {}", many.err);
                }
                Some("delay") => assert_eq!((many.code, rows), (Some(0), 3), "{many:?}"),
                _ => assert_eq!((many.code, rows), (Some(0), ranks), "{job}: {many:?}"),
            }
        }
    }
}

/// Its name is the first, so that it compiles beside the others: at the end it would have one core.
#[test]
fn all_worked_examples_of_the_guide_compile_and_answer() {
    let folder = guide::copy("guide");
    guide::examples().iter().for_each(|example| guide::apply(example, &folder.0));
    // What it depends on was built by the tests without features. It is about whether examples compile: to optimise pcount as for
    // measuring would take most of the time.
    let built = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bare");
    let cargo = |words: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(words).args([
            "--locked",
            "--no-default-features",
            "--config",
            "profile.test.package.pcount.opt-level=1",
        ]);
        cargo.current_dir(&folder.0).env("CARGO_TARGET_DIR", &built).env("CARGO_PROFILE_TEST_DEBUG", "0");
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(cargo(&["test", "--lib", "triangular"]).contains("1 passed"));
    assert!(cargo(&["test", "--lib", "lanes"]).contains(" 0 failed"));
    let program = built.join("debug/pcount");
    cargo(&["build", "--profile", "test"]);
    let says = |words: &[&str]| {
        let words = &[words, &["--took"]].concat();
        let run = run({
            let mut command = std::process::Command::new(&program);
            command.args(words);
            command
        });
        assert_eq!(run.code, Some(0), "{words:?}: {run:?}");
        assert!(run.said().iter().any(|line| line.starts_with("pcount: it took ")), "{words:?}: {run:?}");
        run.out
    };
    #[cfg(target_arch = "x86_64")]
    assert_eq!(says(&["primes", "0..1e7", "-q", "--lanes", "sse42"]), "664579\n");
    assert_eq!(says(&["triangular", "-q"]), "1\n3\n6\n");
    assert_eq!(
        says(&["triangular", "1..3", "--format", "markdown"]),
        "| n | value |\n| --- | --- |\n| 1 | 1 |\n| 2 | 3 |\n"
    );
    assert_eq!(says(&["primes", "0..6", "--list", "-f", "markdown"]), "| prime |\n| --- |\n| 2 |\n| 3 |\n| 5 |\n");
}
