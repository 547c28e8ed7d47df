//! Patterns of primes: how far they lie above the first of them.
//!
//! A pattern is admissible if no prime q has a multiple among n + d₁, n + d₂, … for every n: if the distances leave out a class modulo q. It is
//! thought that such a pattern comes again and again (Hardy and Littlewood, 1923). One that is not admissible comes a few times at most: where the multiple
//! of q is q itself.

use super::primality::is_prime;
use std::fmt;

/// The most primes of a pattern, and how far the last may be above the first.
pub const PRIMES_MAX: usize = 20;
/// See [`PRIMES_MAX`].
pub const WIDTH_MAX: u64 = 1000;

/// How far the primes of a tuplet lie above its first, which is 0 above itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    distances: [u16; PRIMES_MAX],
    primes: u8,
}

/// The densest admissible patterns of 2 to 12 primes: none with as many is narrower (Forbes, 1999).
const DENSEST: [&[&[u64]]; 11] = [
    &[&[0, 2]],
    &[&[0, 2, 6], &[0, 4, 6]],
    &[&[0, 2, 6, 8]],
    &[&[0, 2, 6, 8, 12], &[0, 4, 6, 10, 12]],
    &[&[0, 4, 6, 10, 12, 16]],
    &[&[0, 2, 6, 8, 12, 18, 20], &[0, 2, 8, 12, 14, 18, 20]],
    &[&[0, 2, 6, 8, 12, 18, 20, 26], &[0, 2, 6, 12, 14, 20, 24, 26], &[0, 6, 8, 14, 18, 20, 24, 26]],
    &[
        &[0, 2, 6, 8, 12, 18, 20, 26, 30],
        &[0, 2, 6, 12, 14, 20, 24, 26, 30],
        &[0, 4, 6, 10, 16, 18, 24, 28, 30],
        &[0, 4, 10, 12, 18, 22, 24, 28, 30],
    ],
    &[&[0, 2, 6, 8, 12, 18, 20, 26, 30, 32], &[0, 2, 6, 12, 14, 20, 24, 26, 30, 32]],
    &[&[0, 2, 6, 8, 12, 18, 20, 26, 30, 32, 36], &[0, 4, 6, 10, 16, 18, 24, 28, 30, 34, 36]],
    &[&[0, 2, 6, 8, 12, 18, 20, 26, 30, 32, 36, 42], &[0, 6, 10, 12, 16, 22, 24, 30, 34, 36, 40, 42]],
];

/// The most primes of the densest patterns that are known here.
pub const DENSEST_MAX: u64 = 12;

/// The densest patterns of so many primes. All are equally wide, and no number begins two of them.
///
/// # Panics
/// If there are less than 2 primes, or more than [`DENSEST_MAX`].
pub fn densest(primes: u64) -> Vec<Pattern> {
    let of = |distances: &&[u64]| Pattern::new(distances).expect("the table has patterns");
    DENSEST[primes as usize - 2].iter().map(of).collect()
}

impl Pattern {
    /// The pattern of these distances; `None` if they do not ascend from 0, or if they are too few, too many or too far.
    pub fn new(distances: &[u64]) -> Option<Pattern> {
        let fits = (2..=PRIMES_MAX).contains(&distances.len())
            && distances[0] == 0
            && distances.windows(2).all(|two| two[0] < two[1])
            && distances[distances.len() - 1] <= WIDTH_MAX;
        fits.then(|| {
            let mut pattern = Pattern { distances: [0; PRIMES_MAX], primes: distances.len() as u8 };
            pattern.distances.iter_mut().zip(distances).for_each(|(place, &distance)| *place = distance as u16);
            pattern
        })
    }

    /// The distances, ascending from 0.
    pub fn distances(&self) -> impl Iterator<Item = u64> + '_ {
        self.distances[..self.primes.into()].iter().map(|&distance| distance.into())
    }

    /// How far the last is above the first.
    pub fn width(&self) -> u64 {
        self.distances[usize::from(self.primes) - 1].into()
    }

    /// The smallest prime that divides one of the numbers wherever they are; `None` if the pattern is admissible.
    pub fn obstacle(&self) -> Option<u64> {
        let covers = |&modulus: &u64| (0..modulus).all(|class| self.distances().any(|above| above % modulus == class));
        (2..=u64::from(self.primes)).filter(|&number| is_prime(number.into())).find(covers)
    }

    /// The numbers at which a pattern with this obstacle is nevertheless one of primes.
    pub fn exceptions(&self, obstacle: u64) -> Vec<u64> {
        let firsts = self.distances().filter_map(|above| obstacle.checked_sub(above));
        let mut firsts: Vec<u64> = firsts.filter(|&first| self.is_at(first.into())).collect();
        firsts.sort_unstable();
        firsts
    }

    /// Whether all numbers at these distances from `first` are prime.
    pub fn is_at(&self, first: u128) -> bool {
        self.distances().all(|above| is_prime(first + u128::from(above)))
    }
}

/// As people type it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.distances().map(|above| above.to_string()).collect();
        f.write_str(&texts.join(","))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All admissible patterns of so many primes and this width, by trying all.
    fn all(primes: usize, width: u64) -> Vec<Vec<u64>> {
        let (mut found, mut begun) = (vec![], vec![vec![0]]);
        while let Some(some) = begun.pop() {
            let last = some[some.len() - 1];
            if some.len() > 1 && Pattern::new(&some).unwrap().obstacle().is_some() {
                continue;
            }
            if some.len() == primes {
                found.extend((last == width).then_some(some));
                continue;
            }
            begun.extend((last + 1..=width).map(|next| [&some[..], &[next]].concat()));
        }
        found.sort();
        found
    }

    #[test]
    fn the_densest_are_all_that_there_are() {
        let mut width = 1;
        for primes in 2..=DENSEST_MAX {
            width = (width + 1..).find(|&width| !all(primes as usize, width).is_empty()).unwrap();
            let table: Vec<Vec<u64>> = densest(primes).iter().map(|pattern| pattern.distances().collect()).collect();
            assert_eq!(table, all(primes as usize, width), "of {primes}");
        }
    }

    /// Two that begin with the same number would be a denser pattern of more primes. That has an obstacle, which is 24 at most.
    #[test]
    fn no_number_begins_two_of_the_densest() {
        for primes in 2..=DENSEST_MAX {
            for first in 0..=2 * u128::from(DENSEST_MAX) {
                assert!(
                    densest(primes).iter().filter(|pattern| pattern.is_at(first)).count() < 2,
                    "{primes} at {first}"
                );
            }
        }
    }

    #[test]
    fn obstacles_and_what_there_is_nevertheless() {
        let of = |distances: &[u64]| {
            let pattern = Pattern::new(distances).unwrap();
            pattern.obstacle().map(|obstacle| (obstacle, pattern.exceptions(obstacle)))
        };
        assert_eq!(of(&[0, 2]), None);
        assert_eq!(of(&[0, 4, 6, 10]), None);
        assert_eq!(of(&[0, 1]), Some((2, vec![2])));
        assert_eq!(of(&[0, 2, 4]), Some((3, vec![3])));
        assert_eq!(of(&[0, 2, 6, 8, 14]), Some((5, vec![5])));
        assert_eq!(of(&[0, 7, 8]), Some((2, vec![])));
        for wrong in [&[0][..], &[1, 3], &[0, 2, 2], &[0, 6, 4], &[0, 1001], &[]] {
            assert_eq!(Pattern::new(wrong), None);
        }
    }
}
