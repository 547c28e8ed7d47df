//! A kernel of one's own: the Mertens function of a range, the sum of Möbius' μ(n) over its numbers.
//! `target/release/examples/mertens 1..=1e9`, or the same on ranks: `mpirun -n 4 target/release/examples/mertens 1..=1e9`

use pcount::door;
use pcount::error::{Error, Result};
use pcount::math::sieve::naive;
use pcount::syntax;
use pcount::values::{Table, Value};
use pcount::work::{Answer, Forecast, Kernel};
use std::process::ExitCode;

/// Numbers of a unit: some milliseconds.
const UNIT: u64 = 1 << 18;

/// The kernel for the words of the command line, of which it keeps nothing (`use<>`).
fn open(words: &[String]) -> Result<impl Kernel + use<>> {
    const MOST: u128 = 1 << 50;
    let [word] = words else { return Err(Error::usage("write one range, such as 1..=1e9")) };
    let (start, end) = match syntax::ranges(word)?[..] {
        [span] if span.start() > 0 && span.end() <= MOST => (span.start() as u64, span.end() as u64),
        _ => return Err(Error::usage(format!("'{word}' must be one range of numbers from 1 to 2^50"))),
    };
    let primes = naive::primes(end.isqrt() as usize);
    let unit = move |unit| mertens(start + unit * UNIT, end.min(start + (unit + 1) * UNIT), &primes);
    let answer = move |sum: i64| {
        let row = vec![Value::integer(start), Value::integer(end), Value::integer(sum)];
        Answer::rows(Table::of(&["start", "end", "mertens"]).with([row]), "mertens")
    };
    let forecast = Forecast { seconds: (end - start) as f64 * 20e-9, thread_bytes: 16 * UNIT, ..Forecast::default() };
    Ok(door::kernel_of((end - start).div_ceil(UNIT), forecast, unit, answer))
}

/// The sum of μ(n) from `start` on and below `end`; `primes` go up to the root of the end.
fn mertens(start: u64, end: u64, primes: &[u32]) -> i64 {
    // What is left of each number when its primes up to the root are divided out, and μ of these. One more prime may be left.
    let (mut left, mut mu): (Vec<u64>, Vec<i64>) = (start..end).map(|n| (n, 1)).unzip();
    for p in primes.iter().map(|&p| u64::from(p)) {
        for at in (start.next_multiple_of(p)..end).step_by(p as usize).map(|n| (n - start) as usize) {
            (left[at], mu[at]) = (left[at] / p, -mu[at]);
        }
        for n in (start.next_multiple_of(p * p)..end).step_by((p * p) as usize) {
            mu[(n - start) as usize] = 0;
        }
    }
    left.into_iter().zip(mu).map(|(left, mu)| if left > 1 { -mu } else { mu }).sum()
}

fn main() -> ExitCode {
    door::run_program("mertens", open)
}
