//! What is sought of primes, as it is typed: tuplets, gaps, classes, lists, and where in a range it is told how much there is up to there.

use super::meant::is_near;
use super::order::{Order, named};
use crate::error::{Error, Result};
use crate::kernel::{GapTable, Points, Seeks, Tuplet};
use crate::math::patterns::{DENSEST_MAX, PRIMES_MAX, Pattern, WIDTH_MAX};
use crate::math::sieve::RESIDUES_MODULUS_MAX;
use crate::syntax;

/// What is sought of the primes: one thing at a time.
///
/// # Errors
/// If something else is sought already.
pub fn seek(order: &mut Order, what: Seeks) -> Result<()> {
    match order.given.seeks.replace(what) {
        None => Ok(()),
        Some(other) => {
            let (one, other) = (other.option(), what.option());
            Err(Error::usage(format!("--{one} and --{other} exclude each other: leave one of them out")))
        }
    }
}

/// The primes are listed; or, where tuplets are sought, the first ones of these.
///
/// # Errors
/// If something else is sought already.
pub fn list(order: &mut Order) -> Result<()> {
    match order.given.seeks {
        Some(Seeks::Tuplets(_)) => order.given.firsts = true,
        _ => return seek(order, Seeks::Primes),
    }
    Ok(())
}

/// Where in its range it is told what there is up to there.
///
/// # Errors
/// If other points were typed.
pub fn pointed(order: &mut Order, points: Points) -> Result<()> {
    match order.given.points.replace(points) {
        None => Ok(()),
        Some(_) => Err(Error::usage("--every and --points exclude each other: leave one of them out")),
    }
}

/// Numbers separated by commas.
///
/// # Errors
/// If one of them is not a number.
pub fn points(text: &str) -> Result<Vec<u128>> {
    numbers("points", text).collect()
}

/// The numbers between commas, behind an option.
fn numbers(option: &'static str, text: &str) -> impl Iterator<Item = Result<u128>> {
    text.split(',').map(move |part| match part.trim() {
        "" => Err(Error::usage(format!(
            "--{option}: '{text}' lacks a number beside a comma: write numbers and commas, such as 0,4,6"
        ))),
        part => named(option, syntax::number(part)),
    })
}

/// Which tuplets are sought.
///
/// # Errors
/// If the text is neither a number from 2 to 12 nor distances that ascend from 0.
pub fn tuplet(text: &str) -> Result<Tuplet> {
    let wrong = |why: String| Err(Error::usage(format!("--tuplet: '{text}' {why}")));
    if !text.contains(',') {
        return match named("tuplet", syntax::number(text))? {
            k if (2..=u128::from(DENSEST_MAX)).contains(&k) => Ok(Tuplet::Densest(k as u64)),
            _ => wrong(format!(
                "is not between 2, for twins, and {DENSEST_MAX}; or write a pattern, such as --tuplet 0,4,6,10"
            )),
        };
    }
    let distances: Vec<u64> =
        numbers("tuplet", text).map(|above| Ok(above?.try_into().unwrap_or(u64::MAX))).collect::<Result<_>>()?;
    match Pattern::new(&distances) {
        Some(pattern) => Ok(Tuplet::Of(pattern)),
        None if distances[0] != 0 => wrong("does not begin with 0, the place of the first prime".into()),
        None if distances.len() > PRIMES_MAX => wrong(format!("has more than {PRIMES_MAX} primes")),
        None if distances.last().is_some_and(|&last| last > WIDTH_MAX) => wrong(format!("is wider than {WIDTH_MAX}")),
        None => wrong("does not ascend: write each distance from the first prime once, as in 0,4,6,10".into()),
    }
}

/// What `--gaps` finds if nothing else is said.
pub const LARGEST: &str = "largest";

/// Whether the word, behind `--gaps`, says which gaps are sought, rightly or not. It may be a range, or a command.
pub fn says_which_gaps(word: &str) -> bool {
    let names = || GapTable::NAMED.map(GapTable::name).into_iter().chain([LARGEST.into()]);
    let means = |name: String| name == word || word.chars().all(char::is_alphabetic) && is_near(word, &name);
    syntax::number(word).is_ok() || names().any(means)
}

/// Which gaps are sought.
///
/// # Errors
/// If the text is neither a name of some gaps nor a number from 1 on.
pub fn gaps(text: &str) -> Result<Seeks> {
    let named = GapTable::NAMED.into_iter().find(|table| table.name() == text);
    match (named, syntax::number(text)) {
        _ if text == LARGEST => Ok(Seeks::Gaps),
        (Some(table), _) => Ok(Seeks::GapTable(table)),
        (None, Ok(least @ 1..)) => Ok(Seeks::GapTable(GapTable::AtLeast(least))),
        _ => Err(Error::usage(format!(
            "--gaps: '{text}' is not largest, records, first, histogram, or a number from 1 on"
        ))),
    }
}

/// The modulus of the classes that primes are counted in.
///
/// # Errors
/// If the text is not a number from 1 to 10^6.
pub fn residues(text: &str) -> Result<u64> {
    match named("residues", syntax::number(text))? {
        modulus if (1..=u128::from(RESIDUES_MODULUS_MAX)).contains(&modulus) => Ok(modulus as u64),
        _ => Err(Error::usage(format!("--residues: '{text}' is not between 1 and 10^6"))),
    }
}
