//! Counts the primes up to x without finding them all: the upper steps of the ladder.
//!
//! Each step is tested against the one below it, and none is ever removed:
//! - [`naive`](super::sieve::naive) marks every number: up to some thousands, for every x;
//! - the [`sieve`](super::sieve) marks every number that a wheel lets through: random x up to 10^9;
//! - [`legendre`] counts by one recursion over [`phi`], ten lines that are hard to get wrong: up to 10^11 in a test;
//! - [`lmo`] stops that recursion early and counts the rest in a sieve, term by term: up to 10^13 in some seconds;
//! - [`gourdon`] splits it further and needs little memory for each thread: it is the fast one.
//!
//! All but the last are written to be read. They share the few primes of the naive sieve, [`phi::SmallPhi`] and the tables of
//! [`counted`], and use nothing of what makes the last one fast. [`rough`] counts φ(x, a) for many primes another way.

pub mod counted;
mod counting_segment;
pub mod gourdon;
pub mod legendre;
pub mod lmo;
pub mod phi;
pub mod rough;

/// The root of a degree from 2 on, rounded down.
pub fn root(x: u128, degree: u32) -> u64 {
    let (mut low, mut high) = (0u128, 1u128 << (x.max(1).ilog2() / degree + 1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match middle.checked_pow(degree) {
            Some(power) if power <= x => low = middle,
            _ => high = middle,
        }
    }
    low as u64
}

/// The cube root, rounded down.
pub fn cube_root(x: u64) -> u64 {
    root(x.into(), 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    /// The known values of π up to `most`.
    pub fn known(most: u64) -> Vec<(u64, u64)> {
        let rows = golden::rows("pi").into_iter().map(|row| (row[0].parse::<u128>().unwrap(), row[1].clone()));
        let small = rows.filter(|(x, _)| *x <= u128::from(most));
        small.map(|(x, count)| (x as u64, count.parse().unwrap())).collect()
    }

    /// Numbers where roots change: squares, cubes, fourth and sixth powers up to `most`, and their neighbours.
    pub fn around_powers(most: u64) -> Vec<u64> {
        let powers =
            [2, 3, 4, 6].into_iter().flat_map(|power| (1..).map(move |n: u64| n.pow(power)).take_while(|&n| n <= most));
        powers.flat_map(|x| [x - 1, x, x + 1]).filter(|&x| x <= most).collect()
    }

    #[test]
    fn cube_roots_are_exact() {
        for root in (0..2000).chain(2_642_200..=2_642_245) {
            let cube = root * root * root;
            assert_eq!(cube_root(cube), root);
            assert_eq!(cube_root(cube + 1), root.max(1));
            assert_eq!(cube_root(cube.saturating_sub(1)), root.saturating_sub(1));
        }
        assert_eq!(cube_root(u64::MAX), 2_642_245);
    }
}
