//! Numbers in ascending order, kept as the steps from one to the next: for primes about a byte each.

use crate::error::Result;
use crate::wire::{Bytes, Wire};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ascending {
    /// The first and the last number.
    ends: Option<(u128, u128)>,
    /// The steps, seven bits a byte and the lowest first; the last byte of a step has its top bit clear.
    steps: Vec<u8>,
}

impl Ascending {
    /// Puts a number behind the others.
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

    /// Puts `right` behind these.
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

    pub fn numbers(&self) -> impl Iterator<Item = u128> {
        let mut bytes = self.steps.iter();
        let mut step = move || {
            let (mut step, mut shift) = (0, 0);
            loop {
                let byte = *bytes.next()?;
                step |= u128::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    return Some(step);
                }
                shift += 7;
            }
        };
        let first = self.ends.map(|(first, _)| first);
        std::iter::successors(first, move |at| Some(at + step()?))
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
            assert_eq!(wire::value::<Ascending>(&wire::bytes(&left)).unwrap(), left);
        }
        assert_eq!(Ascending::default().numbers().count(), 0);
    }
}
