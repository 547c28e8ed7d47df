//! Sums of π over places in order, where the number of primes is known only within a slice.
//!
//! A slice knows its own primes but not how many there are before it. So it keeps the weight: how often π was needed. When
//! slices merge, the weight times the number of primes to the left is added.

/// A weighted sum of π over places of one slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeightedPi {
    /// How often π was needed, each time with its factor.
    pub weight: i128,
    /// The sum, counting only primes of the slice.
    pub sum: i128,
}

impl WeightedPi {
    /// Adds `times` the sum of π over so many places. `local` is that sum, counted from some place of the slice on; `before` primes
    /// of the slice lie before that place.
    pub fn add(&mut self, times: i128, places: usize, local: u64, before: u64) {
        let places = places as i128;
        self.weight += times * places;
        self.sum += times * (i128::from(local) + i128::from(before) * places);
    }
}

/// The sums of a slice. Slices merge from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceSums {
    /// How many primes the slice has.
    pub primes: u64,
    /// The term A.
    pub a: WeightedPi,
    /// The term B.
    pub b: WeightedPi,
    /// The term C.
    pub c: WeightedPi,
}

impl PlaceSums {
    /// The sums of this slice and of the slice to the right of it.
    pub fn merge(self, right: PlaceSums) -> PlaceSums {
        let before = i128::from(self.primes);
        let merge = |left: WeightedPi, right: WeightedPi| WeightedPi {
            weight: left.weight + right.weight,
            sum: left.sum + right.sum + before * right.weight,
        };
        PlaceSums {
            primes: self.primes + right.primes,
            a: merge(self.a, right.a),
            b: merge(self.b, right.b),
            c: merge(self.c, right.c),
        }
    }
}
