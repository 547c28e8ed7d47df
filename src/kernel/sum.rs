//! `sum`: adds the numbers of a range; by default ten for each rank, the tutorials' mpi4py example.

use super::terms::{self, Term};
use super::{Entry, Takes};
use crate::math::integer::Integer;

pub const ENTRY: Entry = Entry {
    name: "sum",
    about: "Add the numbers of a range",
    takes: Takes::Range("0..10*ranks"),
    options: &[],
    open: terms::reduce::<Identity>,
};

/// n to n.
pub struct Identity;

impl Term for Identity {
    fn narrow(n: u64) -> u64 {
        n
    }
    fn exact(n: Integer) -> Integer {
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, given};

    #[test]
    fn ten_for_each_of_1_2_4_and_8_ranks() {
        for (ranks, expect) in [(1, 45), (2, 190), (4, 780), (8, 3160)] {
            let answer = answer((ENTRY.open)(&given(&format!("0..10*{ranks}"))));
            assert_eq!(answer.total.unwrap(), expect);
            assert!(answer.table.rows.is_empty());
        }
    }

    #[test]
    fn it_is_the_triangle_number() {
        let triangle = |n: u64| Integer::from(n) * (n - 1) / 2u32;
        for n in [1, 2, 1_000, 1_000_000, 12_345_678] {
            assert_eq!(answer((ENTRY.open)(&given(&format!("0..{n}")))).total.unwrap(), triangle(n));
        }
    }
}
