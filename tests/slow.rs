//! What takes minutes: `cargo test --test slow`, which `scripts/test --slow` does too.

#[path = "common/golden.rs"]
mod golden;

use pcount::math::count::gourdon::{Gourdon, Params, Sums, Worker};
use pcount::math::count::lmo;
use pcount::math::lanes;
use pcount::math::sieve::Sieve;
use proptest::prelude::*;
use std::process::Command;

/// What `pcount` prints, without the end of the line.
fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pcount")).args(args).output().unwrap();
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

/// The terms of 10^20 that do not take minutes, whose quotients do not fit 64 bits.
#[test]
fn single_terms_of_ten_to_the_twenty() {
    let lanes = lanes::pick(None).unwrap();
    let gourdon = Gourdon::new(Params::of(10u128.pow(20), 100_615_703, 201_231_406), lanes);
    let mut worker = Worker::new(Sieve::new(lanes, 32 << 10));
    let mut sums = Sums::default();
    for unit in (0..gourdon.units()).filter(|&unit| ["phi0", "sigma"].contains(&gourdon.term(unit))) {
        sums = sums.merge(gourdon.compute(unit, &mut worker));
    }
    // What the places would have found: π of 10^10 and a few numbers on, of which four are prime.
    sums.low.primes = 455_052_511 + 4;
    let found = gourdon.close(sums);
    assert_eq!((found.phi0, found.sigma), (633_772_346_752_344_505, 49_384_621_237_095_387));
}

/// Some units of each term of 10^20, whose quotients do not fit 64 bits, come to the same on all lanes.
#[test]
fn single_units_of_ten_to_the_twenty() {
    let plan = |lanes| (Gourdon::new(Params::new(10u128.pow(20)), lanes), Worker::new(Sieve::new(lanes, 32 << 10)));
    let mut plans: Vec<(Gourdon, Worker)> = lanes::usable().map(plan).collect();
    for term in ["A, C", "B", "D"] {
        let gourdon = &plans[0].0;
        let units: Vec<u64> = (0..gourdon.units()).filter(|&unit| gourdon.term(unit) == term).collect();
        for place in [0, 1, units.len() / 3, units.len() / 2, units.len() - 1] {
            let unit = units[place];
            let found: Vec<Sums> = plans.iter_mut().map(|(gourdon, worker)| gourdon.compute(unit, worker)).collect();
            assert!(found.iter().all(|sums| *sums == found[0]), "unit {unit} of {term}: {found:?}");
            assert_ne!(found[0], Sums::default(), "unit {unit} of {term} is empty");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every size as often.
    #[test]
    fn numbers_up_to_ten_to_the_thirteen_as_lmo_counts_them(x in (6.0..13.0).prop_map(|power| 10f64.powf(power) as u64)) {
        let lanes = lanes::pick(None).unwrap();
        let (gourdon, mut worker) = (Gourdon::new(Params::new(x.into()), lanes), Worker::new(Sieve::new(lanes, 32 << 10)));
        let sums = (0..gourdon.units()).map(|unit| gourdon.compute(unit, &mut worker));
        let pi = gourdon.close(sums.fold(Sums::default(), Sums::merge)).pi;
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
