//! Counts the bits of a class between borders: ranges that touch in a window are sieved together and counted apart.

use super::SieveTask;
use crate::math::lanes::Lanes;
use std::ops::Range;

/// Borders that cut a window into parts.
pub(super) struct Borders {
    /// For each border: how many whole turns of the wheel are below it, from where the classes begin, and the rest.
    places: Vec<(u32, u32)>,
    modulus: u32,
}

impl Borders {
    /// The borders must ascend and lie within the window.
    pub fn new(task: &SieveTask, borders: &[u128]) -> Borders {
        let (low, modulus) = (task.low(), u128::from(task.wheel.modulus));
        let place = |border: &u128| (((border - low) / modulus) as u32, ((border - low) % modulus) as u32);
        Borders { places: borders.iter().map(place).collect(), modulus: modulus as u32 }
    }

    /// The bits of each part in `class`, which has so many bits.
    pub fn parts(&self, class: u32, bits: usize) -> impl Iterator<Item = Range<usize>> {
        let edges = self.edges(class).chain([bits]);
        edges.scan(0, |from, to| Some(std::mem::replace(from, to)..to))
    }

    /// For each border, how many bits stand for numbers below it, if bit i stands for `first` + modulus·i.
    pub fn edges(&self, first: u32) -> impl Iterator<Item = usize> {
        let (later, class) = ((first / self.modulus) as usize, first % self.modulus);
        let edge = move |&(turns, rest): &(u32, u32)| turns as usize + usize::from(class < rest);
        self.places.iter().map(move |place| edge(place).saturating_sub(later))
    }
}

/// How many of these bits are set. `bitmap` must have the word in which they end.
pub(super) fn ones(lanes: &Lanes, bitmap: &[u64], bits: Range<usize>) -> u64 {
    let [first, last] = ends(bitmap, &bits);
    let inside = bits.start / 64 + 1..bits.end / 64;
    let inside = if inside.start < inside.end { lanes.ones(&bitmap[inside]) } else { 0 };
    u64::from(first.count_ones() + last.count_ones()) + inside
}

/// The sum of the places of those of these bits that are set; place 0 is the first bit of the class.
pub(super) fn places(lanes: &Lanes, bitmap: &[u64], bits: Range<usize>) -> u128 {
    let sum =
        |at: usize, words: &[u64]| u128::from(lanes.places(words)) + 64 * at as u128 * u128::from(lanes.ones(words));
    let ([first, last], inside) = (ends(bitmap, &bits), bits.start / 64 + 1..bits.end / 64);
    let edges = sum(bits.start / 64, &[first]) + sum(bits.end / 64, &[last]);
    if inside.start < inside.end { edges + sum(inside.start, &bitmap[inside]) } else { edges }
}

/// Calls `each` with the place of each of these bits that is set.
pub(super) fn each(bitmap: &[u64], bits: Range<usize>, mut each: impl FnMut(usize)) {
    let [first, last] = ends(bitmap, &bits);
    let mut of_word = |at: usize, mut word: u64| {
        while word != 0 {
            each(64 * at + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    };
    of_word(bits.start / 64, first);
    (bits.start / 64 + 1..bits.end / 64).for_each(|at| of_word(at, bitmap[at]));
    of_word(bits.end / 64, last);
}

/// The bits that lie in the first and in the last word; if both are one word, it is the first.
pub(super) fn ends(bitmap: &[u64], bits: &Range<usize>) -> [u64; 2] {
    let below = |bit: usize| (1u64 << (bit % 64)) - 1;
    let (first, last) = (bits.start / 64, bits.end / 64);
    match first == last {
        true => [bitmap[first] & below(bits.end) & !below(bits.start), 0],
        false => [bitmap[first] & !below(bits.start), bitmap[last] & below(bits.end)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn stretches_of_a_class_are_those_of_its_bits() {
        let bitmap: Vec<u64> = (1..9u64).map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15)).chain([0]).collect();
        let set = |bit: &usize| bitmap[bit / 64] >> (bit % 64) & 1 == 1;
        for lanes in lanes::usable() {
            for (from, to) in (0..=512).step_by(7).flat_map(|from| (from..=512).step_by(3).map(move |to| (from, to))) {
                let bits: Vec<usize> = (from..to).filter(set).collect();
                assert_eq!(ones(lanes, &bitmap, from..to), bits.len() as u64, "{from}..{to}");
                assert_eq!(places(lanes, &bitmap, from..to), bits.iter().sum::<usize>() as u128, "{from}..{to}");
            }
        }
    }
}
