//! Counts tuplets of primes class by class: the primes are not put in order.
//!
//! A tuplet has its primes at fixed distances, and so in fixed classes: twins lie in classes r and r + 2. They are the bits that are
//! set in both. So the tuplets of a pattern are found by ANDing a few classes, for each class in which it can start. Beyond the
//! modulus M the classes begin again, one bit later: after class M - 1 comes class 1 from its second bit on.
//!
//! Cost: for twins, 3 of 8 classes are read a second time. That is a small part of sieving them.

use super::borders::{self, Borders};
use super::{Layout, Sieve, SieveTask, SievingPrimes, ordered};
use crate::math::lanes::Lanes;
use crate::math::span::Span;
use std::ops::Range;

/// The primes of a part of a window, without those of the wheel, and the tuplets that lie in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartTuplets {
    /// How many primes there are.
    pub primes: u64,
    /// How many tuplets of each pattern.
    pub tuplets: Vec<u64>,
    /// The first primes, one less than a tuplet has, or all if there are fewer.
    pub first: Vec<u128>,
    /// The last primes, as many, ascending.
    pub last: Vec<u128>,
}

/// A pattern must be narrower than this.
pub const TUPLET_WIDTH_END: u64 = 30;

/// The most classes that are kept beside the one that is sieved: those within the longest pattern, and the first ones.
const CLASSES_KEPT_MAX: u64 = 16;

/// The bytes that a thread needs to find tuplets, besides those of the sieve.
pub fn tuplets_memory(layout: &Layout) -> u64 {
    let (window, _) = layout.unit(layout.units() - 1);
    CLASSES_KEPT_MAX * (window.width() / u128::from(layout.wheel.modulus) / 8 + 16) as u64
}

impl Sieve {
    /// The primes and the tuplets in each part of a unit's window between `borders`, which ascend and lie within the window. A pattern has
    /// the distances of the later primes from the first one, ascending and below 30; all patterns have the same number. The unit must
    /// be a whole window. The primes of the wheel are left out.
    ///
    /// Cost: a few percent more than counting the primes, and some hundred nanoseconds for each border and class.
    pub fn tuplets_in_parts(
        &mut self,
        base: &SievingPrimes,
        layout: &Layout,
        unit: u64,
        borders: &[u128],
        patterns: &[&[u32]],
    ) -> Vec<PartTuplets> {
        let (window, classes) = layout.unit(unit);
        assert_eq!(classes, 0..layout.wheel.classes.len(), "a unit is a window");
        self.tuplets_in_window((base, layout), window, borders, patterns)
    }

    /// The same of a window that is not a unit of the layout, but hardly wider than one.
    pub fn tuplets_in_window(
        &mut self,
        (base, layout): (&SievingPrimes, &Layout),
        window: Span,
        borders: &[u128],
        patterns: &[&[u32]],
    ) -> Vec<PartTuplets> {
        let classes = 0..layout.wheel.classes.len();
        let task = SieveTask { window, wheel: layout.wheel, base, bound: layout.bound }.to_the_root();
        let mut search = Search {
            task,
            lanes: self.lanes,
            patterns,
            width: patterns.iter().filter_map(|pattern| pattern.last()).copied().max().unwrap_or(0),
            borders: Borders::new(&task, borders),
            kept: vec![],
            head: vec![],
            both: vec![],
            parts: vec![PartTuplets { tuplets: vec![0; patterns.len()], ..PartTuplets::default() }; borders.len() + 1],
        };
        self.primes_by_class(task, classes, |class, bitmap| search.class(class, bitmap));
        search.wrap();
        search.parts
    }
}

/// The search for tuplets in a window, class by class.
struct Search<'a> {
    task: SieveTask<'a>,
    lanes: &'static Lanes,
    patterns: &'a [&'a [u32]],
    /// The width of the widest pattern.
    width: u32,
    borders: Borders,
    /// Earlier classes whose primes may belong to tuplets that end in a later class.
    kept: Vec<(u32, Vec<u64>)>,
    /// The first classes, which also come after the last.
    head: Vec<(u32, Vec<u64>)>,
    /// Where classes are ANDed.
    both: Vec<u64>,
    parts: Vec<PartTuplets>,
}

impl Search<'_> {
    /// Takes the next class.
    fn class(&mut self, class: u32, bitmap: &[u64]) {
        self.count(class, bitmap);
        self.tuplets_to(class, bitmap);
        if class < self.width {
            self.head.push((class, bitmap.to_vec()));
        }
    }

    /// After the last class the first ones come once more.
    fn wrap(&mut self) {
        for (class, mut bitmap) in std::mem::take(&mut self.head) {
            for at in 0..bitmap.len() {
                bitmap[at] = bitmap[at] >> 1 | bitmap.get(at + 1).map_or(0, |next| next << 63);
            }
            self.tuplets_to(class + self.task.wheel.modulus as u32, &bitmap);
        }
    }

    /// Counts the primes of the class, and looks whether they are the first or the last of a part.
    fn count(&mut self, class: u32, bitmap: &[u64]) {
        let (lanes, known) = (self.lanes, self.patterns[0].len());
        let (first, modulus) = (self.task.first(class), u128::from(self.task.wheel.modulus));
        let number = |bit: usize| first + modulus * bit as u128;
        for (part, bits) in self.parts.iter_mut().zip(self.borders.parts(class, self.task.bits() as usize)) {
            part.primes += borders::ones(lanes, bitmap, bits.clone());
            for prime in set_bits(bitmap, bits.clone()).map(number) {
                if part.first.len() >= known && part.first.last().is_some_and(|&last| last < prime) {
                    break;
                }
                part.first.insert(part.first.partition_point(|&other| other < prime), prime);
                part.first.truncate(known);
            }
            for prime in set_bits_backwards(bitmap, bits).map(number) {
                if part.last.len() >= known && part.last.first().is_some_and(|&first| first > prime) {
                    break;
                }
                part.last.insert(part.last.partition_point(|&other| other < prime), prime);
                part.last.drain(..part.last.len().saturating_sub(known));
            }
        }
    }

    /// Counts the tuplets whose last prime is in this class, and keeps the class if tuplets may go on from it. A class beyond the modulus is
    /// one of the first, shifted.
    fn tuplets_to(&mut self, class: u32, bitmap: &[u64]) {
        for (index, pattern) in self.patterns.iter().enumerate() {
            let (between, width) = (&pattern[..pattern.len() - 1], pattern[pattern.len() - 1]);
            // Those that start beyond the modulus are there already.
            let Some(first) = class.checked_sub(width).filter(|&first| u64::from(first) < self.task.wheel.modulus)
            else {
                continue;
            };
            let kept = |class| self.kept.iter().find(|(kept, _)| *kept == class).map(|(_, bitmap)| bitmap);
            let earlier: Option<Vec<&Vec<u64>>> = [0].iter().chain(between).map(|above| kept(first + above)).collect();
            let Some(earlier) = earlier else { continue };
            self.both.clear();
            self.both.extend_from_slice(bitmap);
            for other in earlier {
                self.both.iter_mut().zip(other).for_each(|(both, other)| *both &= other);
            }
            let starts = [0].into_iter().chain(self.borders.edges(first));
            let ends = self.borders.edges(class).chain([self.task.bits() as usize]);
            for (part, (start, end)) in self.parts.iter_mut().zip(starts.zip(ends)) {
                part.tuplets[index] += borders::ones(self.lanes, &self.both, start..end.max(start));
            }
        }
        self.keep(class, bitmap);
    }

    fn keep(&mut self, class: u32, bitmap: &[u64]) {
        if !self.goes_on(class) {
            return;
        }
        // The next class is two numbers later at least.
        let mut copy = match self.kept.first() {
            Some((first, _)) if first + self.width < class + 2 => self.kept.remove(0).1,
            _ => vec![],
        };
        copy.clear();
        copy.extend_from_slice(bitmap);
        self.kept.push((class, copy));
    }

    /// Whether a prime in this class may be in a tuplet without being its last.
    fn goes_on(&self, class: u32) -> bool {
        let wheel = self.task.wheel;
        let free = |number: u32| wheel.primes.iter().all(|&prime| !u64::from(number).is_multiple_of(prime));
        let fits = |pattern: &[u32], above: u32| {
            let first = class.checked_sub(above).filter(|&first| u64::from(first) < wheel.modulus);
            first.is_some_and(|first| free(first) && pattern.iter().all(|above| free(first + above)))
        };
        let mut places = self.patterns.iter().flat_map(|pattern| {
            let between = &pattern[..pattern.len() - 1];
            [0].iter().chain(between).map(move |&above| (*pattern, above))
        });
        places.any(|(pattern, above)| fits(pattern, above))
    }
}

/// The set bits among these, ascending.
fn set_bits(bitmap: &[u64], bits: Range<usize>) -> impl Iterator<Item = usize> {
    words(bitmap, bits).flat_map(|(at, word)| ordered::ones(word).map(move |bit| at + bit))
}

/// The set bits among these, descending.
fn set_bits_backwards(bitmap: &[u64], bits: Range<usize>) -> impl Iterator<Item = usize> {
    words(bitmap, bits).rev().flat_map(|(at, mut word)| {
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.ilog2() as usize)?;
            word ^= 1 << bit;
            Some(at + bit)
        })
    })
}

/// The words in which these bits lie, without the others, each with the place of its lowest bit.
fn words(bitmap: &[u64], bits: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, u64)> {
    let indices = bits.start / 64..bits.end.div_ceil(64).max(bits.start / 64);
    indices.map(move |index| {
        let below = |bit: usize| match bit.saturating_sub(64 * index) {
            64.. => u64::MAX,
            bit => (1u64 << bit) - 1,
        };
        (64 * index, bitmap[index] & below(bits.end) & !below(bits.start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{lanes, primality};

    const TRIPLETS: &[&[u32]] = &[&[2, 6], &[4, 6]];
    const SEXTUPLETS: &[&[u32]] = &[&[4, 6, 10, 12, 16]];

    /// The part `from..to` by looking at each of the primes.
    fn judged(primes: &[u128], from: u128, to: u128, wheel: &[u64], patterns: &[&[u32]]) -> PartTuplets {
        let own = |n: u128| wheel.iter().any(|&prime| n == u128::from(prime));
        let within = |n: &u128| (from..to).contains(n) && !own(*n);
        let primes: Vec<u128> = primes.iter().copied().filter(within).collect();
        let is = |n: u128| primes.binary_search(&n).is_ok();
        let of = |&prime: &u128, pattern: &[u32]| pattern.iter().all(|&above| is(prime + u128::from(above)));
        let tuplets = patterns.iter().map(|pattern| primes.iter().filter(|prime| of(prime, pattern)).count() as u64);
        let known = primes.len().min(patterns[0].len());
        PartTuplets {
            primes: primes.len() as u64,
            tuplets: tuplets.collect(),
            first: primes[..known].to_vec(),
            last: primes[primes.len() - known..].to_vec(),
        }
    }

    /// Each unit, cut into a few parts, against the primes of the span. The number of tuplets.
    fn check(sieve: &mut Sieve, base: &SievingPrimes, layout: &Layout, primes: &[u128], patterns: &[&[u32]]) -> u64 {
        let mut tuplets = 0;
        for (unit, cuts) in (0..layout.units()).flat_map(|unit| [1, 2, 7].map(|cuts| (unit, cuts))) {
            let (window, _) = layout.unit(unit);
            let edge = |cut: u128| window.start() + window.width() * cut * cut / (cuts * cuts);
            let edges: Vec<u128> = (0..=cuts).map(edge).collect();
            let found = sieve.tuplets_in_parts(base, layout, unit, &edges[1..cuts as usize], patterns);
            assert_eq!(found.len(), cuts as usize);
            for (part, edges) in found.into_iter().zip(edges.windows(2)) {
                tuplets += part.tuplets.iter().sum::<u64>();
                let judged = judged(primes, edges[0], edges[1], layout.wheel.primes, patterns);
                assert_eq!(part, judged, "{}..{} by {layout}", edges[0], edges[1]);
            }
        }
        tuplets
    }

    #[test]
    fn on_all_wheels_parts_have_the_tuplets_that_their_primes_make() {
        let mut sieve = Sieve::new(lanes::pick(None).unwrap(), 32 << 10);
        let bases: Vec<SievingPrimes> = [16, 18, 22].map(|bits| SievingPrimes::up_to(1 << bits)).into();
        bases.iter().for_each(|base| base.make(&mut sieve));
        let mut tuplets = 0;
        for (start, width) in [
            (0u128, 300u128),
            (0, 70_000),
            (97, 1),
            (30_030 - 40, 80),
            (43_777_297 - 10, 3_000),
            (10u128.pow(12), 40_000),
            ((1 << 64) - 1_500, 3_000),
            (10u128.pow(27), 2_000),
        ] {
            let span = Span::new(start, start + width).unwrap();
            let primes: Vec<u128> = (start..span.end()).filter(|&n| primality::is_prime(n)).collect();
            for layout in Layout::all(span).map(Layout::in_whole_windows) {
                let Some(base) = bases.iter().find(|base| base.bound() >= layout.bound) else { continue };
                for patterns in [TRIPLETS, SEXTUPLETS] {
                    tuplets += check(&mut sieve, base, &layout, &primes, patterns);
                }
            }
        }
        assert!(tuplets > 1000);
    }
}
