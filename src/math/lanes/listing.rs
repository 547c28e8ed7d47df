//! The loops of the tutorials' map and reduce as plain code, compiled once for each instruction set: a list of numbers is
//! made, mapped and added up.

/// Fills the list with `first`, `first` + 1, and so on.
#[inline(always)]
pub(super) fn ascending(first: u64, list: &mut [u64]) {
    for (number, place) in (first..).zip(list) {
        *place = number;
    }
}

/// Squares all numbers, which must be below 2^32.
#[inline(always)]
pub(super) fn square(list: &mut [u64]) {
    for number in list {
        // The compiler sees that half of a multiplication is enough.
        let low = *number & 0xffff_ffff;
        *number = low * low;
    }
}

/// The sum of fewer than 2^32 numbers: of their halves, which fit.
#[inline(always)]
pub(super) fn total(list: &[u64]) -> u128 {
    let (mut low, mut high) = (0u64, 0u64);
    for number in list {
        low += number & 0xffff_ffff;
        high += number >> 32;
    }
    u128::from(low) + (u128::from(high) << 32)
}

#[cfg(test)]
mod tests {
    use super::super::usable;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::random::cases(100))]

        #[test]
        fn lists_are_made_mapped_and_added_up(first in 0..1u64 << 32, len in 0..600usize, more in any::<u64>()) {
            let first = first.min((1 << 32) - len as u64);
            for lanes in usable() {
                let mut list = vec![0; len];
                lanes.ascending(first, &mut list);
                let numbers: Vec<u64> = (first..first + len as u64).collect();
                prop_assert_eq!(&list, &numbers, "{}", lanes.name);
                lanes.square(&mut list);
                prop_assert!(list.iter().zip(&numbers).all(|(square, n)| *square == n * n), "{}", lanes.name);
                list.push(more);
                let exact = list.iter().map(|&number| u128::from(number)).sum::<u128>();
                prop_assert_eq!(lanes.total(&list), exact, "{}", lanes.name);
            }
        }
    }

    #[test]
    fn the_largest_numbers_fit() {
        for lanes in usable() {
            let mut list = [u32::MAX.into(); 100];
            lanes.square(&mut list);
            assert_eq!(lanes.total(&list), 100 * u128::from(u32::MAX) * u128::from(u32::MAX), "{}", lanes.name);
            assert_eq!(lanes.total(&[u64::MAX; 100]), 100 * u128::from(u64::MAX), "{}", lanes.name);
        }
    }
}
