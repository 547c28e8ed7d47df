//! The primes that hit every line.

use super::{Sifting, digits};
use crate::math::lanes::{Comb, Lanes, MARGIN, OCTETS_MAX, Start};

/// Combs of the near primes, by the way they cross off.
#[derive(Default)]
pub struct Near {
    /// The smallest take eight teeth at a time; by their residues modulo 8.
    octets: [Comb; 4],
    /// Those that are shorter than a block go block by block, in the first-level cache.
    short: Comb,
    /// Those that are shorter than a line go along the line.
    long: Comb,
    /// The first two again, where they stand in the block that is being crossed.
    parts: [Comb; 4],
    part: Comb,
    block: u32,
    /// The class in whose line the combs stand.
    class: u32,
}

/// Primes up to here go by octets; longer ones reach too far over the edges of a block for it.
const OCTETS: u32 = 1500;
const _: () = assert!(OCTETS <= OCTETS_MAX);

impl Near {
    /// Sets the combs to the line of `class`, to be crossed in blocks of so many bits.
    pub fn set(&mut self, lanes: &Lanes, sifting: &Sifting, class: u32, block: u32) {
        (self.class, self.block) = (class, block);
        let start = Start { digits: &digits(sifting.first(class)), ..sifting.wheel.start() };
        let (striped, to) = (sifting.striped(), sifting.bound.min(sifting.bits().into()));
        let (octets, short) = (to.min(OCTETS.into()), to.min(block.into()));
        let small = sifting.base.between(striped, octets).collect::<Vec<_>>().concat();
        for (comb, primes) in self.octets.iter_mut().zip(Comb::by_residue(&small)) {
            comb.set(lanes, &start, [&primes[..]].into_iter());
        }
        self.short.set(lanes, &start, sifting.base.between(striped.max(octets), short));
        self.long.set(lanes, &start, sifting.base.between(striped.max(short), to));
        self.parts = self.octets.each_ref().map(|comb| comb.along(block));
        self.part = self.short.along(block);
    }

    /// Presieves the line of `class` and crosses off all that hits it. Classes come in order.
    pub fn cross(&mut self, lanes: &Lanes, line: &mut [u64], sifting: &Sifting, class: u32) {
        let times = (class - self.class) / 2;
        self.class = class;
        self.octets.iter_mut().chain([&mut self.short, &mut self.long]).for_each(|comb| comb.step(lanes, times));

        let (bits, block, words) = (sifting.bits(), self.block, line.len() - 2 * MARGIN);
        let mut stripes = sifting.stripes().of_line(sifting.first(class));
        for (part, comb) in self.parts.iter_mut().zip(&self.octets) {
            part.follow(comb);
        }
        self.part.follow(&self.short);
        for from in (0..bits as usize / 64 + 1).step_by(block as usize / 64) {
            let here = block.min(bits - 64 * from as u32);
            let end = words.min(from + block as usize / 64);
            lanes.presieve(&mut line[MARGIN + from..MARGIN + end], &mut stripes);
            for part in &mut self.parts {
                lanes.octets(line, MARGIN + from, here, part);
                part.step(lanes, 1);
            }
            lanes.cross(line, MARGIN + from, here, &self.part);
            self.part.step(lanes, 1);
        }
        lanes.cross(line, MARGIN, bits, &self.long);
    }
}
