//! What `li` and `riemann-r` have in common: a number in, a real number out.

use super::per_number::{self, PerNumber};
use super::{Given, Opened};
use crate::math::approximate::decimal;
use crate::math::integer::Float;
use crate::values::Value;

/// A row for each number given, with what the function makes of it, which is finite and not negative.
pub fn open(given: &Given, function: fn(u128) -> Float) -> Opened {
    per_number::open(given, RealFunction(function))
}

#[derive(Clone)]
struct RealFunction(fn(u128) -> Float);

/// Digits of a value, at least; and places behind the point, at least.
const VALUE_DIGITS: usize = 20;
const PLACES: usize = 4;

impl PerNumber for RealFunction {
    type Found = String;
    /// A millisecond or so.
    const UNIT_NUMBERS: usize = 32;
    const NUMBER: &'static str = "x";

    fn find(&self, x: u128) -> String {
        let value = (self.0)(x);
        let whole = decimal(&value, 1).find('.').expect("there is a point");
        decimal(&value, VALUE_DIGITS.saturating_sub(whole).max(PLACES) as u32)
    }

    fn columns(&self) -> &'static [&'static str] {
        &["value"]
    }

    fn cells(&self, _: u128, value: String) -> Vec<Value> {
        vec![Value::text(value)]
    }

    fn seconds(&self, _: u128) -> f64 {
        30e-6
    }

    /// It is a number with a point in it.
    fn is_possible(&self, value: &String) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        value.split_once('.').is_some_and(|(whole, places)| digits(whole) && digits(places))
    }
}
