//! What people type for numbers and ranges, and what it means.
//!
//! Numbers: `1000000`, `1_000_000`, `1e6`, `1.5e6`, `10^6`, `10**6`, and sums, differences and products of
//! those without spaces: `2^64-1`, `3*10^6`. Ranges: `A..B` (half-open, as Python's `range`), `A..=B`,
//! `A..+L`, and any of them with `/N` for N equal ranges. Everything is computed exactly, whatever its size
//! on the way (`2^128-1` is fine), and an error quotes what was typed and says what would do.

use crate::error::{Error, Result};
use crate::math::integer::{Integer, decimal, power};
use crate::math::span::Span;
use std::fmt;
use std::time::Duration;

/// One argument that stands for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    Number(u128),
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

/// More ranges than this are a slip of the finger.
pub const RANGES_MAX: u128 = 1_000_000;

/// No value on the way may have more bits than this.
const BITS_MAX: u32 = 4096;

/// A number or a range; `A..B/N` is N of them.
pub fn items(text: &str) -> Result<Vec<Item>> {
    match text.contains("..") {
        true => Ok(ranges(text)?.into_iter().map(Item::Range).collect()),
        false => Ok(vec![Item::Number(number(text)?)]),
    }
}

/// The spans of `A..B`, `A..=B`, `A..+L`, with or without `/N`.
pub fn ranges(text: &str) -> Result<Vec<Span>> {
    let wrong = |why: String| Error::usage(format!("'{text}' {why}"));
    let Some((start, rest)) = text.split_once("..") else {
        let why = match number(text) {
            Ok(n) => format!("is a number where a range is needed: write 0..{n}, or {n}..={n} for it alone"),
            Err(_) => "is not a range: write A..B, A..=B or A..+L, such as 0..1e6".into(),
        };
        return Err(wrong(why));
    };
    let (end, pieces) = match rest.split_once('/') {
        Some((end, pieces)) => (end, Some(pieces)),
        None => (rest, None),
    };
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
    let beyond = || wrong(format!("ends beyond {}, the largest number", u128::MAX));
    let end = match (width, inclusive) {
        (true, _) => start.checked_add(end).ok_or_else(beyond)?,
        (_, true) if end.checked_add(1) == Some(start) => start,
        (_, true) => end.checked_add(1).ok_or_else(beyond)?,
        _ => end,
    };
    let span = Span::new(start, end).ok_or_else(|| match inclusive {
        true => wrong(format!("runs backwards: write {}..={start}", end - 1)),
        false => wrong(format!("runs backwards: write {end}..{start}")),
    })?;
    let Some(pieces) = pieces else { return Ok(vec![span]) };
    match within(pieces)? {
        0 => Err(wrong("asks for 0 ranges: write /1 or more".into())),
        n if n > RANGES_MAX => Err(wrong(format!("asks for {n} ranges: {RANGES_MAX} are the most"))),
        n => Ok(span.split(n).collect()),
    }
}

/// A number: not negative, integral, below 2^128.
pub fn number(text: &str) -> Result<u128> {
    let wrong = |why: &str| Error::usage(format!("'{text}' {why}"));
    if text.starts_with('-') {
        return Err(wrong("is negative: numbers start at 0"));
    }
    let value = Expression { text, at: 0 }.sum().map_err(|why| match why {
        Slip::Syntax => wrong("is not a number: write digits, 1e6, 10^6 or 2^64-1, without spaces"),
        Slip::Fraction => wrong("is not an integer: fractions cannot be counted"),
        Slip::Large => wrong("is too large: numbers end at 2^128-1"),
    })?;
    if value.is_negative() {
        return Err(wrong(&format!("is negative ({value}): numbers start at 0")));
    }
    value.to_u128().ok_or_else(|| wrong("is too large: numbers end at 2^128-1"))
}

/// A time: seconds with or without a fraction, not negative.
pub fn seconds(text: &str) -> Result<f64> {
    let wrong = |why: &str| Error::usage(format!("'{text}' {why}"));
    if text.starts_with('-') {
        return Err(wrong("is negative: a time is 0 or more seconds"));
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-'));
    match text.parse::<f64>() {
        Ok(seconds) if plain && seconds <= SECONDS_MAX => Ok(seconds),
        Ok(_) if plain => Err(wrong("is too long: 1e6 seconds are the most")),
        _ => Err(wrong("is not a time: write seconds, such as 0.2")),
    }
}

/// A time: `3h50m`, `90s`, `1.5h`, `2d12h`, `500ms`; a number alone is seconds.
pub fn duration(text: &str) -> Result<Duration> {
    const UNITS: [(&str, f64); 5] = [("ms", 1e-3), ("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
    let wrong = |why: &str| Error::usage(format!("'{text}' {why}"));
    let (mut rest, mut seconds, mut last) = (text, 0.0, f64::INFINITY);
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (amount, behind) = rest.split_at(number);
        let unit = UNITS.iter().find(|(name, _)| behind.starts_with(name));
        let (name, length) = match unit {
            Some(&unit) => unit,
            None if behind.is_empty() && amount == text => ("", 1.0),
            None => return Err(wrong("is not a time: write 3h50m, 90s or 90")),
        };
        let amount: f64 = amount.parse().map_err(|_| wrong("is not a time: write 3h50m, 90s or 90"))?;
        // Long ones stand before short ones, each once.
        if length >= last {
            return Err(wrong("is not a time: write 3h50m, 90s or 90"));
        }
        (seconds, last, rest) = (seconds + amount * length, length, &behind[name.len()..]);
    }
    match seconds {
        s if s > 0.0 && s <= DURATION_MAX => Ok(Duration::from_secs_f64(s)),
        s if s > DURATION_MAX => Err(wrong("is too long: ten years are the most")),
        _ => Err(wrong("is no time at all: write 3h50m, 90s or 90")),
    }
}

const DURATION_MAX: f64 = 10.0 * 366.0 * 86400.0;

const SECONDS_MAX: f64 = 1e6;

enum Slip {
    Syntax,
    Fraction,
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
    fn durations_are_as_batch_systems_have_them() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("3h50m", 13800.0),
            ("1.5h", 5400.0),
            ("2d12h", 216000.0),
            ("500ms", 0.5),
            ("1m30s", 90.0),
        ] {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "0", "0s", "-5", "h", "5x", "3m5h", "5s5s", "1e3", "90m90", "5 s", ".", "1e400", "9999999d"] {
            assert!(duration(text).unwrap_err().to_string().starts_with(&format!("'{text}' is ")), "{text}");
        }
    }

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
            ("1 000", "not a number"),
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
    fn times_are_seconds() {
        assert_eq!(seconds("0.2").unwrap(), 0.2);
        assert_eq!(seconds("1e-3").unwrap(), 0.001);
        for text in ["-1", "abc", "inf", "nan", "1e9", "", "1s", "+1"] {
            assert!(seconds(text).unwrap_err().to_string().starts_with(&format!("'{text}' is")));
        }
    }
}
