//! The results of ranges that are computed together, one for each range.

use crate::error::Result;
use crate::wire::Wire;
use crate::work::Part;

/// Neighbouring ranges in which the units have numbers, and the result of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted<P> {
    /// The index of the first range.
    pub first: u64,
    /// The results, one for each range.
    pub parts: Vec<P>,
}

impl<P> Parted<P> {
    /// The result of a unit with numbers of one range only.
    pub fn one(range: usize, part: P) -> Parted<P> {
        Parted { first: range as u64, parts: vec![part] }
    }

    /// The index behind the last of its ranges.
    fn end(&self) -> u64 {
        self.first + self.parts.len() as u64
    }
}

impl<P: Part> Parted<P> {
    /// The results of so many ranges, all of which must be there.
    pub fn all(self, count: usize) -> Vec<P> {
        let mut all: Vec<P> = (0..count).map(|_| P::default()).collect();
        all.iter_mut().skip(self.first as usize).zip(self.parts).for_each(|(place, part)| *place = part);
        all
    }

    /// Takes the result of a range out.
    pub fn take(&mut self, range: usize) -> P {
        let place = (range as u64).checked_sub(self.first).and_then(|place| self.parts.get_mut(place as usize));
        place.map(std::mem::take).unwrap_or_default()
    }
}

impl<P: Part + Clone> Parted<P> {
    /// For each of so many ranges, the result of it and all before it.
    pub fn running_totals(self, count: usize) -> Parted<P> {
        let mut parts = self.all(count);
        for range in 1..count {
            let own = std::mem::take(&mut parts[range]);
            parts[range] = parts[range - 1].clone().merge(own);
        }
        Parted { first: 0, parts }
    }
}

impl<P> Default for Parted<P> {
    fn default() -> Self {
        Parted { first: 0, parts: vec![] }
    }
}

impl<P: Part> Part for Parted<P> {
    fn merge(mut self, right: Self) -> Self {
        if self.parts.is_empty() {
            return right;
        }
        if right.parts.is_empty() {
            return self;
        }
        let nothing = |count: u64| (0..count).map(|_| P::default());
        let (before, behind) = (self.first.saturating_sub(right.first), right.end().saturating_sub(self.end()));
        if before > 0 {
            self.parts.splice(0..0, nothing(before));
            self.first = right.first;
        }
        self.parts.extend(nothing(behind));
        let from = (right.first - self.first) as usize;
        for (ours, theirs) in self.parts[from..].iter_mut().zip(right.parts) {
            *ours = std::mem::take(ours).merge(theirs);
        }
        self
    }
}

impl<P: Wire> Wire for Parted<P> {
    fn put(&self, out: &mut Vec<u8>) {
        self.first.put(out);
        self.parts.put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Self> {
        Ok(Parted { first: Wire::take(bytes)?, parts: Wire::take(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_units_came_to_is_put_together_range_by_range() {
        // Ranges are lists here, so that the order of merging shows.
        let part = |first: u64, lists: &[&[u64]]| {
            let parts = lists.iter().map(|list| list.to_vec()).collect();
            Parted { first, parts }
        };
        let all = |parts: &[Parted<Vec<u64>>]| parts.iter().cloned().fold(Parted::default(), Part::merge).all(5);
        let units = [part(1, &[&[1], &[2]]), Parted::default(), part(1, &[&[5], &[3]]), part(4, &[&[4]])];
        assert_eq!(all(&units), [&[][..], &[1, 5], &[2, 3], &[], &[4]].map(<[u64]>::to_vec));
        assert_eq!(all(&units[..2]), [&[][..], &[1], &[2], &[], &[]].map(<[u64]>::to_vec));
        assert_eq!(all(&units[2..]), [&[][..], &[5], &[3], &[], &[4]].map(<[u64]>::to_vec));
        let backwards = [part(4, &[&[4]]), part(2, &[&[2]])];
        assert_eq!(all(&backwards), [&[][..], &[], &[2], &[], &[4]].map(<[u64]>::to_vec));
        let counts = Parted { first: 1, parts: vec![3u64, 4] };
        assert_eq!(counts.running_totals(5).parts, [0, 3, 7, 7, 7]);
        let mut one = part(1, &[&[1], &[2]]);
        assert_eq!((one.take(0), one.take(2), one.take(9)), (vec![], vec![2], vec![]));
    }
}
