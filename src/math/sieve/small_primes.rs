//! The small primes: those with at least one multiple in every class.

use super::{SieveTask, digits};
use crate::math::lanes::{FirstMultiples, Lanes, MARGIN, Start};

/// The first multiples of the small primes, grouped by how they are crossed off.
#[derive(Default)]
pub struct SmallPrimes {
    /// The smallest primes cross off eight multiples at a time; grouped by their residues modulo 8.
    octets: [FirstMultiples; 4],
    /// Primes smaller than a block cross off block by block, in the first-level cache.
    short: FirstMultiples,
    /// Primes smaller than a class cross off along the whole class.
    long: FirstMultiples,
    /// The first two groups, where they stand in the block that is being crossed.
    parts: [FirstMultiples; 4],
    part: FirstMultiples,
    block: u32,
    /// The class that the first multiples are of.
    class: u32,
}

impl SmallPrimes {
    /// Finds the first multiples in `class`, whose bits are crossed in blocks of so many bits.
    pub fn set(&mut self, lanes: &Lanes, task: &SieveTask, class: u32, block: u32) {
        (self.class, self.block) = (class, block);
        let start = Start { digits: &digits(task.first(class)), ..task.wheel.start() };
        let (presieved, to) = (task.presieved(), task.bound.min(task.bits().into()));
        let (octets, short) = (to.min(lanes.octets_end().into()), to.min(block.into()));
        let small = task.base.between(presieved, octets).collect::<Vec<_>>().concat();
        for (multiples, primes) in self.octets.iter_mut().zip(FirstMultiples::by_residue(&small)) {
            multiples.set(lanes, &start, [&primes[..]].into_iter());
        }
        self.short.set(lanes, &start, task.base.between(presieved.max(octets), short));
        self.long.set(lanes, &start, task.base.between(presieved.max(short), to));
        self.parts = self.octets.each_ref().map(|multiples| multiples.along(block));
        self.part = self.short.along(block);
    }

    /// Presieves the bits of `class` and crosses off all multiples of small primes. Classes must come in order.
    pub fn cross(&mut self, lanes: &Lanes, bitmap: &mut [u64], task: &SieveTask, class: u32) {
        let times = (class - self.class) / 2;
        self.class = class;
        self.octets
            .iter_mut()
            .chain([&mut self.short, &mut self.long])
            .for_each(|multiples| multiples.step(lanes, times));

        let (bits, block, words) = (task.bits(), self.block, bitmap.len() - 2 * MARGIN);
        let mut patterns = task.patterns().of_class(task.first(class));
        for (part, multiples) in self.parts.iter_mut().zip(&self.octets) {
            part.copy_positions(multiples);
        }
        self.part.copy_positions(&self.short);
        for from in (0..bits as usize / 64 + 1).step_by(block as usize / 64) {
            let here = block.min(bits - 64 * from as u32);
            let end = words.min(from + block as usize / 64);
            lanes.presieve(&mut bitmap[MARGIN + from..MARGIN + end], &mut patterns);
            for part in &mut self.parts {
                lanes.octets(bitmap, MARGIN + from, here, part);
                part.step(lanes, 1);
            }
            lanes.cross(bitmap, MARGIN + from, here, &self.part);
            self.part.step(lanes, 1);
        }
        lanes.cross(bitmap, MARGIN, bits, &self.long);
    }
}
