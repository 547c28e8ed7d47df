//! Sums of π over places in order, where π is known only from one place on.
//!
//! A slice of the numbers knows how many primes it has but not how many there are before it. So it keeps how often π
//! was asked for, the weight, and adds weight times the primes of all slices to its left when they meet.

/// What π was asked for in a slice of the numbers, and came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How often, each time with its factor.
    pub weight: i128,
    /// The sum as far as it is known: with the primes of the slice alone.
    pub sum: i128,
}

impl Asked {
    /// Adds `times` the sum of π over so many places; `local` is that sum in the slice's own primes from some place
    /// on, and there are `before` of them up to that.
    pub fn add(&mut self, times: i128, places: usize, local: u64, before: u64) {
        let places = places as i128;
        self.weight += times * places;
        self.sum += times * (i128::from(local) + i128::from(before) * places);
    }
}

/// What a slice of the numbers came to. Slices merge from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The primes of the slice.
    pub primes: u64,
    pub a: Asked,
    pub b: Asked,
    pub c: Asked,
}

impl Tally {
    pub fn merge(self, right: Tally) -> Tally {
        let before = i128::from(self.primes);
        let merge = |left: Asked, right: Asked| Asked {
            weight: left.weight + right.weight,
            sum: left.sum + right.sum + before * right.weight,
        };
        Tally {
            primes: self.primes + right.primes,
            a: merge(self.a, right.a),
            b: merge(self.b, right.b),
            c: merge(self.c, right.c),
        }
    }
}
