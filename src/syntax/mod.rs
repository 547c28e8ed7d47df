//! Numbers and ranges as people type them.
//!
//! Numbers: `1000000`, `1_000_000`, `1e6`, `1.5e6`, `10^6`, `10**6`, and sums, differences and products of
//! those without spaces: `2^64-1`, `3*10^6`. Ranges: `A..B` (half-open, as Python's `range`), `A..=B`,
//! `A..+L`, and any of them with `/N` for N equal ranges. Everything is computed exactly, whatever its size
//! on the way (`2^128-1` is fine), and an error quotes what was typed and says what would work.

mod duration;
mod hints;
mod size;

use crate::error::{Error, Result};
use crate::math::integer::{Integer, decimal, power};
use crate::math::span::Span;
pub use duration::{duration, seconds};
pub use hints::number as guess;
pub use size::size;
use std::fmt;

/// One argument: numbers or a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A number.
    Number(u128),
    /// A range.
    Range(Span),
}

impl Item {
    /// The first number and how many there are.
    pub fn first_and_count(&self) -> (u128, u128) {
        match self {
            Item::Number(number) => (*number, 1),
            Item::Range(span) => (span.start(), span.width()),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Number(number) => number.fmt(f),
            Item::Range(span) => span.fmt(f),
        }
    }
}

/// If a word stands for more ranges than this, they are not listed one by one.
pub const TOLD: usize = 1000;

/// Spans in the form in which they can be typed: one by one, but very many equal ones as `A..B/N`.
pub fn texts(spans: &[Span]) -> Vec<String> {
    let mut texts = vec![];
    for run in spans.chunk_by(|left, right| left.end() == right.start()) {
        let whole = Span::new(run[0].start(), run[run.len() - 1].end()).expect("ranges that touch ascend");
        let count = run.len() as u128;
        match run.len() > TOLD && whole.split(count).eq(run.iter().copied()) {
            true => texts.push(format!("{whole}/{count}")),
            false => texts.extend(run.iter().map(Span::to_string)),
        }
    }
    texts
}

/// More ranges than this are probably a typing error.
pub const RANGES_MAX: u128 = 1_000_000;

/// No intermediate value may have more bits than this.
const BITS_MAX: u32 = 4096;

/// A number or a range; `A..B/N` is N ranges.
///
/// # Errors
/// If it is neither; the message quotes it and says what would work.
pub fn items(text: &str) -> Result<Vec<Item>> {
    if text.contains("..") {
        return Ok(ranges(text)?.into_iter().map(Item::Range).collect());
    }
    let why = match number(text) {
        Ok(number) => return Ok(vec![Item::Number(number)]),
        Err(why) => why,
    };
    // A word that may be a number is one: a comma is more often in a number than between two numbers.
    let number = hints::grouped(text).or_else(|| hints::number(text).filter(|_| text.contains(',')));
    let meant = if number.is_some() { None } else { hints::several(text).or_else(|| hints::range(text)) };
    Err(meant.map_or(why.clone(), |meant| {
        let what = why.to_string();
        Error::usage(format!("{}: did you mean {meant}?", what.split(": ").next().unwrap_or_default()))
    }))
}

/// The spans of `A..B`, `A..=B`, `A..+L`, with or without `/N`.
///
/// # Errors
/// If it is no range; the message quotes it and says what would work.
pub fn ranges(text: &str) -> Result<Vec<Span>> {
    if !text.contains("..") {
        return Err(Error::usage(format!("'{text}' {}", no_range(text))));
    }
    let (whole, pieces) = match text.split_once('/') {
        Some((whole, pieces)) => (whole, Some(pieces)),
        None => (text, None),
    };
    let span = span_of(text, whole).map_err(|why| match hints::several(text).or_else(|| hints::range(text)) {
        Some(meant) => Error::usage(format!("'{text}' is not a range: did you mean {meant}?")),
        None => why,
    })?;
    let Some(pieces) = pieces else { return Ok(vec![span]) };
    match number(pieces).map_err(|why| why.at(&format!("in '{text}'")))? {
        0 => Err(Error::usage(format!("'{text}' asks for 0 ranges: write /1 or more"))),
        n if n > RANGES_MAX => {
            Err(Error::usage(format!("'{text}' asks for {n} ranges: at most {RANGES_MAX} are allowed")))
        }
        n => Ok(span.split(n).collect()),
    }
}

/// What is wrong with a text without dots where a range is needed.
fn no_range(text: &str) -> String {
    match (number(text), hints::range(text)) {
        (Ok(_), _) => format!("is a number where a range is needed: write 0..{text}, or {text}..={text} for it alone"),
        (_, Some(meant)) => format!("is not a range: did you mean {meant}?"),
        (Err(why), _) if text.bytes().all(|c| c.is_ascii_digit()) && !text.is_empty() => {
            why.to_string().strip_prefix(&format!("'{text}' ")).map_or("is no number".into(), str::to_string)
        }
        _ => match hints::number(text) {
            Some(n) => format!("is a number where a range is needed: did you mean 0..{n}?"),
            None => "is not a range: write A..B, A..=B or A..+L, such as 0..1e6".into(),
        },
    }
}

/// Both ranges between two words, in words, if they are numbers of which the second is the larger.
pub fn range_between(start: &str, end: &str) -> Option<String> {
    hints::rises(start, end).then(|| hints::either(start, end, false))
}

/// The span of a range without `/N`.
fn span(text: &str) -> Result<Span> {
    span_of(text, text)
}

/// The same of a part of `text`, which messages quote.
fn span_of(text: &str, whole: &str) -> Result<Span> {
    let wrong = |why: String| Error::usage(format!("'{text}' {why}"));
    let (start, end) = whole.split_once("..").ok_or_else(|| wrong(no_range(text)))?;
    let (width, inclusive, end) = match (end.strip_prefix('+'), end.strip_prefix('=')) {
        (Some(width), _) => (true, false, width),
        (_, Some(end)) => (false, true, end),
        _ => (false, false, end),
    };
    if start.is_empty() || end.is_empty() {
        let lacks = if start.is_empty() { "a start" } else { "an end" };
        return Err(wrong(format!("lacks {lacks}: write A..B, such as 0..1e6")));
    }
    let within = |part: &str| number(part).map_err(|e| if part == text { e } else { e.at(&format!("in '{text}'")) });
    let (start, end) = (within(start)?, within(end)?);
    let beyond = || wrong(format!("ends beyond {}, the largest number of a range", u128::MAX - 1));
    let end = match (width, inclusive) {
        (true, _) => start.checked_add(end).ok_or_else(beyond)?,
        (_, true) if end.checked_add(1) == Some(start) => start,
        (_, true) => end.checked_add(1).ok_or_else(beyond)?,
        _ => end,
    };
    Span::new(start, end).ok_or_else(|| match inclusive {
        true => wrong(format!("runs backwards: write {}..={start}", end - 1)),
        false => wrong(format!("runs backwards: write {end}..{start}")),
    })
}

/// A number: not negative, integral, below 2^128.
///
/// # Errors
/// If it is none; the message quotes it and says what would work, or what may have been meant.
pub fn number(text: &str) -> Result<u128> {
    let wrong = |why: &str| Error::usage(format!("'{text}' {why}"));
    if text.starts_with('-') {
        return Err(wrong("is negative: numbers start at 0"));
    }
    let value = value(text).map_err(|slip| {
        let meant = hints::number(text).map(|meant| format!("did you mean {meant}?"));
        let says = |what: &str, otherwise: &str| wrong(&format!("{what}: {}", meant.as_deref().unwrap_or(otherwise)));
        match slip {
            Slip::Syntax => says("is not a number", "write digits, 1e6, 10^6 or 2^64-1, without spaces"),
            Slip::Fraction => says("is not an integer", "fractions cannot be counted"),
            Slip::Grouped(whole) => says(&format!("is {whole} to some and a thousand times that to others"), ""),
            Slip::Large => wrong("is too large: numbers end at 2^128-1"),
        }
    })?;
    if value.is_negative() {
        return Err(wrong(&format!("is negative ({value}): numbers start at 0")));
    }
    value.to_u128().ok_or_else(|| wrong("is too large: numbers end at 2^128-1"))
}

/// The value of a number, of any size and sign.
fn value(text: &str) -> std::result::Result<Integer, Slip> {
    Expression { text, at: 0 }.sum()
}

/// Why a text is no number.
enum Slip {
    Syntax,
    Fraction,
    /// `1.000`: a dot before three digits separates thousands in half of Europe. Returns the part before it.
    Grouped(String),
    Large,
}

/// Recursive descent over `text[at..]`: sums of products of powers.
struct Expression<'a> {
    text: &'a str,
    at: usize,
}

impl Expression<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn eat(&mut self, what: &str) -> bool {
        let here = self.rest().starts_with(what);
        self.at += if here { what.len() } else { 0 };
        here
    }

    fn sum(mut self) -> std::result::Result<Integer, Slip> {
        let mut sum = self.product()?;
        loop {
            if self.eat("+") {
                sum += self.product()?;
            } else if self.eat("-") {
                sum -= self.product()?;
            } else {
                return if self.rest().is_empty() { Ok(sum) } else { Err(Slip::Syntax) };
            }
        }
    }

    /// The whole text if it is a number by itself, without sums, products and powers.
    fn alone(mut self) -> Option<Integer> {
        let number = self.literal().ok()?;
        self.rest().is_empty().then_some(number)
    }

    fn product(&mut self) -> std::result::Result<Integer, Slip> {
        let mut product = self.power()?;
        while !self.rest().starts_with("**") && self.eat("*") {
            product *= self.power()?;
            if product.significant_bits() > BITS_MAX {
                return Err(Slip::Large);
            }
        }
        Ok(product)
    }

    /// Powers bind to the right, as in Python and on paper: 2^3^2 is 2^9.
    fn power(&mut self) -> std::result::Result<Integer, Slip> {
        let mut tower = vec![self.literal()?];
        while self.eat("^") || self.eat("**") {
            tower.push(self.literal()?);
        }
        let top = tower.pop().expect("there is a base");
        tower.iter().rev().try_fold(top, |exponent, base| power(base, &exponent, BITS_MAX)).ok_or(Slip::Large)
    }

    /// Digits with or without a fraction and a power of ten behind them.
    fn literal(&mut self) -> std::result::Result<Integer, Slip> {
        let whole = self.digits()?;
        let fraction = if self.eat(".") { self.digits()? } else { String::new() };
        let mut shift = 0i64;
        let goes_on = self.rest().starts_with(['e', 'E', '.']);
        if !goes_on && fraction.bytes().all(|b| b == b'0') && hints::grouped(&format!("{whole}.{fraction}")).is_some() {
            return Err(Slip::Grouped(whole));
        }
        if self.eat("e") || self.eat("E") {
            let down = self.eat("-");
            if !down {
                self.eat("+");
            }
            let size: i64 = self.digits()?.parse().map_err(|_| Slip::Large)?;
            shift = if down { size.saturating_neg() } else { size };
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = decimal(&format!("{whole}{fraction}")).ok_or(Slip::Syntax)?;
        if digits.is_zero() {
            return Ok(digits);
        }
        shift = shift.saturating_sub(fraction.len() as i64);
        let ten = power(&Integer::from(10), &Integer::from(shift.unsigned_abs()), BITS_MAX);
        match (ten, shift >= 0) {
            (Some(ten), true) => Ok(digits * ten),
            (Some(ten), false) if digits.is_divisible(&ten) => Ok(digits / ten),
            (None, true) => Err(Slip::Large),
            (_, false) => Err(Slip::Fraction),
        }
    }

    /// A run of digits; an underscore may stand between two of them.
    fn digits(&mut self) -> std::result::Result<String, Slip> {
        let end = self.rest().find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(self.rest().len());
        let run = self.rest()[..end].to_string();
        let slip = run.is_empty() || run.starts_with('_') || run.ends_with('_') || run.contains("__");
        if slip {
            return Err(Slip::Syntax);
        }
        self.at += end;
        Ok(run.replace('_', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, expect) in [
            ("0", 0),
            ("007", 7),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E6", 1_000_000),
            ("1e+6", 1_000_000),
            ("1.5e6", 1_500_000),
            ("1.500e1", 15),
            ("2.0", 2),
            ("0e999999999999", 0),
            ("10^6", 1_000_000),
            ("10**6", 1_000_000),
            ("2^3^2", 512),
            ("3*10^6", 3_000_000),
            ("2^32-1", (1 << 32) - 1),
            ("1e18+1e9", 1_000_000_001_000_000_000),
            ("2-3+4", 3),
            ("2*3**2*4", 72),
            ("2^64", 1 << 64),
            ("2^128-1", u128::MAX),
            ("340282366920938463463374607431768211455", u128::MAX),
        ] {
            assert_eq!(number(text).unwrap(), expect, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_quoted_with_the_reason() {
        for (text, reason) in [
            ("", "not a number"),
            ("abc", "not a number"),
            ("1__0", "not a number"),
            ("_1", "not a number"),
            ("1_", "not a number"),
            ("1 000", "not a number: did you mean 1000?"),
            ("0x10", "not a number"),
            ("+5", "not a number"),
            ("1e", "not a number"),
            ("1.e3", "not a number"),
            (".5e1", "not a number"),
            ("2^", "not a number"),
            ("2*", "not a number"),
            ("2^-1", "not a number"),
            ("½", "not a number"),
            ("1.5", "not an integer"),
            ("1e-3", "not an integer"),
            ("1.23e1", "not an integer"),
            ("-5", "negative"),
            ("3-5", "negative"),
            ("2^128", "too large"),
            ("1e400", "too large"),
            ("9^9^9", "too large"),
            ("1e99999999999999999999", "too large"),
        ] {
            let error = number(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is {reason}")), "{error}");
        }
    }

    #[test]
    fn a_high_tower_stands() {
        assert_eq!(number(&("1^".repeat(60_000) + "1")).unwrap(), 1);
    }

    #[test]
    fn ranges_as_people_write_them() {
        let span = |start, end| Span::new(start, end).unwrap();
        for (text, expect) in [
            ("0..10", vec![span(0, 10)]),
            ("0..=10", vec![span(0, 11)]),
            ("5..=4", vec![span(5, 5)]),
            ("1e18..+1e9", vec![span(10u128.pow(18), 10u128.pow(18) + 10u128.pow(9))]),
            ("5..5", vec![span(5, 5)]),
            ("0..10/3", vec![span(0, 3), span(3, 6), span(6, 10)]),
            ("0..=9/2", vec![span(0, 5), span(5, 10)]),
            ("0..2/3", vec![span(0, 1), span(1, 2), span(2, 2)]),
            ("2^64-1..2^64", vec![span((1 << 64) - 1, 1 << 64)]),
            ("0..2^128-1", vec![span(0, u128::MAX)]),
        ] {
            assert_eq!(ranges(text).unwrap(), expect, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_quoted_with_the_reason() {
        for (text, reason) in [
            ("10", "'10' is a number where a range is needed: write 0..10"),
            ("ten", "'ten' is not a range"),
            ("..5", "'..5' lacks a start"),
            ("5..", "'5..' lacks an end"),
            ("5..=", "'5..=' lacks an end"),
            ("5..3", "'5..3' runs backwards: write 3..5"),
            ("5..=3", "'5..=3' runs backwards: write 3..=5"),
            ("0..x", "in '0..x': 'x' is not a number"),
            ("0..1.5", "in '0..1.5': '1.5' is not an integer"),
            ("0..10/0", "'0..10/0' asks for 0 ranges"),
            ("0..10/1e9", "'0..10/1e9' asks for 1000000000 ranges"),
            ("0..=2^128-1", "'0..=2^128-1' ends beyond"),
            ("2^127..+2^127", "'2^127..+2^127' ends beyond"),
            ("1..2..3", "in '1..2..3': '2..3' is not a number"),
        ] {
            let error = ranges(text).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }

    #[test]
    fn very_many_equal_ranges_are_told_as_one() {
        let all = |words: &[&str]| words.iter().flat_map(|word| ranges(word).unwrap()).collect::<Vec<Span>>();
        assert_eq!(texts(&all(&["0..9/3", "20..=30"])), ["0..3", "3..6", "6..9", "20..31"]);
        assert_eq!(texts(&all(&["5..6", "7..1e6/2000", "3..4"])), ["5..6", "7..1000000/2000", "3..4"]);
        assert_eq!(texts(&all(&["0..5000/5000", "5000..5003"])).len(), 5001);
        for word in ["7..1000000/2000", "0..10/20"] {
            assert_eq!(all(&texts(&all(&[word])).iter().map(|text| &text[..]).collect::<Vec<_>>()), all(&[word]));
        }
    }
}
