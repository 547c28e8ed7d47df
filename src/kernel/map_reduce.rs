//! `map-reduce`: the sum of the squares of a range, the tutorials' mapper and reducer.

use super::square::Square;
use super::terms;
use super::{Entry, Takes};

pub const ENTRY: Entry = Entry {
    name: "map-reduce",
    about: "Add the squares of a range",
    takes: Takes::Range("1..6"),
    options: &[],
    open: terms::reduce::<Square>,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, given};
    use crate::math::integer::Integer;

    #[test]
    fn it_is_the_pyramid_number() {
        let pyramid = |n: u64| Integer::from(n) * (n - 1) * (2 * n - 1) / 6u32;
        for n in [1u64, 6, 1_000_000, 10_000_000] {
            assert_eq!(answer((ENTRY.open)(&given(&format!("0..{n}")))).total.unwrap(), pyramid(n));
        }
        let across = answer((ENTRY.open)(&given("2^32-5..2^32+5"))).total.unwrap();
        assert_eq!(across, pyramid((1 << 32) + 5) - pyramid((1 << 32) - 5));
    }
}
