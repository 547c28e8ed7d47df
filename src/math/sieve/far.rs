//! The primes that hit a line once at most.
//!
//! There are up to 203 million of them, and nothing is kept for one but itself. For each group of lines it is
//! found afresh where they hit, in floats and in lanes: primes not much longer than a line are *raked*, that
//! is, looked up in every line; those that are so long that the whole window has only a few of their
//! multiples *leap* from one to the next. The hits are listed by line, to be struck there.

use super::{Sifting, Wheel, digits};
use crate::math::lanes::{Comb, Hits, Lanes, Leap, Leaps, Start};

#[derive(Default)]
pub struct Far {
    /// Those that are being raked.
    comb: Comb,
    /// Leaps that are not yet dealt out to the lines.
    leaps: Leaps,
    /// The hits by line.
    lists: Vec<Hits>,
}

/// Primes that are raked at once: their places stay in a first-level cache.
const RAKED: usize = 2048;

/// Primes that leap at once.
const LEAPING: usize = 4096;

/// A prime leaps if the window has no more multiples of it: looking at so many is cheaper than at 48 lines.
const LEAPS: u64 = 16;

/// Residues that leaps can be told by.
const RESIDUES: u64 = 256;

impl Far {
    /// Lists all far primes' hits in the lines of `classes`. Now and then `relieve` may empty lists.
    pub fn list(
        &mut self,
        lanes: &Lanes,
        sifting: &Sifting,
        classes: &[u32],
        mut relieve: impl FnMut(&mut [Hits]),
    ) -> &mut [Hits] {
        let Far { comb, leaps, lists } = self;
        lists.resize_with(classes.len().max(lists.len()), Hits::default);
        let lists = &mut lists[..classes.len()];
        lists.iter_mut().for_each(|hits| hits.clear(sifting.bits()));
        let above = sifting.striped().max(sifting.bits().into());
        let raked = raked(sifting.wheel, sifting.bits().into()).max(above).min(sifting.bound);

        let start = Start { digits: &digits(sifting.first(classes[0])), ..sifting.wheel.start() };
        let before = classes[..1].iter().chain(classes);
        let times: Vec<u32> = classes.iter().zip(before).map(|(class, before)| (class - before) / 2).collect();
        for some in sifting.base.between(above, raked).flat_map(|primes| primes.chunks(RAKED)) {
            comb.set(lanes, &start, [some].into_iter());
            Hits::rake(lists, lanes, comb, &times);
            relieve(lists);
        }

        let digits = digits(sifting.low());
        let mut wanted = [0u32; RESIDUES as usize / 32];
        for &class in classes.iter().filter(|class| u64::from(**class) < RESIDUES) {
            wanted[class as usize / 32] |= 1 << (class % 32);
        }
        let leap = Leap { start: Start { digits: &digits, ..start }, bits: sifting.bits(), wanted };
        for some in sifting.base.between(raked, sifting.bound).flat_map(|primes| primes.chunks(LEAPING)) {
            leaps.find(lanes, &leap, some);
            leaps.deal(lists, classes);
            relieve(lists);
        }
        lists
    }
}

/// The longest prime that is raked and does not leap, for lines of so many bits.
pub fn raked(wheel: &Wheel, bits: u64) -> u64 {
    if leaps(wheel) { wheel.modulus * bits / LEAPS } else { u64::MAX }
}

/// Whether there are leaps by this wheel.
pub fn leaps(wheel: &Wheel) -> bool {
    wheel.modulus <= RESIDUES
}
