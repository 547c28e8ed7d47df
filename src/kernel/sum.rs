//! `sum`: adds the numbers of a range; by default ten for each rank, the tutorials' mpi4py example.

use super::column_terms;
use super::terms::{Reducible, Run, Term};
use super::{KernelEntry, Takes};
use crate::math::integer::Integer;

/// The command `sum`.
pub const SUM: KernelEntry = KernelEntry {
    name: "sum",
    about: "Add the numbers of a range",
    takes: Takes::Ranges("0..10*ranks"),
    examples: &[
        ("sum 0..=100", "the sum of the numbers up to 100"),
        ("sum 1..10 20..30", "of two ranges"),
        ("sum --list data.csv --column price", "of a column of a table"),
    ],
    open: column_terms::reduce::<Numbers>,
};

/// n to n.
pub struct Numbers;

impl Term for Numbers {
    fn exact(n: Integer) -> Integer {
        n
    }
}

impl Reducible for Numbers {
    const SQUARES: bool = false;

    fn sum(run: &Run) -> Integer {
        run.high.clone() * run.count + run.lows
    }

    fn sum_of(numbers: impl Iterator<Item = i128>) -> Integer {
        Integer::from(numbers.sum::<i128>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, given};

    #[test]
    fn ten_for_each_of_1_2_4_and_8_ranks() {
        for (ranks, expect) in [(1, 45), (2, 190), (4, 780), (8, 3160)] {
            let answer = answer((SUM.open)(&given(&format!("0..10*{ranks}"))));
            assert_eq!(answer.total.unwrap(), expect);
            assert!(answer.table.rows.is_empty());
        }
    }

    #[test]
    fn it_is_the_triangle_number() {
        let triangle = |n: u64| Integer::from(n) * (n - 1) / 2u32;
        for n in [1, 2, 1_000, 1_000_000, 12_345_678] {
            assert_eq!(answer((SUM.open)(&given(&format!("0..{n}")))).total.unwrap(), triangle(n));
        }
    }
}
