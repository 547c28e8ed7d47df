//! What cannot be counted, and which options do not go together.

use super::gap_table;
use super::older::OLDER_X_END;
use super::race::RACE_MODULUS_MAX;
use super::rows::Asked;
use crate::error::{Error, Result};
use crate::kernel::{GapTable, Given, Method, Seeks, Tuplet};
use crate::math::count::gourdon;
use crate::math::patterns::{DENSEST_MAX, Pattern};
use crate::math::primality::{self, Certainty};
use crate::math::sieve::{self, RESIDUES_MODULUS_MAX, Residues};
use crate::math::span::Span;
use crate::math::trial;

/// Refuses what cannot be counted as it is asked for.
///
/// # Errors
/// The reason, with the range or the number that is refused.
pub fn check(given: &Given, spans: &[Span], asked: Asked) -> Result<()> {
    check_options(given)?;
    check_residues(given, spans.len())?;
    check_gap_table(given, spans)?;
    // An empty range counts 0 wherever it is.
    for (span, item) in spans.iter().zip(&given.items).filter(|(span, _)| !span.is_empty()) {
        if let Some(why) = refusal(given, *span, asked) {
            return Err(Error::usage(format!("'{item}' {why}")));
        }
    }
    Ok(())
}

fn check_options(given: &Given) -> Result<()> {
    match given.seeks {
        Some(Seeks::Tuplets(Tuplet::Densest(k))) if !(2..=DENSEST_MAX).contains(&k) => {
            return Err(Error::usage(format!("'{k}' is not between 2, for twins, and {DENSEST_MAX}")));
        }
        Some(Seeks::Tuplets(Tuplet::Of(pattern))) => admissible(pattern)?,
        _ => (),
    }
    if given.apart {
        check_apart(given)?;
    }
    let other = match given.seeks {
        Some(Seeks::Primes) | None if given.points.is_some() => Some("every and --points"),
        Some(Seeks::Primes) | None => given.verify.then_some("verify"),
        Some(seeks) => Some(seeks.option()),
    };
    if let Some(option) = other.filter(|_| given.prove) {
        return Err(Error::usage(format!("--prove is not for --{option}: leave one of them out")));
    }
    let method = given.method.unwrap_or(Method::Sieve);
    let has_lanes = matches!(method, Method::Sieve | Method::Gourdon);
    if given.lanes.is_some() && !has_lanes {
        return Err(Error::usage(format!("--lanes is not for --method {}: leave one of them out", method.name())));
    }
    if let (true, Some(seeks)) = (method != Method::Sieve, given.seeks) {
        let option = seeks.option();
        return Err(Error::usage(format!("--{option} needs the sieve: leave it out, or write --method sieve")));
    }
    let alone = match (method, given.seeks) {
        (Method::Trial, _) => Some("method trial"),
        (_, seeks) => seeks.map(Seeks::option),
    };
    match alone.filter(|_| given.verify) {
        Some(option) => Err(Error::usage(format!("--verify is not for --{option}: leave one of them out"))),
        None => Ok(()),
    }
}

/// Refuses to count the patterns of tuplets apart where there are none.
fn check_apart(given: &Given) -> Result<()> {
    let with = match given.seeks {
        Some(Seeks::Tuplets(Tuplet::Densest(_))) if given.firsts => "--list",
        Some(Seeks::Tuplets(Tuplet::Densest(_))) if given.brun => "--brun",
        Some(Seeks::Tuplets(Tuplet::Densest(_))) if given.points.is_some() => "--every and --points",
        Some(Seeks::Tuplets(Tuplet::Densest(_))) => return Ok(()),
        _ => return Err(Error::usage("--patterns counts the patterns of K primes apart: write --tuplet 3 --patterns")),
    };
    Err(Error::usage(format!("--patterns is not for {with}: leave one of them out")))
}

/// Refuses a pattern that cannot come again and again.
fn admissible(pattern: Pattern) -> Result<()> {
    let Some(obstacle) = pattern.obstacle() else { return Ok(()) };
    let numbers = |n: &dyn Fn(u64) -> String| pattern.distances().map(n).collect::<Vec<_>>().join(", ");
    let any = numbers(&|above| if above == 0 { "n".into() } else { format!("n+{above}") });
    let exceptions = pattern.exceptions(obstacle);
    let them: Vec<String> = exceptions.iter().map(|first| numbers(&|above| (first + above).to_string())).collect();
    let but = if them.is_empty() { String::new() } else { format!(", but for {}", them.join(" and ")) };
    Err(Error::usage(format!(
        "--tuplet: '{pattern}' is not admissible: {obstacle} divides one of {any} for every n, so they are never all prime{but}"
    )))
}

/// More rows than this are not read by anyone.
const RESIDUE_ROWS_MAX: usize = 10_000_000;
const GAP_ROWS_MAX: u64 = 10_000_000;

fn check_gap_table(given: &Given, spans: &[Span]) -> Result<()> {
    let Some(Seeks::GapTable(asked)) = given.seeks else { return Ok(()) };
    let name = asked.name();
    if given.points.is_some() {
        return Err(Error::usage(format!("--every and --points are not for --gaps {name}: leave one of them out")));
    }
    let [span] = spans else {
        let count = spans.len();
        return Err(Error::usage(format!(
            "--gaps {name} makes a table of one range, not of {count}: write one, such as 0..1e9"
        )));
    };
    let GapTable::AtLeast(least) = asked else { return Ok(()) };
    match gap_table::expected_rows(*span, least) {
        rows if rows > GAP_ROWS_MAX as f64 => Err(Error::usage(format!(
            "--gaps {name} makes some {rows:.0e} rows, and at most {GAP_ROWS_MAX} are allowed: write a larger number, or --gaps histogram to count them"
        ))),
        _ => Ok(()),
    }
}

fn check_residues(given: &Given, ranges: usize) -> Result<()> {
    let Some(Seeks::Residues(modulus)) = given.seeks else { return Ok(()) };
    if given.points.is_some() {
        return Err(Error::usage("--every and --points are not for --residues: leave one of them out"));
    }
    if !(1..=RESIDUES_MODULUS_MAX).contains(&modulus) {
        return Err(Error::usage(format!("--residues: '{modulus}' is not between 1 and 10^6")));
    }
    let classes = Residues::new(modulus).count();
    if given.race {
        return check_race(modulus, classes, ranges);
    }
    match classes.saturating_mul(ranges) {
        rows if rows > RESIDUE_ROWS_MAX => Err(Error::usage(format!(
            "--residues {modulus} makes {rows} rows, {classes} for each range: at most {RESIDUE_ROWS_MAX} are allowed"
        ))),
        _ => Ok(()),
    }
}

fn check_race(modulus: u64, classes: usize, ranges: usize) -> Result<()> {
    if ranges != 1 {
        return Err(Error::usage(format!("--race is run in one range, not in {ranges}: write one, such as 0..1e9")));
    }
    if classes < 2 {
        return Err(Error::usage(format!(
            "--race: modulo {modulus} there is only one class: write --residues 3 or more"
        )));
    }
    match modulus {
        ..=RACE_MODULUS_MAX => Ok(()),
        _ => Err(Error::usage(format!("--race takes --residues up to {RACE_MODULUS_MAX}, and not {modulus}"))),
    }
}

/// Months of a core.
const PROVED_WIDTH_MAX: u128 = 10_000_000_000;

/// Why the primes of a range cannot be counted, in words that follow it.
fn refusal(given: &Given, span: Span, asked: Asked) -> Option<&'static str> {
    let wide = span.width() > sieve::SPAN_WIDTH_MAX;
    let why = match given.method {
        Some(Method::Trial) if span.end() > trial::TRIAL_END => "goes beyond 2^64: leave out --method trial",
        Some(Method::Gourdon) if span.end() > gourdon::X_END => {
            "goes beyond 10^25, the limit of --method gourdon: the sieve takes ranges up to 2^127"
        }
        Some(Method::Legendre) if span.end() > OLDER_X_END => {
            "goes beyond 10^15, the limit of --method legendre: write --method gourdon, which goes up to 10^25"
        }
        Some(Method::Lmo) if span.end() > OLDER_X_END => {
            "goes beyond 10^15, the limit of --method lmo: write --method gourdon, which goes up to 10^25"
        }
        Some(Method::Sieve | Method::Trial) if wide => match asked {
            Asked::Numbers => "is too large for this method, which takes up to 2^64-1: leave out --method",
            Asked::Ranges | Asked::Sums(_) => "is wider than 2^64 numbers, the most that the sieve takes",
        },
        _ if matches!(asked, Asked::Numbers) && span.end() > gourdon::X_END => {
            "is too large: pi takes numbers up to 10^25"
        }
        _ if span.end() > sieve::LIMIT => "goes beyond 2^127, the limit for counting primes",
        _ if wide && matches!(asked, Asked::Sums(3)) => "is wider than 2^64 numbers, the most that --power 3 takes",
        _ if wide && given.seeks.is_some() => "is wider than 2^64 numbers, the most that is allowed",
        _ if wide && span.end() > gourdon::X_END => "goes beyond 10^25: ranges wider than 2^64 numbers must end before",
        _ if given.race && span.end() > sieve::SIEVE_END => "goes beyond 2^64, the limit of --race",
        _ if given.prove
            && primality::certainty(span.end()) == Certainty::Probable
            && span.width() > PROVED_WIDTH_MAX =>
        {
            "is too wide for --prove: a proof takes some milliseconds for each prime, and at most 10^10 numbers are allowed"
        }
        _ if matches!(given.seeks, Some(Seeks::GapTable(_)))
            && primality::certainty(span.end()) == Certainty::Probable =>
        {
            "goes beyond 3.3·10^24: a table of gaps is one of proven primes, and above that limit none is proven"
        }
        _ => return None,
    };
    Some(why)
}
