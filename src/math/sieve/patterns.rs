//! Finds any pattern of primes, in order.
//!
//! In the eight classes of the smallest wheel the numbers at a distance d from those of a class are those of one other class, some bits later. So
//! where a pattern begins is found by ANDing shifted classes, for each class that it can begin in. This takes the time of a few hundredths of sieving.
//! `tuplets.rs` does the same on any wheel, without order, for narrow patterns.

use super::ordered::{self, CLASSES};
use super::{Sieve, SieveTask, SievingPrimes, Wheel, candidates};
use crate::math::patterns::Pattern;
use crate::math::span::Span;

impl Sieve {
    /// The primes above 5 of a window, and those of them that begin one of the patterns of each group within the window, if it is sieved by the primes
    /// up to `bound`. `each` gets a number, a word of the primes and for each group a word of the first ones, as of [`Sieve::in_order`]. With
    /// `tests` all are primes; without, they are what the sieve leaves. Returns whether all are primes.
    ///
    /// Memory: the bits of eight classes, each a thirtieth of a bit per number: twice, and twice for each group.
    pub fn patterns_in_order(
        &mut self,
        (base, bound): (&SievingPrimes, u64),
        window: Span,
        groups: &[Vec<Pattern>],
        tests: bool,
        mut each: impl FnMut(u128, u64, &[u64]),
    ) -> bool {
        let task = SieveTask { window, wheel: Wheel::smallest(), base, bound }.to_the_root();
        let bitmaps = self.bitmaps(task, |class, bitmap| {
            if tests && !task.decides() {
                candidates::keep_primes(&task, class, bitmap);
            }
        });
        if !bitmaps.is_empty() {
            let of = |patterns: &Vec<Pattern>| CLASSES.map(|class| firsts(class, &bitmaps, patterns));
            let firsts: Vec<[Vec<u64>; 8]> = groups.iter().map(of).collect();
            let mut firsts: Vec<_> = firsts.iter().map(|classes| in_order(classes)).collect();
            let mut own = vec![0; groups.len()];
            for (start, primes) in in_order(&bitmaps) {
                own.iter_mut()
                    .zip(&mut firsts)
                    .for_each(|(own, firsts)| *own = firsts.next().map_or(0, |(_, word)| word));
                each(task.low() + u128::from(start), primes, &own);
            }
        }
        tests || task.decides()
    }
}

/// The words of eight classes.
fn in_order(classes: &[Vec<u64>]) -> impl Iterator<Item = (u64, u64)> + '_ {
    ordered::words(std::array::from_fn(|index| &classes[index][..]))
}

/// The numbers of a class that begin a pattern.
fn firsts(class: u64, bitmaps: &[Vec<u64>], patterns: &[Pattern]) -> Vec<u64> {
    let mut firsts = vec![0; bitmaps[0].len()];
    for pattern in patterns {
        // The class of each prime, and how many bits later it is.
        let place = |above: u64| Some((CLASSES.iter().position(|&c| c == (class + above) % 30)?, (class + above) / 30));
        let Some(places) = pattern.distances().map(place).collect::<Option<Vec<_>>>() else { continue };
        let mut own = vec![u64::MAX; firsts.len()];
        places.into_iter().for_each(|(index, later)| and_later(&mut own, &bitmaps[index], later as usize));
        firsts.iter_mut().zip(own).for_each(|(firsts, own)| *firsts |= own);
    }
    firsts
}

/// Keeps those bits that are set in `other` so many places later.
fn and_later(bits: &mut [u64], other: &[u64], places: usize) {
    let (words, places) = (places / 64, places % 64);
    let other = other.get(words..).unwrap_or(&[]);
    let next = other.iter().skip(1).chain([&0]);
    for (bits, (&low, &high)) in bits.iter_mut().zip(other.iter().zip(next)) {
        *bits &= if places == 0 { low } else { low >> places | high << (64 - places) };
    }
    bits.iter_mut().skip(other.len()).for_each(|bits| *bits = 0);
}

#[cfg(test)]
mod tests {
    use super::super::Layout;
    use super::*;
    use crate::math::lanes;
    use crate::math::primality::is_prime;

    #[test]
    fn first_ones_are_those_of_the_numbers_one_by_one() {
        let base = SievingPrimes::up_to(1 << 20);
        let patterns: Vec<Vec<Pattern>> = [&[0u64, 4][..], &[0, 6, 12, 18], &[0, 30, 900], &[0, 2, 6, 8, 12, 18, 20]]
            .into_iter()
            .map(|distances| vec![Pattern::new(distances).unwrap()])
            .chain([crate::math::patterns::densest(3)])
            .collect();
        for (start, width) in
            [(0u128, 1u128), (7, 6_000), (98, 70_000), (10u128.pow(12) + 7, 20_000), ((1 << 64) + 3, 9_000)]
        {
            let window = Span::new(start, start + width).unwrap();
            let bound = Layout::in_order(window).bound.min(base.bound());
            for (patterns, lanes) in patterns.iter().flat_map(|some| lanes::usable().map(move |lanes| (some, lanes))) {
                let mut sieve = Sieve::new(lanes, 32 << 10);
                base.make(&mut sieve);
                // All patterns together, and the last one alone.
                let groups = [patterns.clone(), patterns[patterns.len() - 1..].to_vec()];
                let (mut primes, mut firsts, mut alone) = (vec![], vec![], vec![]);
                sieve.patterns_in_order((&base, bound), window, &groups, true, |start, some, first| {
                    primes.extend(ordered::numbers(start, some));
                    firsts.extend(ordered::numbers(start, first[0]));
                    alone.extend(ordered::numbers(start, first[1]));
                });
                let expect: Vec<u128> = (start.max(7)..window.end()).filter(|&n| is_prime(n)).collect();
                assert_eq!(primes, expect, "{window}");
                let begins = |n: &u128| {
                    patterns.iter().any(|pattern| n + u128::from(pattern.width()) < window.end() && pattern.is_at(*n))
                };
                let expect: Vec<u128> = expect.into_iter().filter(begins).collect();
                assert_eq!(firsts, expect, "{patterns:?} in {window}");
                let last = groups[1][0];
                assert!(alone.iter().eq(expect.iter().filter(|first| last.is_at(**first))));
                let mut candidates = vec![];
                let decided = sieve.patterns_in_order((&base, bound), window, &groups, false, |start, _, first| {
                    candidates.extend(ordered::numbers(start, first[0]));
                });
                assert!(!decided || candidates == firsts);
                candidates.retain(begins);
                assert_eq!(candidates, firsts);
            }
        }
    }
}
