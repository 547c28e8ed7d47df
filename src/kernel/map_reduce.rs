//! `map-reduce`: the sum of the squares of a range, the tutorials' mapper and reducer.

use super::column_terms;
use super::square::Square;
use super::{KernelEntry, Takes};

/// The command `map-reduce`.
pub const MAP_REDUCE: KernelEntry = KernelEntry {
    name: "map-reduce",
    about: "Add the squares of a range",
    takes: Takes::Ranges("1..6"),
    examples: &[
        ("map-reduce 1..6", "the sum of the squares of 1 to 5"),
        ("map-reduce --list data.h5 --column /values", "of a dataset, of which each rank reads its slices"),
    ],
    open: column_terms::reduce::<Square>,
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
            assert_eq!(answer((MAP_REDUCE.open)(&given(&format!("0..{n}")))).total.unwrap(), pyramid(n));
        }
        let across = answer((MAP_REDUCE.open)(&given("2^32-5..2^32+5"))).total.unwrap();
        assert_eq!(across, pyramid((1 << 32) + 5) - pyramid((1 << 32) - 5));
    }
}
