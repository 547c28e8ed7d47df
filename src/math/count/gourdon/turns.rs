//! The order of units of several terms: all terms get their turn again and again.
//!
//! What a unit of a term takes beside one of another depends on the CPU, by a factor of three. If all of a term came first, nobody could
//! tell from the units that are done how long the others will take. So each turn has the same part of every term. Within a turn the
//! units of a term follow each other, because D goes on from slice to slice.

/// How many terms there are.
pub const TERMS: usize = 5;

/// A turn has so many units, if there are not too many turns.
const TURN_UNITS: u64 = 64;
const TURNS_MAX: u64 = 64;

/// The units of the terms in turns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turns {
    /// How many units each term has.
    counts: [u64; TERMS],
    turns: u64,
}

impl Turns {
    /// The turns of terms that have so many units.
    pub fn new(counts: [u64; TERMS]) -> Turns {
        let units: u64 = counts.iter().sum();
        Turns { counts, turns: (units / TURN_UNITS).clamp(1, TURNS_MAX) }
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many units each term has.
    pub fn counts(&self) -> [u64; TERMS] {
        self.counts
    }

    /// How many units of each term there are in the turns before this one.
    fn before_turn(&self, turn: u64) -> [u64; TERMS] {
        let of = |count: u64| (u128::from(count) * u128::from(turn) / u128::from(self.turns.max(1))) as u64;
        self.counts.map(of)
    }

    /// How many units of each term come before a unit, and the term of the unit.
    fn at(&self, unit: u64) -> ([u64; TERMS], usize) {
        // The last turn that does not begin beyond the unit.
        let begins = |turn: u64| self.before_turn(turn).iter().sum::<u64>();
        let (mut turn, mut end) = (0, self.turns);
        while end - turn > 1 {
            let middle = u64::midpoint(turn, end);
            if begins(middle) <= unit { turn = middle } else { end = middle }
        }
        let (mut before, next) = (self.before_turn(turn), self.before_turn(turn + 1));
        let mut left = unit - begins(turn);
        for term in 0..TERMS {
            let count = next[term] - before[term];
            if left < count {
                before[term] += left;
                return (before, term);
            }
            before[term] = next[term];
            left -= count;
        }
        unreachable!("a unit is in a turn")
    }

    /// How many units of each term come before a unit, or before the end.
    pub fn before(&self, unit: u64) -> [u64; TERMS] {
        if unit >= self.units() { self.counts } else { self.at(unit).0 }
    }

    /// The term of a unit, and which of its units it is.
    ///
    /// # Panics
    /// If there is no such unit.
    pub fn place(&self, unit: u64) -> (usize, u64) {
        assert!(unit < self.units());
        let (before, term) = self.at(unit);
        (term, before[term])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::random::cases(200))]

        #[test]
        fn every_unit_of_every_term_comes_once_and_in_order(
            counts in prop::array::uniform5(prop_oneof![0..3u64, 0..200u64, 1000..3000u64])
        ) {
            let turns = Turns::new(counts);
            let mut seen = [0; TERMS];
            for unit in 0..turns.units() {
                prop_assert_eq!(turns.before(unit), seen, "before {}", unit);
                let (term, index) = turns.place(unit);
                prop_assert_eq!(index, seen[term], "unit {}", unit);
                seen[term] += 1;
            }
            prop_assert_eq!(seen, counts);
            prop_assert_eq!(turns.before(turns.units()), counts);
        }
    }

    /// After each tenth of the units about a tenth of each term is done.
    #[test]
    fn all_terms_go_on_together() {
        let turns = Turns::new([1024, 1000, 676, 13, 1]);
        for tenth in 1..10 {
            let before = turns.before(turns.units() * tenth / 10);
            for (done, all) in before.into_iter().zip(turns.counts()).filter(|(_, all)| *all > 100) {
                let (done, due) = (done as f64 / all as f64, tenth as f64 / 10.0);
                assert!((done - due).abs() < 0.03, "{done} of {all} after {tenth} tenths");
            }
        }
    }
}
