//! Gaps between neighbouring primes: which ones are kept of some units, and how these are put together.
//!
//! A part knows its first and its last prime, so that the gap between neighbours is seen when they merge. Which gaps are kept is the same in all
//! parts of a run; the part of no primes keeps nothing, and fits all.

use super::in_order::Words;
use super::plausible::{are_neighbours, none_in};
use crate::error::{Error, Result};
use crate::math::lanes::Lanes;
use crate::math::primality::is_prime;
use crate::math::sieve::{WindowGapList, ordered};
use crate::math::span::Span;
use crate::wire::{self, Wire};
use crate::work::Part;
use std::ops::RangeInclusive;

/// Which gaps are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// None: there are no primes.
    #[default]
    Nothing,
    /// Those that are larger than all before.
    Records,
    /// The first of each size, and how many there are of it.
    Sizes,
    /// All that are so wide or wider.
    Wide(u128),
}

/// A gap: how wide, after which prime, and how many of this size there are from there on; 1 where only single gaps are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapRow {
    /// How wide it is.
    pub gap: u128,
    /// The prime before it.
    pub after: u128,
    /// How many of this size there are.
    pub number: u64,
}

/// The gaps that are kept of some units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GapRows {
    kept: Kept,
    /// How many primes there are. Where only wide gaps are sought, nobody counts them: then it is 0.
    primes: u64,
    /// The first and the last prime.
    ends: Option<(u128, u128)>,
    /// The gaps in the order of their places, or by size where those are kept.
    rows: Vec<GapRow>,
}

impl GapRows {
    /// The part of a single prime.
    pub fn one(kept: Kept, prime: u128) -> GapRows {
        let primes = u64::from(!matches!(kept, Kept::Wide(_)));
        GapRows { kept, primes, ends: Some((prime, prime)), rows: vec![] }
    }

    /// The gaps of a window, of which all that shall be kept were found.
    pub fn of(kept: Kept, WindowGapList { primes, ends, gaps }: WindowGapList) -> GapRows {
        let rows = gaps.into_iter().map(|(gap, after)| GapRow { gap, after, number: 1 }).collect();
        match (ends, kept) {
            (None, _) => GapRows::default(),
            (_, Kept::Wide(_)) => GapRows { kept, primes: 0, ends, rows },
            _ => GapRows { kept, primes, ends, rows },
        }
    }

    /// The sizes of the gaps between the primes in the words.
    pub fn sizes(words: &Words, lanes: &Lanes) -> GapRows {
        let mut offsets = words.offsets();
        let Some(first) = offsets.next() else { return GapRows::default() };
        // By half the size: how many, and after which offset the first. All are even, as 2 is in no word.
        let (mut last, mut found) = (first, vec![(0u64, 0u64); 256]);
        for offset in offsets {
            let half = (offset - last) as usize / 2;
            if half >= found.len() {
                found.resize(half + 1, (0, 0));
            }
            let (number, after) = &mut found[half];
            if *number == 0 {
                *after = last;
            }
            *number += 1;
            last = offset;
        }
        let prime = |offset: u64| words.start() + u128::from(offset);
        let sizes = (0..).zip(found).filter(|(_, (number, _))| *number > 0);
        let rows =
            sizes.map(|(half, (number, after)): (u128, _)| GapRow { gap: 2 * half, after: prime(after), number });
        let ends = Some((prime(first), prime(last)));
        GapRows { kept: Kept::Sizes, primes: lanes.ones(words.bits()), ends, rows: rows.collect() }
    }

    /// The gaps of at least this width between the primes in the words. Without `are_primes` these have candidates, too. From a prime the search jumps so
    /// far ahead and looks back for another. If there is none, the gap is wide. So of many primes between two jumps it sees one, and of many
    /// candidates it tests few.
    pub fn wide(words: &Words, least: u128, are_primes: bool) -> GapRows {
        let prime = |offset: u64| words.start() + u128::from(offset);
        let is = |offset: &u64| are_primes || is_prime(prime(*offset));
        let (end, step) = (WORD * words.bits().len() as u64, u64::try_from(least).unwrap_or(u64::MAX).max(1));
        let Some(first) = ascending(words.bits(), 0).find(is) else { return GapRows::default() };
        let (mut last, mut rows) = (first, vec![]);
        loop {
            // Numbers from here to below `beyond` are too near for a wide gap.
            let beyond = last.saturating_add(step).min(end);
            if let Some(next) = descending(words.bits(), beyond).take_while(|&offset| offset > last).find(is) {
                last = next;
                continue;
            }
            let Some(next) = ascending(words.bits(), beyond).find(is) else { break };
            rows.push(GapRow { gap: u128::from(next - last), after: prime(last), number: 1 });
            last = next;
        }
        GapRows { kept: Kept::Wide(least), primes: 0, ends: Some((prime(first), prime(last))), rows }
    }

    /// The gaps that are kept.
    pub fn into_rows(self) -> Vec<GapRow> {
        self.rows
    }

    /// Whether it can be what units keep that have so many primes in the span.
    pub fn fits(&self, kept: Kept, span: Span, possible: &RangeInclusive<u128>) -> bool {
        let Some((first, last)) = self.ends else {
            return *self == GapRows::default() && none_in(span.start(), span.end());
        };
        let ends = span.contains(first)
            && span.contains(last)
            && first <= last
            && is_prime(first)
            && is_prime(last)
            && none_in(span.start(), first)
            && none_in(last + 1, span.end());
        if !ends {
            return false;
        }
        let is_gap = |row: &GapRow| {
            let next = row.after.checked_add(row.gap).filter(|next| row.after >= first && *next <= last);
            next.is_some_and(|next| are_neighbours(&[row.after, next]))
        };
        let primes = u128::from(self.primes);
        let ascend = |key: fn(&GapRow) -> u128| self.rows.windows(2).all(|two| key(&two[0]) < key(&two[1]));
        let single = || self.rows.iter().all(|row| row.number == 1);
        let numbers = || self.rows.iter().map(|row| u128::from(row.number)).sum::<u128>();
        let widths = || self.rows.iter().map(|row| row.gap.saturating_mul(row.number.into()));
        let kept_ones = match kept {
            Kept::Nothing => false,
            // The largest is no smaller than the mean.
            Kept::Records => {
                let largest = self.rows.last().map_or(0, |row| row.gap);
                ascend(|row| row.gap)
                    && ascend(|row| row.after)
                    && single()
                    && largest.saturating_mul(primes.saturating_sub(1)) >= last - first
            }
            Kept::Sizes => {
                ascend(|row| row.gap)
                    && self.rows.iter().all(|row| row.number > 0)
                    && numbers() == primes.saturating_sub(1)
                    && widths().fold(0, u128::saturating_add) == last - first
            }
            Kept::Wide(least) => ascend(|row| row.after) && single() && self.rows.iter().all(|row| row.gap >= least),
        };
        let counted = match kept {
            Kept::Wide(_) => primes == 0,
            _ => primes > 0 && possible.contains(&primes) && (primes == 1) == (first == last),
        };
        self.kept == kept && counted && kept_ones && self.rows.iter().all(is_gap)
    }
}

/// The numbers of a word.
const WORD: u64 = 240;

/// How many bits of a word stand for numbers below each of its numbers.
const BELOW: [u8; WORD as usize] = {
    let (mut below, mut number, mut bits) = ([0; WORD as usize], 0, 0);
    while number < WORD {
        below[number as usize] = bits;
        if bits < 64 && ordered::OFFSETS[bits as usize] == number {
            bits += 1;
        }
        number += 1;
    }
    below
};

/// The bits of a word that stand for numbers below this one of its own.
fn below(number: u64) -> u64 {
    1u64.checked_shl(BELOW[number as usize].into()).map_or(u64::MAX, |bit| bit - 1)
}

/// The offsets whose bits are set, from this one on.
fn ascending(words: &[u64], from: u64) -> impl Iterator<Item = u64> {
    let first = (from / WORD) as usize;
    let masked = move |at: usize, word: u64| if at == first { word & !below(from % WORD) } else { word };
    let words = words.iter().enumerate().skip(first).map(move |(at, &word)| (at, masked(at, word)));
    words.flat_map(|(at, word)| ordered::ones(word).map(move |bit| WORD * at as u64 + ordered::OFFSETS[bit]))
}

/// The offsets whose bits are set, backwards, from the one before `end` on.
fn descending(words: &[u64], end: u64) -> impl Iterator<Item = u64> {
    let last = (end / WORD) as usize;
    let masked = move |at: usize, word: u64| if at == last { word & below(end % WORD) } else { word };
    let words = words.iter().enumerate().take(last + 1).rev().map(move |(at, &word)| (at, masked(at, word)));
    words.flat_map(|(at, mut word)| {
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.ilog2() as usize)?;
            word ^= 1 << bit;
            Some(WORD * at as u64 + ordered::OFFSETS[bit])
        })
    })
}

impl Part for GapRows {
    fn merge(self, right: GapRows) -> GapRows {
        let (Some((first, last)), Some((next, end))) = (self.ends, right.ends) else {
            return if self.ends.is_some() { self } else { right };
        };
        let kept = self.kept;
        // Parts may be forged.
        let between = GapRow { gap: next.saturating_sub(last), after: last, number: 1 };
        let mut rows = self.rows;
        let more = [between].into_iter().chain(right.rows);
        match kept {
            Kept::Nothing => (),
            Kept::Records => {
                for row in more {
                    if rows.last().is_none_or(|largest| row.gap > largest.gap) {
                        rows.push(row);
                    }
                }
            }
            Kept::Sizes => {
                rows.extend(more);
                // Of equal ones the left stays.
                rows.sort_by_key(|row| row.gap);
                rows.dedup_by(|later, first| {
                    let same = later.gap == first.gap;
                    first.number = first.number.saturating_add(if same { later.number } else { 0 });
                    same
                });
            }
            Kept::Wide(least) => rows.extend(more.filter(|row| row.gap >= least)),
        }
        GapRows { kept, primes: self.primes.saturating_add(right.primes), ends: Some((first, end)), rows }
    }
}

/// The kind, then the width.
impl Wire for Kept {
    fn put(&self, out: &mut Vec<u8>) {
        let (kind, least) = match *self {
            Kept::Nothing => (0u8, 0),
            Kept::Records => (1, 0),
            Kept::Sizes => (2, 0),
            Kept::Wide(least) => (3, least),
        };
        (kind, least).put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Kept> {
        match <(u8, u128)>::take(bytes)? {
            (0, 0) => Ok(Kept::Nothing),
            (1, 0) => Ok(Kept::Records),
            (2, 0) => Ok(Kept::Sizes),
            (3, least) => Ok(Kept::Wide(least)),
            (kind, _) => Err(Error::failed(format!("a message keeps gaps of the unknown kind {kind}"))),
        }
    }
}

wire::fields! {
    GapRow { gap after number }
    GapRows { kept primes ends rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_are_found_from_any_number_on() {
        let words = [0x8000_0000_0000_0001, 0, 0xa5a5_0000_0180_0003, u64::MAX, 0];
        let all: Vec<u64> = ascending(&words, 0).collect();
        assert_eq!(all.len(), words.iter().map(|word| word.count_ones() as usize).sum::<usize>());
        for number in 0..=WORD * words.len() as u64 {
            let at = all.partition_point(|&offset| offset < number);
            assert_eq!(ascending(&words, number).collect::<Vec<_>>(), all[at..], "from {number}");
            let back: Vec<u64> = all[..at].iter().rev().copied().collect();
            assert_eq!(descending(&words, number).collect::<Vec<_>>(), back, "before {number}");
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(200))]

        /// Any ascending numbers do for primes.
        #[test]
        fn parts_are_merged_in_any_shape(
            steps in prop::collection::vec(1..9u128, 0..60),
            picks in prop::collection::vec(any::<usize>(), 1..9),
        ) {
            let numbers: Vec<u128> = steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let gaps = || numbers.windows(2).map(|two| (two[1] - two[0], two[0]));
            for kept in [Kept::Records, Kept::Sizes, Kept::Wide(4), Kept::Wide(0)] {
                let mut parts: Vec<GapRows> = numbers.iter().map(|&number| GapRows::one(kept, number)).collect();
                parts.push(GapRows::default());
                let mut picks = picks.iter().cycle();
                while parts.len() > 1 {
                    let at = picks.next().unwrap() % (parts.len() - 1);
                    let right = parts.remove(at + 1);
                    let left = std::mem::take(&mut parts[at]);
                    parts[at] = left.merge(right);
                }
                let rows = parts.remove(0).into_rows();
                let found: Vec<(u128, u128)> = rows.iter().map(|row| (row.gap, row.after)).collect();
                let expect: Vec<(u128, u128)> = match kept {
                    Kept::Records => gaps().enumerate().filter(|(at, (gap, _))| gaps().take(*at).all(|(other, _)| other < *gap)).map(|(_, gap)| gap).collect(),
                    Kept::Sizes => (1..9).filter_map(|size| gaps().find(|(gap, _)| *gap == size)).collect(),
                    Kept::Wide(least) => gaps().filter(|(gap, _)| *gap >= least).collect(),
                    Kept::Nothing => vec![],
                };
                prop_assert_eq!(found, expect);
                for row in rows {
                    let same = gaps().filter(|(gap, _)| *gap == row.gap).count() as u64;
                    prop_assert_eq!(row.number, if kept == Kept::Sizes { same } else { 1 });
                }
            }
        }
    }
}
