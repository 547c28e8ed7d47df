//! What is looked up: Σ p^K over the primes up to a number, and Σ n^K over the numbers without the first few primes.

use super::moments;
use crate::math::count::gourdon::params::K as FIRST_PRIMES;
use crate::math::count::gourdon::tables::Tables;
use crate::math::lanes::WORD;
use crate::math::ring::{Ring, power};
use crate::math::sieve::ordered;

/// The tables of one power, beside those of the formula.
///
/// Memory: 16 or 32 bytes for each prime of the table of π.
pub struct PowerTables<R> {
    /// At index b: Σ p^K over the first b primes.
    sums: Vec<R>,
    tiny: TinySums<R>,
}

impl<R: Ring> PowerTables<R> {
    /// The sums over the primes of these tables.
    pub fn new<const K: usize>(tables: &Tables) -> PowerTables<R> {
        let mut sum = R::default();
        let more = tables.primes[1..].iter().map(|&prime| {
            sum += power::<R, K>(prime.into());
            sum
        });
        let sums = std::iter::once(R::default()).chain(more).collect();
        PowerTables { sums, tiny: TinySums::new::<K>() }
    }

    /// Σ p^K over the first b primes.
    #[inline]
    pub fn first(&self, b: usize) -> R {
        self.sums[b]
    }

    /// Σ p^K over the primes up to n, which must be in the table of π.
    #[inline]
    pub fn up_to(&self, tables: &Tables, n: u64) -> R {
        self.sums[tables.pi.of(n) as usize]
    }

    /// Σ m^K over the numbers m in 1..=n that none of the first eight primes divides.
    pub fn tiny<const K: usize>(&self, n: u128) -> R {
        const { assert!(FIRST_PRIMES == 8) };
        self.tiny.seven::<K>(n) - power::<R, K>(19) * self.tiny.seven::<K>(n / 19)
    }

    /// Σ m^K over the numbers m in 1..=n that none of the first a primes divides, where a is at least eight.
    ///
    /// Cost: up to some 10^5 look-ups; the more, the larger n is compared with the table.
    pub fn phi<const K: usize>(&self, tables: &Tables, n: u64, a: usize) -> R {
        if n == 0 {
            return R::default();
        }
        if a <= FIRST_PRIMES {
            debug_assert_eq!(a, FIRST_PRIMES);
            return self.tiny::<K>(n.into());
        }
        if n < u64::from(tables.primes[a]) {
            return R::of(1);
        }
        let mut phi = self.tiny::<K>(n.into());
        for (b, &p) in tables.primes.iter().enumerate().take(a + 1).skip(FIRST_PRIMES + 1) {
            let p = u64::from(p);
            let quotient = n / p;
            if quotient < p {
                // For these primes only the multiple by 1 remains.
                return phi - (self.sums[a] - self.sums[b - 1]);
            }
            let rest = match quotient <= tables.pi.last() && quotient < p * p {
                true => R::of(1) + self.up_to(tables, quotient) - self.sums[b - 1],
                false => self.phi::<K>(tables, quotient, b - 1),
            };
            phi -= power::<R, K>(p) * rest;
        }
        phi
    }
}

/// The product of the first seven primes. The numbers that they do not divide repeat after it.
const PERIOD: u64 = 510_510;

/// The numbers below the period that none of the first seven primes divides, and the sums of their powers.
struct TinySums<R> {
    words: Vec<u64>,
    /// For each word, and behind the last: Σ m^j over the numbers before it, for j from 0 to 3.
    before: Vec<[R; 4]>,
}

impl<R: Ring> TinySums<R> {
    fn new<const K: usize>() -> TinySums<R> {
        let word = |start: u64| {
            let is_free = |n: u64| n < PERIOD && [7, 11, 13, 17].iter().all(|p| !n.is_multiple_of(*p));
            let bits = (0..64).filter(|bit| is_free(start + ordered::OFFSETS[*bit]));
            bits.fold(0u64, |word, bit| word | 1 << bit)
        };
        let words: Vec<u64> = (0..PERIOD).step_by(WORD as usize).map(word).collect();
        let mut before = vec![[R::default(); 4]];
        for (index, &word) in words.iter().enumerate() {
            let (sums, more) = (before[index], Self::of_word::<K>(word, WORD * index as u64));
            before.push(std::array::from_fn(|j| sums[j] + more[j]));
        }
        TinySums { words, before }
    }

    fn of_word<const K: usize>(bits: u64, first: u64) -> [R; 4] {
        let nothing = R::default();
        [
            moments::of_word::<R, 0>(bits, first),
            if K > 0 { moments::of_word::<R, 1>(bits, first) } else { nothing },
            if K > 1 { moments::of_word::<R, 2>(bits, first) } else { nothing },
            if K > 2 { moments::of_word::<R, 3>(bits, first) } else { nothing },
        ]
    }

    /// Σ m^K over the numbers m in 1..=n that none of the first seven primes divides.
    ///
    /// With n = t·P + r these are (s·P + c)^K for all s below t and all c, and (t·P + c)^K for all c up to r. The binomial theorem
    /// takes the sums over s and c apart.
    fn seven<const K: usize>(&self, n: u128) -> R {
        let (turns, rest) = (n / u128::from(PERIOD), (n % u128::from(PERIOD)) as u64);
        let (word, all) = ((rest / WORD) as usize, self.before[self.words.len()]);
        let inside = Self::of_word::<K>(self.words[word] & up_to(rest % WORD), WORD * word as u64);
        let period = R::of(PERIOD.into());
        let (powers, places) = (sums_of_powers::<R>(turns), R::of(turns) * period);
        let (mut sum, mut period_power, mut place_power) = (R::default(), R::of(1), R::of(1));
        for i in 0..=K {
            let j = K - i;
            let ways = R::of(BINOMIALS[K][i]);
            let part = self.before[word][j] + inside[j];
            sum += ways * (period_power * powers[i] * all[j] + place_power * part);
            period_power = period_power * period;
            place_power = place_power * places;
        }
        sum
    }
}

/// The binomial coefficients.
const BINOMIALS: [[u128; 4]; 4] = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 2, 1, 0], [1, 3, 3, 1]];

/// Σ s^j over the s below n, for j from 0 to 3; n must be below 2^126.
fn sums_of_powers<R: Ring>(n: u128) -> [R; 4] {
    if n == 0 {
        return [R::default(); 4];
    }
    // n·(n - 1)/2, and that times (2n - 1)/3. The division comes before the product, which may wrap.
    let (even, odd) = if n.is_multiple_of(2) { (n / 2, n - 1) } else { ((n - 1) / 2, n) };
    let twice = 2 * n - 1;
    let [even3, odd3, twice3] = match (even % 3, odd % 3) {
        (0, _) => [even / 3, odd, twice],
        (_, 0) => [even, odd / 3, twice],
        _ => [even, odd, twice / 3],
    };
    let triangle = R::of(even) * R::of(odd);
    [R::of(n), triangle, R::of(even3) * R::of(odd3) * R::of(twice3), triangle * triangle]
}

/// The bits of a word that stand for numbers up to an offset below 240.
#[inline(always)]
pub fn up_to(offset: u64) -> u64 {
    UP_TO[offset as usize]
}

static UP_TO: [u64; WORD as usize] = {
    let mut masks = [0u64; WORD as usize];
    let mut offset = 0;
    while offset < WORD as usize {
        let mut bit = 0;
        while bit < 64 {
            if ordered::OFFSETS[bit] <= offset as u64 {
                masks[offset] |= 1 << bit;
            }
            bit += 1;
        }
        offset += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::ring::{U128, U256};

    fn check<R: Ring, const K: usize>() {
        let tiny = TinySums::<R>::new::<K>();
        let free = |m: &u64| [2, 3, 5, 7, 11, 13, 17].iter().all(|p| !m.is_multiple_of(*p));
        let (mut sum, mut checked) = (R::default(), 0);
        for n in 0..3 * PERIOD + 1000 {
            if free(&n) {
                sum += power::<R, K>(n);
            }
            if n % 1009 == 0 || n % PERIOD < 300 || n % PERIOD > PERIOD - 300 {
                assert_eq!(tiny.seven::<K>(n.into()), sum, "power {K} up to {n}");
                checked += 1;
            }
        }
        assert!(checked > 3000);
    }

    #[test]
    fn numbers_without_small_primes_are_added_up() {
        check::<U128, 0>();
        check::<U128, 1>();
        check::<U256, 2>();
        check::<U256, 3>();
    }

    #[test]
    fn powers_are_added_up_at_any_size() {
        let mut sums = [U256::default(); 4];
        for n in 0..1000u64 {
            assert_eq!(sums_of_powers::<U256>(n.into()), sums, "below {n}");
            let powers = [power::<U256, 0>(n), power::<U256, 1>(n), power::<U256, 2>(n), power::<U256, 3>(n)];
            sums = std::array::from_fn(|j| sums[j] + powers[j]);
        }
        // Each sum grows by the power of the number before.
        for n in [(1u128 << 65) - 1, 1 << 65, (1 << 65) + 1, (1 << 126) - 2, (1 << 126) - 1] {
            let [less, more] = [n - 1, n].map(sums_of_powers::<U256>);
            let one = U256::of(n - 1);
            for (j, power) in [U256::of(1), one, one * one, one * one * one].into_iter().enumerate() {
                assert_eq!(less[j] + power, more[j], "{n}^{j}");
            }
        }
    }
}
