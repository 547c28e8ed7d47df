//! `double`: 2n for each number, the tutorials' data in three chunks.

use super::column_terms;
use super::terms::Term;
use super::{KernelEntry, Takes};
use crate::math::integer::Integer;

/// The command `double`.
pub const DOUBLE: KernelEntry = KernelEntry {
    name: "double",
    about: "Double numbers",
    takes: Takes::Items("1..13"),
    examples: &[("double 1..13", "the doubles of 1 to 12")],
    open: column_terms::map::<Double>,
};

/// n to 2n.
pub struct Double;

impl Term for Double {
    fn exact(n: Integer) -> Integer {
        n * 2u32
    }

    #[inline]
    fn low(n: u128) -> u128 {
        n.wrapping_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn the_tutorials_chunks() {
        let answer = answer((DOUBLE.open)(&given("1..5 5..9 9..13 2^128-1")));
        let values = "2 4 6 8 10 12 14 16 18 20 22 24 680564733841876926926749214863536422910";
        assert_eq!(column(&answer, "value").join(" "), values);
        assert_eq!(column(&answer, "n")[..2], ["1", "2"]);
    }
}
