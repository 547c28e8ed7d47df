//! The large primes: those with at most one multiple in a class.
//!
//! There may be 203 million of them, and nothing is kept for one but the prime itself. Their hits are computed anew for
//! each group of classes, in floats and in lanes. A prime not much larger than the number of bits of a class is *looked up*
//! in every class. A prime so large that the window has only a few of its multiples *leaps* from one to the next. The hits
//! are listed by class.

use super::{CLASSES_TOGETHER, HITS_LISTED_FEW, HITS_LISTED_MAX, SieveTask, Wheel, digits};
use crate::math::lanes::{FirstMultiples, Hits, Lanes, Leap, Leaps, MARGIN, Start};
use crate::math::span::Span;

/// The hits of large primes in the classes that are sieved together.
#[derive(Default)]
pub struct LargePrimes {
    /// The primes that are being looked up.
    multiples: FirstMultiples,
    /// Hits found by leaping, not yet sorted by class.
    leaps: Leaps,
    /// The hits of each class.
    lists: Vec<Hits>,
}

/// How many primes are looked up together: their places stay in a first-level cache.
const LOOKED_UP_TOGETHER: usize = 2048;

/// How many primes leap together.
const LEAPING: usize = 4096;

/// A prime leaps if the window has at most so many multiples of it: to visit these is cheaper than to look at 48 classes.
const LEAPS: u64 = 16;

/// Leaps are possible only with a wheel up to this modulus.
const LEAP_MODULUS_MAX: u64 = 256;

impl LargePrimes {
    /// Lists the hits of all large primes in `classes`. From time to time `relieve` may empty lists. `make` makes the primes of a span,
    /// for those that are not kept.
    pub fn list(
        &mut self,
        lanes: &Lanes,
        task: &SieveTask,
        classes: &[u32],
        mut make: impl FnMut(Span) -> Vec<u32>,
        mut relieve: impl FnMut(&mut [Hits]),
    ) -> &mut [Hits] {
        let LargePrimes { multiples, leaps, lists } = self;
        lists.resize_with(classes.len().max(lists.len()), Hits::default);
        let lists = &mut lists[..classes.len()];
        lists.iter_mut().for_each(|hits| hits.clear(task.bits()));
        let above = task.presieved().max(task.bits().into());
        let looked_up = looked_up(task.wheel, task.bits().into()).max(above).min(task.bound);

        let start = Start { digits: &digits(task.first(classes[0])), ..task.wheel.start() };
        let before = classes[..1].iter().chain(classes);
        let times: Vec<u32> = classes.iter().zip(before).map(|(class, before)| (class - before) / 2).collect();
        task.base.visit(above, looked_up, &mut make, |primes| {
            for some in primes.chunks(LOOKED_UP_TOGETHER) {
                multiples.set(lanes, &start, [some].into_iter());
                Hits::collect(lists, lanes, multiples, &times);
                relieve(lists);
            }
        });

        let digits = digits(task.low());
        let mut wanted = [0u32; LEAP_MODULUS_MAX as usize / 32];
        for &class in classes.iter().filter(|class| u64::from(**class) < LEAP_MODULUS_MAX) {
            wanted[class as usize / 32] |= 1 << (class % 32);
        }
        let leap = Leap { start: Start { digits: &digits, ..start }, bits: task.bits(), wanted };
        task.base.visit(looked_up, task.bound, make, |primes| {
            for some in primes.chunks(LEAPING) {
                leaps.find(lanes, &leap, some);
                leaps.deal(lists, classes);
                relieve(lists);
            }
        });
        lists
    }

    /// Clears the hits of all large primes in `classes`, whose bits stand in `words` one class after the other. A class is fetched when
    /// its list is long enough.
    pub fn clear_hits(
        &mut self,
        lanes: &Lanes,
        task: &SieveTask,
        classes: &[u32],
        make: impl FnMut(Span) -> Vec<u32>,
        words: &mut [u64],
    ) {
        let stride = words.len() / classes.len();
        let most = if task.forgets() { HITS_LISTED_FEW } else { HITS_LISTED_MAX / CLASSES_TOGETHER };
        let mut clear = |lists: &mut [Hits], most: usize| {
            for (hits, bitmap) in lists.iter_mut().zip(words.chunks_exact_mut(stride)) {
                if hits.len() > most {
                    lanes.clear_bits(bitmap, MARGIN, hits);
                    hits.clear(task.bits());
                }
            }
        };
        let rest = self.list(lanes, task, classes, make, |lists| clear(lists, most));
        clear(rest, 0);
    }
}

/// The largest prime that is looked up and does not leap, if a class has so many bits.
pub fn looked_up(wheel: &Wheel, bits: u64) -> u64 {
    if leaps(wheel) { wheel.modulus * bits / LEAPS } else { u64::MAX }
}

/// Whether primes can leap with this wheel.
pub fn leaps(wheel: &Wheel) -> bool {
    wheel.modulus <= LEAP_MODULUS_MAX
}
