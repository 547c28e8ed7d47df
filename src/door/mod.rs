//! The front door: what other programs call.
//!
//! Each function asks the same kernel as the command of that name, by the quickest method, on all cores that this process
//! may use, and returns plain numbers. Nothing is printed, no signal is caught, no file is written, and MPI is not started.
//! Numbers are `u128`; ranges are Rust's own, such as `0..100`, `0..=100` or `..100`.
//!
//! The lower door ([`kernel_of`], [`compute`], [`run_program`]) computes a [`Kernel`](crate::work::Kernel) of one's own, on
//! threads or ranks; `examples/mertens.rs` is one.
//!
//! Bad input is an [`Error::Usage`] whose text quotes it and says what would work. A result that contradicts itself is an
//! [`Error::Wrong`]: then the machine computes wrongly.

mod list;
mod own;

use crate::error::{Error, Result};
use crate::kernel::{self, Given, Seeks, Tuplet};
use crate::math::integer::Integer;
use crate::math::primality;
use crate::math::span::Span;
use crate::plan::Plan;
use crate::syntax::Item;
use crate::work::{Answer, Job};
pub use list::{Primes, primes};
pub use own::{compute, compute_in, compute_work, kernel_of, run_program};
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

/// π(x), the number of primes up to `x`, with `x`.
///
/// Limit: x ≤ 10^25. Cost: about x^(2/3) steps by Gourdon's formula; on one core 10^12 takes some milliseconds, 10^16 two
/// seconds, 10^20 some minutes. Memory: some megabytes for each core.
///
/// Source: X. Gourdon, Computation of pi(x): improvements to the Meissel, Lehmer, Lagarias, Miller, Odlyzko, Deléglise and
/// Rivat method, 2001.
///
/// # Errors
/// [`Error::Usage`] if `x` is beyond the limit, or if this machine has too little memory.
///
/// # Examples
/// ```
/// assert_eq!(pcount::pi(100)?, 25);
/// assert_eq!(pcount::pi(1_000_000_000_000)?, 37_607_912_018);
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn pi(x: u128) -> Result<u128> {
    Ok(number(&of_numbers("pi", x)?, "count"))
}

/// The number of primes in a range.
///
/// Limits: up to 2^127; beyond 10^25 the range must have at most 2^64 numbers. Above 3.3·10^24 (see [`is_prime`]) numbers count
/// that are probable primes. Cost: about a quarter of a nanosecond of a core for each number of a range below 10^10, more for
/// higher ones; a wide range is counted as π(end) - π(start) if that is quicker, see [`pi`].
///
/// # Errors
/// [`Error::Usage`] if the range runs backwards, has no end, or is beyond the limits, or if this machine has too little
/// memory.
///
/// # Examples
/// ```
/// assert_eq!(pcount::count_primes(0..1_000_000)?, 78_498);
/// assert_eq!(pcount::count_primes(1_000_000_000_000_000_000..=1_000_000_000_001_000_000)?, 24_280);
/// assert_eq!(pcount::count_primes(..=2)?, 1);
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn count_primes(range: impl RangeBounds<u128>) -> Result<u128> {
    Ok(number(&of_range("primes", range, None)?, "count"))
}

/// The n-th prime; the first one is 2.
///
/// Limit: primes up to 10^25, so n ≤ 176846309399143769411680. Cost: that of [`pi`] of the prime, and of sieving some √x
/// numbers near it; on one core the 10^12-th takes some hundredths of a second.
///
/// # Errors
/// [`Error::Usage`] if `n` is 0 or beyond the limit, or if this machine has too little memory.
///
/// # Examples
/// ```
/// assert_eq!(pcount::nth_prime(1)?, 2);
/// assert_eq!(pcount::nth_prime(1_000_000)?, 15_485_863);
/// assert!(pcount::nth_prime(0).is_err());
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn nth_prime(n: u128) -> Result<u128> {
    Ok(number(&of_numbers("nth-prime", n)?, "prime"))
}

/// Whether `n` is prime.
///
/// For n < 3317044064679887385961981 (3.3·10^24) the verdict is proven. Above, `false` is certain and `true` means a probable
/// prime: no composite number is known that passes the test (see [`certainty_of`](primality::certainty_of)). Cost: 0.3 µs
/// near 2^64, some 5 µs near 10^24; no thread is started.
///
/// Source: Baillie, Fiori & Wagstaff, Strengthening the Baillie-PSW primality test, 2021; Sorenson & Webster, Strong
/// pseudoprimes to twelve prime bases, 2017.
///
/// # Examples
/// ```
/// assert!(pcount::is_prime(18_446_744_073_709_551_557));
/// assert!(!pcount::is_prime(1));
/// ```
pub fn is_prime(n: u128) -> bool {
    primality::is_prime(n)
}

/// The smallest prime above `n`; `None` if that is beyond 2^128.
///
/// As certain as [`is_prime`]. Cost: one or two microseconds below 2^64, some tens of microseconds near 2^128; no thread is
/// started.
///
/// # Examples
/// ```
/// assert_eq!(pcount::next_prime(0), Some(2));
/// assert_eq!(pcount::next_prime(1_000_000_000_000_000_000), Some(1_000_000_000_000_000_003));
/// assert_eq!(pcount::next_prime(u128::MAX), None);
/// ```
pub fn next_prime(n: u128) -> Option<u128> {
    primality::next_prime(n)
}

/// The greatest prime below `n`; `None` if `n` ≤ 2.
///
/// As certain, and as costly, as [`next_prime`].
///
/// # Examples
/// ```
/// assert_eq!(pcount::prev_prime(3), Some(2));
/// assert_eq!(pcount::prev_prime(2), None);
/// assert_eq!(pcount::prev_prime(1 << 64), Some(18_446_744_073_709_551_557));
/// ```
pub fn prev_prime(n: u128) -> Option<u128> {
    primality::prev_prime(n)
}

/// The sum of the primes in a range, exact whatever its size.
///
/// Limits: up to 2^127 and at most 2^64 numbers; above 3.3·10^24 probable primes are added too. Cost: a little more than
/// sieving takes (see [`count_primes`]); there is no shorter way.
///
/// # Errors
/// [`Error::Usage`] if the range runs backwards, has no end, or is beyond the limits, or if this machine has too little
/// memory.
///
/// # Examples
/// ```
/// assert_eq!(pcount::sum_primes(0..2_000_000)?, 142_913_828_922u64);
/// assert_eq!(pcount::sum_primes(0..=10)?.to_u64(), Some(17));
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn sum_primes(range: impl RangeBounds<u128>) -> Result<Integer> {
    Ok(number(&of_range("sum-primes", range, None)?, "sum"))
}

/// Legendre's φ(x, a): how many of 1..=x none of the first `a` primes divides.
///
/// Limits: any `x` up to 10^30 and `a` up to 100; any `a` for `x` below 2^64; and up to 10^25 also those `a` whose primes go beyond
/// √(x / 2^30). Cost: that of [`pi`] if the primes go beyond ∛x, and of a sieve up to x/p_a; with fewer primes 10^12 takes some
/// hundredths of a second, and ten times as much x some five times as long.
///
/// # Errors
/// [`Error::Usage`] if the pair is beyond the limits, or if this machine has too little memory.
///
/// # Examples
/// ```
/// // Of 1..=10 these are left: 1, 5, 7.
/// assert_eq!(pcount::phi(10, 2)?, 3);
/// assert_eq!(pcount::phi(1_000_000_000_000, 1000)?, 62_815_294_612);
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn phi(x: u128, a: u128) -> Result<u128> {
    let items = vec![Item::Number(x), Item::Number(a)];
    Ok(number(&answer("phi", &Given { items, ..Given::default() })?, "count"))
}

/// The number of prime k-tuplets in a range: the densest constellations of `k` primes, all of whose primes are in the range.
///
/// 2 are twins (p, p+2), 3 triplets (p, p+2, p+6 and p, p+4, p+6), up to 12. Limits and cost: as of
/// [`sum_primes`], in smaller windows.
///
/// # Errors
/// [`Error::Usage`] if `k` is not between 2 and 6, if the range runs backwards, has no end, or is beyond the limits, or if
/// this machine has too little memory.
///
/// # Examples
/// ```
/// assert_eq!(pcount::tuplets(0..1000, 2)?, 35);
/// assert_eq!(pcount::tuplets(0..1_000_000, 6)?, 5);
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn tuplets(range: impl RangeBounds<u128>, k: u32) -> Result<u64> {
    Ok(number(&of_range("primes", range, Some(Seeks::Tuplets(Tuplet::Densest(k.into()))))?, "tuplets"))
}

/// The largest gap between neighbouring primes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LargestGap {
    /// From the prime to the next one.
    pub width: u128,
    /// The prime that it comes after: the first one, if there are several such gaps.
    pub after: u128,
}

/// The largest gap between neighbouring primes that are both in a range; `None` if the range has fewer than two primes.
///
/// Limits and cost: as of [`tuplets`].
///
/// # Errors
/// [`Error::Usage`] if the range runs backwards, has no end, or is beyond the limits, or if this machine has too little
/// memory.
///
/// # Examples
/// ```
/// let gap = pcount::gaps(0..1_000_000)?.unwrap();
/// assert_eq!((gap.width, gap.after), (114, 492_113));
/// assert_eq!(pcount::gaps(24..30)?, None);
/// # Ok::<(), pcount::error::Error>(())
/// ```
pub fn gaps(range: impl RangeBounds<u128>) -> Result<Option<LargestGap>> {
    let answer = of_range("primes", range, Some(Seeks::Gaps))?;
    // The cells are empty where there is no gap.
    Ok(cell(&answer, "gap").map(|width| LargestGap { width, after: number(&answer, "after") }))
}

/// The span of a range that has an end.
fn span(range: impl RangeBounds<u128>) -> Result<Span> {
    span_or(range, |start| Err(Error::usage(format!("'{start}..' has no end: write one, such as {start}..10^9"))))
}

/// The span of a range; of one without an end, `end` says where it ends.
fn span_or(range: impl RangeBounds<u128>, end: impl FnOnce(u128) -> Result<u128>) -> Result<Span> {
    let beyond = || Error::usage("the range goes beyond 2^128");
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.checked_add(1).ok_or_else(beyond)?,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1).ok_or_else(beyond)?,
        Bound::Excluded(&end) => end,
        Bound::Unbounded => end(start)?,
    };
    let backwards = || match range.end_bound() {
        Bound::Included(last) => Error::usage(format!("'{start}..={last}' runs backwards: write {last}..={start}")),
        _ => Error::usage(format!("'{start}..{end}' runs backwards: write {end}..{start}")),
    };
    Span::new(start, end).ok_or_else(backwards)
}

fn of_range(kernel: &str, range: impl RangeBounds<u128>, seeks: Option<Seeks>) -> Result<Answer> {
    let items = vec![Item::Range(span(range)?)];
    answer(kernel, &Given { items, seeks, ..Given::default() })
}

fn of_numbers(kernel: &str, number: u128) -> Result<Answer> {
    answer(kernel, &Given { items: vec![Item::Number(number)], ..Given::default() })
}

/// The answer of a kernel, computed by the threads of this process.
fn answer(kernel: &str, given: &Given) -> Result<Answer> {
    let entry = kernel::find(kernel).expect("the door asks for kernels that there are");
    match Plan::open(entry, given)?.job {
        Job::Work(work) => compute_work(work),
        _ => unreachable!("the door asks for what has units"),
    }
}

/// What stands in the first row of an answer, if it is a number.
fn cell<T: FromStr>(answer: &Answer, key: &str) -> Option<T> {
    let column = answer.table.column(key).expect("the kernel has the column");
    answer.table.rows[0][column].to_string().parse().ok()
}

fn number<T: FromStr>(answer: &Answer, key: &str) -> T {
    cell(answer, key).expect("the column has numbers")
}
