//! Combs and hits: primes with their places in a line, in types that keep what the loops rely on.

use super::{Lanes, Leap, SLACK, Start};

/// Odd primes, and for each the first bit of a line that it divides: its teeth are that bit and every p-th
/// from there. Every place is below its prime, whatever is done to a comb.
#[derive(Default)]
pub struct Comb {
    primes: Vec<u32>,
    at: Vec<u32>,
    /// What one step takes from each place.
    by: Vec<u32>,
}

impl Comb {
    /// Sets the comb to these primes, in the line of `start`; a step goes to the line that starts two numbers
    /// later. The primes ascend and share no factor with the line's modulus.
    pub fn set<'a>(&mut self, lanes: &Lanes, start: &Start, primes: impl Iterator<Item = &'a [u32]>) {
        self.primes.clear();
        primes.for_each(|some| self.primes.extend(some));
        debug_assert!(self.primes.is_sorted() && self.primes.iter().all(|p| p % 2 == 1));
        self.at.clear();
        self.by.clear();
        self.at.resize(self.primes.len(), 0);
        self.by.resize(self.primes.len(), 0);
        lanes.start(start, &self.primes, &mut self.at, &mut self.by);
    }

    /// The comb of the same primes whose steps go on along the line by so many bits.
    pub fn along(&self, bits: u32) -> Comb {
        let by = self.primes.iter().map(|p| bits % p).collect();
        Comb { primes: self.primes.clone(), at: self.at.clone(), by }
    }

    /// Takes the places of another comb of the same primes.
    pub fn follow(&mut self, other: &Comb) {
        assert_eq!(self.primes.len(), other.primes.len());
        debug_assert_eq!(self.primes, other.primes);
        self.at.copy_from_slice(&other.at);
    }

    pub fn step(&mut self, lanes: &Lanes, times: u32) {
        lanes.step(&mut self.at, &self.by, &self.primes, times);
    }

    pub fn primes(&self) -> &[u32] {
        &self.primes
    }

    pub(super) fn at(&self) -> &[u32] {
        &self.at
    }

    pub(super) fn by(&self) -> &[u32] {
        &self.by
    }

    /// The comb's primes by their residues 1, 3, 5 and 7 modulo 8.
    pub fn by_residue(primes: &[u32]) -> [Vec<u32>; 4] {
        [1, 3, 5, 7].map(|residue| primes.iter().copied().filter(|p| p % 8 == residue).collect())
    }
}

/// Bits of a line, each below a bound.
#[derive(Default)]
pub struct Hits {
    below: u32,
    bits: Vec<u32>,
}

impl Hits {
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// Adds to each of a row of lines those first teeth of the comb that lie in it: for primes longer than a
    /// line, all it has. The comb stands at the line before the first one; to come to each line takes so many
    /// steps as `times` has for it. The comb stays where it is.
    pub fn rake(lines: &mut [Hits], lanes: &Lanes, comb: &Comb, times: &[u32]) {
        assert_eq!(lines.len(), times.len());
        for hits in &mut *lines {
            hits.bits.reserve(comb.at.len() + SLACK);
        }
        lanes.rake(comb, times, lines);
    }

    pub fn bound(&self) -> u32 {
        self.below
    }

    pub(super) fn bits(&self) -> &[u32] {
        &self.bits
    }

    /// To write behind the bits that are there; what is kept must be below the bound.
    pub(super) fn bits_mut(&mut self) -> &mut Vec<u32> {
        &mut self.bits
    }

    /// Forgets all; from now on for lines of so many bits.
    pub fn clear(&mut self, below: u32) {
        self.below = below;
        self.bits.clear();
    }
}

/// Multiples of long primes in the lines of some classes: each as its bit in the line, and above that its class.
#[derive(Default)]
pub struct Leaps {
    found: Vec<u32>,
    bits: u32,
    wanted: [u32; 8],
}

impl Leaps {
    /// Finds the multiples of the primes, which are longer than a line and share no factor with the modulus.
    pub fn find(&mut self, lanes: &Lanes, leap: &Leap, primes: &[u32]) {
        self.found.clear();
        (self.bits, self.wanted) = (leap.bits, leap.wanted);
        lanes.leap(leap, primes, &mut self.found);
    }

    /// Deals them out to the lines of the classes, which ascend and are those that were wanted.
    pub fn deal(&self, lines: &mut [Hits], classes: &[u32]) {
        let mut list_of = [0; 256];
        for ((list, &class), hits) in (0..).zip(classes).zip(&mut *lines) {
            assert!(self.wanted[class as usize / 32] >> (class % 32) & 1 == 1 && hits.below == self.bits);
            list_of[class as usize] = list;
            hits.bits.reserve(self.found.len());
        }
        // As many different classes as are wanted, all of them wanted: so there is a line for each leap.
        let wanted: u32 = self.wanted.iter().map(|word| word.count_ones()).sum();
        assert!(classes.is_sorted_by(|a, b| a < b) && classes.len() == lines.len() && wanted as usize == lines.len());
        // SAFETY: every leap's class has a list, with room for all, and its bit is below the bound.
        unsafe { super::generic::deal(lines, &list_of, &self.found) }
    }

    #[cfg(test)]
    pub(super) fn found(&self) -> &[u32] {
        &self.found
    }
}
