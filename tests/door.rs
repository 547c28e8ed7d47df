//! The front door: what other programs call gives what the tables, the naive sieve and tests of single numbers say.

#[path = "common/golden.rs"]
mod golden;

#[path = "common/random.rs"]
mod random;

use golden::rows;
use pcount::error::Error;
use pcount::math::integer::Integer;
use pcount::math::sieve::naive;
use pcount::{
    LargestGap, count_primes, gaps, is_prime, next_prime, nth_prime, phi, pi, prev_prime, primes, sum_primes, tuplets,
};
use proptest::prelude::*;
use std::fmt::Debug;
use std::fs;
use std::ops::{Bound, Range};
use std::process::Command;

/// Rows of numbers, those whose cell in the column `limited` is no more than `most`.
fn numbers(table: &str, limited: usize, most: u128) -> Vec<Vec<u128>> {
    let rows = rows(table).into_iter().map(|row| row.iter().map_while(|cell| cell.parse().ok()).collect());
    let rows: Vec<Vec<u128>> = rows.filter(|row: &Vec<u128>| row[limited] <= most).collect();
    assert!(rows.len() > 5, "{table}");
    rows
}

#[test]
fn known_values() {
    for row in numbers("pi", 0, 1_000_000_000_000) {
        assert_eq!(pi(row[0]), Ok(row[1]), "pi({})", row[0]);
    }
    for row in numbers("nth", 0, 100_000_000_000) {
        assert_eq!(nth_prime(row[0]), Ok(row[1]), "prime number {}", row[0]);
    }
    for row in numbers("sums", 0, 1_000_000_000) {
        assert_eq!(sum_primes(..=row[0]), Ok(Integer::from(row[1])), "up to {}", row[0]);
    }
    for row in numbers("windows", 1, 100_000_000).iter().filter(|row| row[0] <= 10u128.pow(16)) {
        assert_eq!(count_primes(row[0]..=row[0] + row[1]), Ok(row[2]), "{}..+{}", row[0], row[1]);
    }
    for row in numbers("tuplets", 1, 100_000_000) {
        assert_eq!(
            tuplets(0..row[1], row[0] as u32).map(u128::from),
            Ok(row[2]),
            "{}-tuplets below {}",
            row[0],
            row[1]
        );
    }
    for row in numbers("gaps", 1, 1_000_000_000) {
        let largest = LargestGap { width: row[0], after: row[1] };
        assert_eq!(gaps(0..=row[0] + row[1]), Ok(Some(largest)));
        assert_eq!((next_prime(row[1]), prev_prime(row[0] + row[1])), (Some(row[0] + row[1]), Some(row[1])));
    }
}

/// What the door says of a range, against tests of each of its numbers.
fn check(range: Range<u128>) {
    let expect: Vec<u128> = range.clone().filter(|&n| is_prime(n)).collect();
    let count = expect.len() as u128;
    assert_eq!(count_primes(range.clone()), Ok(count), "{range:?}");
    assert_eq!(primes(range.clone()).unwrap().collect::<Vec<_>>(), expect, "{range:?}");
    assert_eq!(sum_primes(range.clone()), Ok(expect.iter().copied().map(Integer::from).sum()), "{range:?}");
    let twins = expect.windows(2).filter(|two| two[1] - two[0] == 2).count();
    assert_eq!(tuplets(range.clone(), 2), Ok(twins as u64), "{range:?}");
    let mut largest: Option<LargestGap> = None;
    for two in expect.windows(2) {
        let gap = LargestGap { width: two[1] - two[0], after: two[0] };
        if largest.is_none_or(|largest| gap.width > largest.width) {
            largest = Some(gap);
        }
    }
    assert_eq!(gaps(range.clone()), Ok(largest), "{range:?}");
    if let Some(&first) = expect.first() {
        assert_eq!(next_prime(range.start.saturating_sub(1)), Some(first), "{range:?}");
        assert_eq!(prev_prime(range.end), expect.last().copied(), "{range:?}");
    }
}

#[test]
fn boundaries() {
    for (start, end) in (0..8u128).flat_map(|start| (start..8).map(move |end| (start, end))) {
        check(start..end);
    }
    for edge in [1 << 16, 1 << 32, 1 << 64, 10u128.pow(19), 1 << 80] {
        check(edge - 150..edge + 150);
        check(edge..edge);
        check(edge - 150..edge);
        check(edge..edge + 150);
    }
    assert_eq!([0, 1, 2, 3].map(|x| pi(x).unwrap()), [0, 0, 1, 2]);
    assert_eq!(count_primes(..=2), Ok(1));
    assert_eq!(count_primes((Bound::Excluded(2), Bound::Included(5))), Ok(2));
    assert_eq!(primes(..10).unwrap().collect::<Vec<_>>(), [2, 3, 5, 7]);
    assert_eq!((phi(0, 0), phi(10, 0), phi(10, 2), phi(1 << 64, 1)), (Ok(0), Ok(10), Ok(3), Ok(1 << 63)));
    assert_eq!(count_primes((1 << 127) - 100..1 << 127), Ok(3));
    assert_eq!(count_primes(u128::MAX..u128::MAX), Ok(0));
}

proptest! {
    #![proptest_config(random::cases(40))]

    #[test]
    fn any_range(start in (0..64u32, any::<u64>()).prop_map(|(shift, n)| u128::from(n >> shift)), width in 0..3000u128) {
        check(start..start + width);
    }

    #[test]
    fn any_number(n in 0..2_000_000u128) {
        let expect = naive::primes(n as usize).len() as u128;
        prop_assert_eq!(pi(n), Ok(expect));
        if expect > 0 {
            prop_assert_eq!(nth_prime(expect).unwrap(), prev_prime(n + 1).unwrap());
        }
    }
}

#[test]
fn bad_input_is_an_error_that_says_what_would_do() {
    fn refused<T: Debug>(result: Result<T, Error>, says: &str) {
        match result {
            Err(Error::Usage(why)) => assert!(why.contains(says), "{why}"),
            other => panic!("{other:?} instead of '{says}'"),
        }
    }
    #[expect(clippy::reversed_empty_ranges)]
    let backwards = 5..3u128;
    refused(count_primes(backwards.clone()), "'5..3' runs backwards: write 3..5");
    #[expect(clippy::reversed_empty_ranges)]
    let inclusive = 5..=3u128;
    refused(count_primes(inclusive), "'5..=3' runs backwards: write 3..=5");
    refused(sum_primes(backwards.clone()), "runs backwards");
    refused(tuplets(backwards.clone(), 2), "runs backwards");
    refused(gaps(backwards.clone()), "runs backwards");
    refused(primes(backwards).map(drop), "runs backwards");
    refused(count_primes(7..), "'7..' has no end: write one");
    refused(sum_primes(..), "has no end");
    refused(count_primes(..=u128::MAX), "goes beyond 2^128");
    refused(count_primes(1 << 127..(1 << 127) + 1), "goes beyond 2^127");
    refused(count_primes(10u128.pow(25)..1 << 100), "goes beyond 10^25");
    refused(sum_primes(0..1 << 90), "goes beyond 10^25");
    refused(primes(10u128.pow(25)..).map(drop), "goes beyond 3.3·10^24");
    refused(primes(0..=10u128.pow(25)).map(drop), "goes beyond 3.3·10^24");
    refused(pi(10u128.pow(25) + 1), "is too large: pi takes numbers up to 10^25");
    refused(nth_prime(0), "'0' is not the number of a prime");
    refused(nth_prime(1 << 100), "is too large");
    for k in [0, 1, 13] {
        refused(tuplets(0..10, k), "is not between 2, for twins, and 12");
    }
}

/// Whether the test runs alone in a process. If not, it does so now, and must pass.
fn is_alone(test: &str) -> bool {
    const INNER: &str = "PCOUNT_TEST_INNER";
    if std::env::var_os(INNER).is_some() {
        return true;
    }
    let output =
        Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(INNER, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// The threads of this process that have that name.
#[cfg(target_os = "linux")]
fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")).unwrap_or_default());
    names.filter(|found| found.trim_end() == name).count()
}

#[test]
fn a_list_that_is_dropped_early_stops() {
    for taken in [0, 1, 10_000, 2_000_000] {
        for start in [0, 10u128.pow(12), 10u128.pow(18)] {
            let mut list = primes(start..).unwrap();
            let found: Vec<u128> = list.by_ref().take(taken).collect();
            assert_eq!(found.len(), taken);
            assert!(found.iter().rev().take(10).all(|&prime| is_prime(prime)));
            assert_eq!(found.last().copied(), found.last().and_then(|&last| prev_prime(last + 1)));
            drop(list);
        }
    }
    // And one that has been read to its end stays there.
    let mut list = primes(0..10).unwrap();
    assert_eq!(list.by_ref().count(), 4);
    assert_eq!(list.next(), None);
}

#[test]
fn a_long_list_is_whole_and_takes_little_memory() {
    // Other tests take memory, too.
    if !is_alone("a_long_list_is_whole_and_takes_little_memory") {
        return;
    }
    let (mut last, mut count) = (0, 0u32);
    for prime in primes(0..1_000_000_000).unwrap() {
        assert!(prime > last);
        (last, count) = (prime, count + 1);
    }
    assert_eq!((count, last), (50_847_534, 999_999_937));
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(most) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 200_000, "{kilobytes} kB, where all of them take 800 MB");
    }
}

/// The signals that this process catches or ignores.
#[cfg(target_os = "linux")]
fn heeded() -> Vec<String> {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().filter(|line| line.starts_with("SigCgt") || line.starts_with("SigIgn")).map(str::to_string).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_signal_is_caught_and_no_thread_is_left() {
    // Other tests have threads of that name, too.
    if !is_alone("no_signal_is_caught_and_no_thread_is_left") {
        return;
    }
    let before = heeded();
    assert_eq!(pi(10u128.pow(10)), Ok(455_052_511));
    let mut list = primes(0..).unwrap();
    assert_eq!(list.next(), Some(2));
    // A thread without a name has that of the thread that started it.
    assert!(threads_named("primes") >= 1);
    drop(list);
    // Each ends with the block that it has in hand.
    let begun = std::time::Instant::now();
    while threads_named("primes") > 0 {
        assert!(begun.elapsed().as_secs() < 60, "threads are left");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(heeded(), before);
}
