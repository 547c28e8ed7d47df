//! The multiples of primes in a class, in types that keep what the loops rely on.

use super::{Lanes, Leap, SLACK, Start};

/// Odd primes, and for each the place of its first multiple in a class. Its other multiples are every p-th bit
/// from there. Every place is below its prime: no method changes that.
#[derive(Default)]
pub struct FirstMultiples {
    primes: Vec<u32>,
    at: Vec<u32>,
    /// What one step subtracts from each place, modulo the prime.
    by: Vec<u32>,
}

impl FirstMultiples {
    /// Finds the first multiples of these primes in the class of `start`. A step goes to the class that starts two numbers
    /// later. The primes ascend and share no factor with the class's modulus.
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

    /// First multiples of the same primes, for steps along the class by so many bits.
    pub fn along(&self, bits: u32) -> FirstMultiples {
        let by = self.primes.iter().map(|p| bits % p).collect();
        FirstMultiples { primes: self.primes.clone(), at: self.at.clone(), by }
    }

    /// Takes the places of others.
    ///
    /// # Panics
    /// If they are not of the same primes.
    pub fn copy_positions(&mut self, other: &FirstMultiples) {
        // Places of other primes might not be below ours.
        assert!(self.primes == other.primes, "these are the multiples of other primes");
        self.at.copy_from_slice(&other.at);
    }

    /// Moves every place by `times` steps.
    pub fn step(&mut self, lanes: &Lanes, times: u32) {
        lanes.step(&mut self.at, &self.by, &self.primes, times);
    }

    /// The primes, ascending.
    pub fn primes(&self) -> &[u32] {
        &self.primes
    }

    pub(super) fn at(&self) -> &[u32] {
        &self.at
    }

    pub(super) fn by(&self) -> &[u32] {
        &self.by
    }

    /// The primes by their residues 1, 3, 5 and 7 modulo 8.
    pub fn by_residue(primes: &[u32]) -> [Vec<u32>; 4] {
        [1, 3, 5, 7].map(|residue| primes.iter().copied().filter(|p| p % 8 == residue).collect())
    }
}

/// Bits of a class, each below a bound.
#[derive(Default)]
pub struct Hits {
    below: u32,
    bits: Vec<u32>,
}

impl Hits {
    /// How many hits there are.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// Adds to the list of each class the first multiples that lie in it. For primes larger than the number of bits of a class these
    /// are all its multiples. `multiples` stands at the class before the first one and stays there. `times` has the steps from each
    /// class to the next.
    ///
    /// # Panics
    /// If there are not as many lists as times.
    pub fn collect(lists: &mut [Hits], lanes: &Lanes, multiples: &FirstMultiples, times: &[u32]) {
        assert_eq!(lists.len(), times.len());
        for hits in &mut *lists {
            hits.bits.reserve(multiples.at.len() + SLACK);
        }
        lanes.collect(multiples, times, lists);
    }

    /// All hits are below this.
    pub fn bound(&self) -> u32 {
        self.below
    }

    pub(super) fn bits(&self) -> &[u32] {
        &self.bits
    }

    /// To write behind the bits that are there. All bits that are kept must be below the bound.
    pub(super) fn bits_mut(&mut self) -> &mut Vec<u32> {
        &mut self.bits
    }

    /// Removes all hits. From now on the class has so many bits.
    pub fn clear(&mut self, below: u32) {
        self.below = below;
        self.bits.clear();
    }
}

/// Multiples of large primes: in each word the bit in its class, and above it the class.
#[derive(Default)]
pub struct Leaps {
    found: Vec<u32>,
    bits: u32,
    wanted: [u32; 8],
}

impl Leaps {
    /// Finds the multiples of the primes, which must be larger than the number of bits of a class and share no factor with the modulus.
    pub fn find(&mut self, lanes: &Lanes, leap: &Leap, primes: &[u32]) {
        self.found.clear();
        (self.bits, self.wanted) = (leap.bits, leap.wanted);
        lanes.leap(leap, primes, &mut self.found);
    }

    /// Sorts the leaps into the lists of their classes. `classes` must ascend and be those that were wanted.
    ///
    /// # Panics
    /// If a class was not wanted, if classes do not ascend, or if there are not as many lists as classes.
    pub fn deal(&self, lists: &mut [Hits], classes: &[u32]) {
        let mut list_of = [0; 256];
        for ((list, &class), hits) in (0..).zip(classes).zip(&mut *lists) {
            assert!(self.wanted[class as usize / 32] >> (class % 32) & 1 == 1 && hits.below == self.bits);
            list_of[class as usize] = list;
            hits.bits.reserve(self.found.len());
        }
        // There are as many different classes as wanted ones, and all are wanted. So there is a list for each leap.
        let wanted: u32 = self.wanted.iter().map(|word| word.count_ones()).sum();
        assert!(classes.is_sorted_by(|a, b| a < b) && classes.len() == lists.len() && wanted as usize == lists.len());
        // SAFETY: the class of every leap is wanted, so it has a list; each list has room for all leaps; and each bit is below the bound.
        unsafe { super::generic::deal(lists, &list_of, &self.found) }
    }

    #[cfg(test)]
    pub(super) fn found(&self) -> &[u32] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MARGIN, OCTETS_MAX, usable};
    use super::*;

    #[test]
    #[should_panic]
    fn a_large_prime_before_a_small_one_is_refused_too() {
        let multiples = FirstMultiples { primes: vec![OCTETS_MAX + 3, 11], at: vec![0, 0], by: vec![1, 1] };
        for lanes in usable() {
            lanes.octets(&mut vec![0; 3 * MARGIN], MARGIN, 64, &multiples);
        }
    }
}
