//! n! modulo M, without n!.
//!
//! M is a product of powers q^k of primes. If q divides n! at least k times, n! is 0 modulo q^k. Otherwise n is below k·q, so for k > 1 it is
//! so small that its numbers are multiplied one by one. For k = 1, Wilson's theorem makes n at most half of q, and `run.rs` multiplies them in the
//! time of the square root of n. The Chinese remainder theorem puts the residues together.

mod factors;
mod run;

pub use factors::prime_powers;
use std::ops::Range;

/// Runs of no more numbers than this are multiplied one by one.
const ONE_BY_ONE: u64 = 1 << 20;

/// Longer runs modulo a prime are cut into pieces, although four pieces take twice as long as one: four threads halve the time.
const IN_ONE_PIECE: u64 = 1 << 34;
const PIECES: u64 = 4;

/// Numbers of a piece that is multiplied one by one, at most: less than a second.
const PIECE_MAX: u64 = 1 << 28;

/// What must be computed for n! modulo a power of a prime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residue {
    prime: u64,
    power: u32,
    /// prime^power, at most 2^64.
    pub modulus: u128,
    what: What,
}

/// How the residue follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// It is 0.
    Zero,
    /// It is the product of the numbers up to this one.
    Product(u64),
    /// The product of the numbers from n + 1 to q - 1 is that of as many numbers from 1 on, up to the sign; and (q - 1)! = -1.
    Wilson(u64),
}

impl Residue {
    /// n! modulo `prime`^`power`, which must be at most 2^64.
    pub fn new(n: u128, prime: u64, power: u32) -> Residue {
        let modulus = u128::from(prime).pow(power);
        let times = std::iter::successors(Some(n / u128::from(prime)), |times| Some(times / u128::from(prime)));
        let times = times.take_while(|&times| times > 0).sum::<u128>();
        let what = match (times >= u128::from(power), n as u64) {
            (true, _) => What::Zero,
            (false, n) if power == 1 && prime - 1 - n < n => What::Wilson(prime - 1 - n),
            (false, n) => What::Product(n),
        };
        Residue { prime, power, modulus, what }
    }

    /// Whether it is known to be 0.
    pub fn is_zero(&self) -> bool {
        self.what == What::Zero
    }

    /// How many numbers are multiplied.
    pub fn numbers(&self) -> u64 {
        match self.what {
            What::Zero => 0,
            What::Product(numbers) | What::Wilson(numbers) => numbers,
        }
    }

    /// Whether that takes no longer than their square root.
    fn is_quick(&self) -> bool {
        self.power == 1 && self.numbers() > ONE_BY_ONE
    }

    /// Into how many pieces they are cut; none if the residue is known.
    pub fn pieces(&self) -> u64 {
        match self.numbers() {
            0 => 0,
            numbers if !self.is_quick() => numbers.div_ceil(PIECE_MAX),
            numbers if numbers > IN_ONE_PIECE => PIECES,
            _ => 1,
        }
    }

    fn piece_span(&self, piece: u64) -> Range<u64> {
        let edge = |piece: u64| (u128::from(self.numbers()) * u128::from(piece) / u128::from(self.pieces())) as u64;
        edge(piece)..edge(piece + 1)
    }

    /// The product of a piece.
    pub fn piece(&self, piece: u64) -> u64 {
        let Range { start, end } = self.piece_span(piece);
        match self.modulus as u64 {
            // That modulus is 2^64.
            _ if self.modulus.is_multiple_of(2) => {
                (start + 1..=end).fold(1, |all, n| (u128::from(all) * u128::from(n) % self.modulus) as u64)
            }
            modulus if self.is_quick() => run::quick(start, end - start, modulus),
            modulus => run::one_by_one(start, end - start, modulus),
        }
    }

    /// The residue, from the products of its pieces.
    pub fn close(&self, pieces: impl IntoIterator<Item = u64>) -> u64 {
        let times = |a: u64, b: u64| (u128::from(a) * u128::from(b) % self.modulus) as u64;
        let product = pieces.into_iter().fold((1 % self.modulus) as u64, times);
        match self.what {
            What::Zero => 0,
            What::Product(_) => product,
            What::Wilson(numbers) => {
                let inverse = inverse(product.into(), self.modulus) as u64;
                if numbers % 2 == 0 { self.prime - inverse } else { inverse }
            }
        }
    }

    /// Whether a piece can have this product.
    pub fn can_be(&self, product: u64) -> bool {
        // The numbers of a piece are below the prime.
        u128::from(product) < self.modulus && (self.power > 1 || product > 0)
    }

    /// The prime and its power.
    pub fn prime_power(&self) -> (u64, u32) {
        (self.prime, self.power)
    }

    /// Seconds of one thread.
    pub fn seconds(&self) -> f64 {
        match self.is_quick() {
            true => self.pieces() as f64 * run::seconds(self.numbers() / self.pieces()),
            false => self.numbers() as f64 * run::ONE_SECONDS,
        }
    }

    /// Bytes of a thread.
    pub fn bytes(&self) -> u64 {
        if self.is_quick() { (self.numbers() / self.pieces()).isqrt() * run::BYTES } else { 0 }
    }
}

/// The inverse of `n` modulo `modulus`, by Euclid's algorithm. They must share no factor, and must be at most 2^64.
fn inverse(n: u128, modulus: u128) -> u128 {
    let (mut a, mut b) = (n as i128, modulus as i128);
    let (mut x, mut y) = (1i128, 0i128);
    while b != 0 {
        let quotient = a / b;
        (a, b) = (b, a - quotient * b);
        (x, y) = (y, x - quotient * y);
    }
    x.rem_euclid(modulus as i128) as u128
}

/// The number below the product of all moduli that leaves these residues. The moduli must share no factors, and their product is at most
/// 2^64.
pub fn together(residues: impl IntoIterator<Item = (u64, u128)>) -> u64 {
    let both = |(number, before): (u128, u128), (residue, modulus): (u64, u128)| {
        let more = (u128::from(residue) + modulus - number % modulus) % modulus;
        (number + before * (more * inverse(before % modulus, modulus) % modulus), before * modulus)
    };
    residues.into_iter().fold((0, 1), both).0 as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// n! mod m, number by number.
    pub(super) fn naive(n: u64, modulus: u128) -> u64 {
        (1..=n).fold((1 % modulus) as u64, |all, n| (u128::from(all) * u128::from(n) % modulus) as u64)
    }

    fn factorial(n: u64, modulus: u128) -> u64 {
        let residues = prime_powers(modulus).into_iter().map(|(prime, power)| {
            let residue = Residue::new(n.into(), prime, power);
            (residue.close((0..residue.pieces()).map(|piece| residue.piece(piece))), residue.modulus)
        });
        together(residues.collect::<Vec<_>>())
    }

    #[test]
    fn residues_are_those_of_products() {
        for modulus in
            (1..200).chain([1 << 64, (1 << 64) - 1, 3u128.pow(40), 1 << 63, 65_537 * 65_537, 1_000_003 * 999_983])
        {
            for n in [0, 1, 2, 3, 4, 5, 9, 10, 30, 60, 65, 66, 70, 100, 199, 1000] {
                assert_eq!(factorial(n, modulus), naive(n, modulus), "{n}! mod {modulus}");
            }
        }
    }

    #[test]
    fn wilsons_theorem_holds() {
        for prime in [2u64, 3, 5, 101, 65_537, 1_000_000_007, (1 << 61) - 1, 18_446_744_073_709_551_557] {
            assert_eq!(factorial(prime - 1, prime.into()), prime - 1, "{prime}");
            if prime > 3 {
                assert_eq!(factorial(prime - 2, prime.into()), 1, "{prime}");
            }
            assert_eq!(factorial(prime, prime.into()), 0);
        }
    }

    #[test]
    fn long_runs_and_short_ones_agree() {
        for modulus in [1_000_000_007u128, (1 << 61) - 1, 18_446_744_073_709_551_557, 5_000_011] {
            for n in [ONE_BY_ONE, ONE_BY_ONE + 1, 2_000_000, 2_345_678] {
                assert_eq!(factorial(n, modulus), naive(n, modulus), "{n}! mod {modulus}");
            }
        }
    }

    #[test]
    fn a_run_in_pieces_has_the_product_of_their_products() {
        let whole = Residue::new(1 << 35, (1 << 61) - 1, 1);
        assert_eq!(whole.pieces(), PIECES);
        assert_eq!((0..PIECES).map(|piece| whole.piece_span(piece).end).next_back(), Some(1 << 35));
        let half = whole.piece_span(1).end;
        let modulus = 1_000_000_007;
        let modulo = |n, count| u128::from(run::quick(n, count, modulus));
        let product = modulo(0, 3_000_000) * modulo(3_000_000, 2_000_000) % u128::from(modulus);
        assert_eq!((half, product), (1 << 34, naive(5_000_000, modulus.into()).into()));
    }
}
