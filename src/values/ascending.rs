//! Ascending numbers, kept as the steps from one to the next: for primes about one byte each.

use crate::error::Result;
use crate::wire::{Bytes, Wire};

/// Ascending integers as their differences, which take few bytes on the way between ranks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ascending {
    /// The first and the last number.
    ends: Option<(u128, u128)>,
    /// The steps, seven bits per byte, the lowest first. The last byte of a step has its top bit clear.
    steps: Vec<u8>,
}

impl Ascending {
    /// Adds a number, which must not be smaller than the last.
    ///
    /// # Panics
    /// If it is smaller.
    pub fn push(&mut self, number: u128) {
        let first = match self.ends {
            Some((first, last)) => {
                self.step(number.checked_sub(last).expect("numbers ascend"));
                first
            }
            None => number,
        };
        self.ends = Some((first, number));
    }

    /// Adds `start` plus each of the offsets, which must ascend. `count` is about how many there are.
    pub fn extend(&mut self, start: u128, mut offsets: impl Iterator<Item = u64>, count: usize) {
        let Some(first) = offsets.next() else { return };
        self.push(start + u128::from(first));
        self.steps.reserve(count + count / 8);
        let mut last = first;
        offsets.for_each(|offset| {
            match offset.checked_sub(last).expect("numbers ascend") {
                step @ 0..0x80 => self.steps.push(step as u8),
                step => self.step(step.into()),
            }
            last = offset;
        });
        self.ends = self.ends.map(|(first, _)| (first, start + u128::from(last)));
    }

    /// Adds the numbers of `right`.
    pub fn append(&mut self, right: Ascending) {
        match right.ends {
            None => (),
            Some(_) if self.ends.is_none() => *self = right,
            Some((first, last)) => {
                self.push(first);
                self.steps.extend(right.steps);
                self.ends = self.ends.map(|(first, _)| (first, last));
            }
        }
    }

    fn step(&mut self, mut step: u128) {
        while step >= 0x80 {
            self.steps.push(step as u8 | 0x80);
            step >>= 7;
        }
        self.steps.push(step as u8);
    }

    /// The integers in runs: the first of a run, and the steps from each to the next. A step of 128 or more begins another run.
    pub fn runs(&self) -> impl Iterator<Item = (u128, &[u8])> {
        let (mut next, mut rest) = (self.ends.map(|(first, _)| first), &self.steps[..]);
        std::iter::from_fn(move || {
            let first = next.take()?;
            let end = rest.iter().position(|&byte| byte >= 0x80).unwrap_or(rest.len());
            let run;
            (run, rest) = rest.split_at(end);
            let last = first + u128::from(run.iter().map(|&step| u64::from(step)).sum::<u64>());
            let length = rest.iter().position(|&byte| byte < 0x80).map_or(rest.len(), |at| at + 1);
            let step;
            (step, rest) = rest.split_at(length);
            next = next_step(&mut step.iter().copied()).map(|step| last + step);
            Some((first, run))
        })
    }

    /// The integers, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = u128> {
        numbers(self.ends, self.steps.iter().copied())
    }

    /// The same, without a copy.
    pub fn into_numbers(self) -> impl Iterator<Item = u128> + Send {
        numbers(self.ends, self.steps.into_iter())
    }
}

fn numbers<I: Iterator<Item = u8>>(ends: Option<(u128, u128)>, mut bytes: I) -> impl Iterator<Item = u128> + use<I> {
    std::iter::successors(ends.map(|(first, _)| first), move |at| Some(at + next_step(&mut bytes)?))
}

fn next_step(bytes: &mut impl Iterator<Item = u8>) -> Option<u128> {
    let (mut step, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        step |= u128::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(step);
        }
        shift += 7;
    }
}

impl Wire for Ascending {
    fn put(&self, out: &mut Vec<u8>) {
        self.ends.put(out);
        self.steps.len().put(out);
        out.extend(&self.steps);
    }
    fn take(bytes: &mut &[u8]) -> Result<Ascending> {
        Ok(Ascending { ends: Wire::take(bytes)?, steps: Bytes::take(bytes)?.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    fn of(numbers: &[u128]) -> Ascending {
        let mut all = Ascending::default();
        numbers.iter().for_each(|&number| all.push(number));
        all
    }

    #[test]
    fn what_is_put_in_comes_out_however_it_is_cut() {
        let numbers = [0, 1, 1, 3, 130, 258, 1 << 20, (1 << 64) + 5, u128::MAX - 1, u128::MAX];
        for cut in 0..=numbers.len() {
            let mut left = of(&numbers[..cut]);
            left.append(of(&numbers[cut..]));
            assert_eq!(left, of(&numbers));
            assert_eq!(left.numbers().collect::<Vec<_>>(), numbers);
            assert_eq!(left.clone().into_numbers().collect::<Vec<_>>(), numbers);
            let of_run = |(first, steps): (u128, &[u8])| {
                let step = |at: &mut u128, step: &u8| Some(std::mem::replace(at, *at + u128::from(*step)));
                let next = steps.iter().chain([&0]).scan(first, step);
                next.collect::<Vec<_>>()
            };
            assert_eq!(left.runs().flat_map(of_run).collect::<Vec<_>>(), numbers);
            assert_eq!(wire::value::<Ascending>(&wire::bytes(&left)).unwrap(), left);
        }
        let (start, offsets) = ((1 << 64) - 7, [0, 0, 1, 127, 128, 256, 400, 1 << 40, u64::MAX]);
        for cut in 0..=offsets.len() {
            let mut all = Ascending::default();
            all.extend(start, offsets[..cut].iter().copied(), 3);
            all.extend(start, offsets[cut..].iter().copied(), 0);
            assert_eq!(all, of(&offsets.map(|offset| start + u128::from(offset))));
        }
        assert_eq!(Ascending::default().numbers().count(), 0);
    }
}
