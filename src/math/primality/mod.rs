//! Primality of single numbers, without a sieve.
//!
//! Below 2^64 the test of Baillie, Pomerance, Selfridge and Wagstaff is a proof: a strong test to base 2, then a strong Lucas
//! test. Feitsma listed all pseudoprimes to base 2 below 2^64, and none of them is also a Lucas pseudoprime
//! (Baillie, Fiori & Wagstaff, Strengthening the Baillie-PSW primality test, 2021). Up to 3.3·10^24 the strong tests to the
//! first 13 primes are a proof (Sorenson & Webster, Strong pseudoprimes to twelve prime bases, 2017). Beyond that the first
//! test is used again: no composite number is known to pass it, and [`certainty`] tells that primes are only probable.
//!
//! In one test each multiplication waits for the one before, so most of a core is idle. [`are_prime`] tests several numbers
//! in step. A prime near 10^18 costs about 300 ns, one near 10^24 about 5 µs (`benches/primality.rs`).

mod factors;
mod lucas;
mod montgomery;
mod neighbours;
mod proof;
mod strong;

pub use lucas::passes_lucas;
pub use montgomery::{Modulus, Word};
pub use neighbours::{GREATEST, next_prime, prev_prime};
pub use proof::{Proof, Sought, prove};
pub use strong::{passes, passes_base_2};

/// What a verdict is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The test is a proof: every number that passes is prime.
    Proven,
    /// Composite is certain, prime is not.
    Probable,
}

impl Certainty {
    /// Of a number for which there is a proof, or none.
    pub fn of(is_proven: bool) -> Certainty {
        if is_proven { Certainty::Proven } else { Certainty::Probable }
    }

    /// The word in rows.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Proven => "proven",
            Certainty::Probable => "probable",
        }
    }
}

/// The least composite number that passes the strong tests to the first 13 primes.
pub const PROVEN_BELOW: u128 = 3_317_044_064_679_887_385_961_981;

/// These primes, without 2.
const BASES: [u32; 12] = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41];

/// How certain the verdicts on the numbers below `end` are.
pub fn certainty(end: u128) -> Certainty {
    if end <= PROVEN_BELOW { Certainty::Proven } else { Certainty::Probable }
}

/// How certain the verdict on one number is.
pub fn certainty_of(n: u128) -> Certainty {
    if n < PROVEN_BELOW { Certainty::Proven } else { Certainty::Probable }
}

/// Whether it is proven that `n` is prime, which passes the test: by the test, or if `look` is true by a proof that is looked for; `None` if `n` is
/// composite nevertheless. Cost: nothing below [`PROVEN_BELOW`], else that of [`prove`].
pub fn is_proven(n: u128, look: bool) -> Option<bool> {
    match certainty_of(n) {
        Certainty::Proven => Some(true),
        Certainty::Probable if !look => Some(false),
        Certainty::Probable => match prove(n) {
            Sought::Proven(_) => Some(true),
            Sought::Unknown => Some(false),
            Sought::Composite => None,
        },
    }
}

/// Whether `n` is prime, for any `n`. For many numbers [`are_prime`] is faster.
pub fn is_prime(n: u128) -> bool {
    const SMALL_PRIMES: [u128; 25] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];
    if let Some(p) = SMALL_PRIMES.into_iter().find(|p| n.is_multiple_of(*p)) {
        return n == p;
    }
    match u64::try_from(n) {
        Ok(n) if n < 101 * 101 => n > 1,
        Ok(n) => in_step::<_, 1>(&[n])[0],
        Err(_) => in_step::<_, 1>(&[n])[0],
    }
}

/// Which of `candidates` are prime. All must be odd and above 100. There is no trial division here: callers should sieve out
/// small factors first. Numbers below 2^64 cost a third as `u64`.
pub fn are_prime<T: Word>(candidates: &[T]) -> Vec<bool> {
    // More numbers at once keep the multiplier busier, until their state no longer fits the registers.
    if T::BITS == 64 { in_step::<T, 8>(candidates) } else { in_step::<T, 4>(candidates) }
}

fn in_step<T: Word, const COUNT: usize>(candidates: &[T]) -> Vec<bool> {
    debug_assert!(candidates.iter().all(|&n| n.low_bits() & 1 == 1 && n > T::from(100)));
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    narrow::<T, COUNT>(candidates, &mut places, passes_base_2);
    let (by_bases, mut by_lucas): (Vec<usize>, Vec<usize>) =
        places.into_iter().partition(|&at| (1 << 64..PROVEN_BELOW).contains(&candidates[at].into()));
    narrow::<T, COUNT>(candidates, &mut by_lucas, passes_lucas);
    let by_bases = by_bases.into_iter().filter(|&at| passes(&Modulus::new(candidates[at].into()), BASES));

    let mut prime = vec![false; candidates.len()];
    by_bases.chain(by_lucas).for_each(|at| prime[at] = true);
    prime
}

/// Keeps the indices of the candidates that pass.
fn narrow<T: Word, const COUNT: usize>(
    candidates: &[T],
    places: &mut Vec<usize>,
    test: fn(&[Modulus<T>; COUNT]) -> [bool; COUNT],
) {
    let mut passing = Vec::with_capacity(places.len());
    for group in places.chunks(COUNT) {
        // The last group is filled up with its last index.
        let moduli = std::array::from_fn(|i| Modulus::new(candidates[group[i.min(group.len() - 1)]]));
        passing.extend(group.iter().zip(test(&moduli)).filter_map(|(&at, passes)| passes.then_some(at)));
    }
    *places = passing;
}

#[cfg(test)]
mod tests {
    use super::super::integer::Integer;
    use super::super::trial;
    use super::*;
    use proptest::prelude::*;
    use rug::integer::IsPrime;

    /// GMP's verdict.
    fn judge(n: u128) -> bool {
        Integer::from(n).is_probably_prime(30) != IsPrime::No
    }

    fn prime_after(n: u128) -> u128 {
        Integer::from(n).next_prime().to_u128().unwrap()
    }

    #[test]
    fn it_finds_what_trial_division_finds() {
        for n in (0..1_000_000).chain((1 << 32) - 2_000..(1 << 32) + 2_000) {
            assert_eq!(is_prime(n.into()), trial::is_prime(n), "{n}");
        }
        let odd: Vec<u64> = (101..300_000).step_by(2).collect();
        let primes: Vec<u64> = odd.iter().copied().filter(|&n| trial::is_prime(n)).collect();
        let wide: Vec<u128> = odd.iter().map(|&n| n.into()).collect();
        for verdicts in [are_prime(&odd), are_prime(&wide)] {
            let kept = odd.iter().zip(verdicts).filter(|(_, prime)| *prime).map(|(n, _)| *n);
            assert!(kept.eq(primes.iter().copied()));
        }
    }

    #[test]
    fn known_primes() {
        for n in [
            (1 << 61) - 1,
            (1 << 64) - 59,
            (1 << 64) + 13,
            PROVEN_BELOW - 168,
            (1 << 89) - 1,
            (1 << 107) - 1,
            (1 << 127) - 1,
            u128::MAX - 158,
        ] {
            assert!(is_prime(n), "{n}");
            assert!(!is_prime(n - 2) || judge(n - 2), "{n} - 2");
        }
    }

    #[test]
    fn composites_that_pass_some_test() {
        let carmichael = [
            561,
            1105,
            1729,
            29341,
            825_265,
            321_197_185,
            9_746_347_772_161,
            349_407_515_342_287_435_050_603_204_719_587_201,
        ];
        let strong = [2047, 3277, 1_373_653, 25_326_001, 3_215_031_751, 2_152_302_898_747, 3_474_749_660_383];
        let stronger = [341_550_071_728_321, 3_825_123_056_546_413_051, 318_665_857_834_031_151_167_461, PROVEN_BELOW];
        let lucas = [323, 377, 5459, 5777, 10877, 16109, 18971];
        let others = [u64::MAX.into(), u128::MAX, (1 << 67) - 1, (1 << 101) - 1];
        for n in [&carmichael[..], &strong, &stronger, &lucas, &others].concat() {
            assert!(!is_prime(n), "{n}");
        }
    }

    #[test]
    fn squares_and_products_of_neighbours() {
        for bits in [7, 8, 16, 20, 26, 31, 32, 33, 40, 41, 48, 62, 63] {
            let p = prime_after((1 << bits) - 20);
            let q = prime_after(p);
            assert!(is_prime(p) && is_prime(q), "{p} {q}");
            for n in [p * p, p * q, q * q] {
                assert!(!is_prime(n), "{n}");
            }
        }
        let largest = (1 << 64) - 59;
        assert!(!is_prime(largest * largest));
    }

    #[test]
    fn the_limit_of_proof() {
        assert_eq!(certainty(1 << 64), Certainty::Proven);
        assert_eq!(certainty(PROVEN_BELOW), Certainty::Proven);
        assert_eq!(certainty(PROVEN_BELOW + 1), Certainty::Probable);
    }

    proptest! {
        #![proptest_config(crate::random::cases(400))]

        #[test]
        fn any_number_is_judged_as_by_gmp(n: u128, shift in 0..128u32) {
            let n = n >> shift;
            prop_assert_eq!(is_prime(n), judge(n), "{}", n);
            let p = prime_after(n >> 1);
            prop_assert!(is_prime(p), "{}", p);
        }

        #[test]
        fn numbers_of_all_sizes_in_any_company(seeds: Vec<(u64, u8, bool)>) {
            let numbers = seeds.into_iter().map(|(n, shift, prime)| {
                let n = (n >> (1 + shift % 57)).max(101) | 1;
                if prime { u64::try_from(prime_after(n.into())).unwrap() } else { n }
            });
            let numbers: Vec<u64> = numbers.collect();
            let verdicts: Vec<bool> = numbers.iter().map(|&n| judge(n.into())).collect();
            prop_assert_eq!(&are_prime(&numbers), &verdicts);
            let wide: Vec<u128> = numbers.into_iter().map(u128::from).collect();
            prop_assert_eq!(are_prime(&wide), verdicts);
        }

        #[test]
        fn large_numbers_in_any_company(seeds: Vec<(u128, u8)>) {
            let numbers: Vec<u128> = seeds.into_iter().map(|(n, shift)| (n >> (shift % 100)).max(101) | 1).collect();
            let primes: Vec<u128> = numbers.iter().map(|&n| prime_after(n >> 1 | 101)).collect();
            let all = [numbers, primes].concat();
            let verdicts: Vec<bool> = all.iter().map(|&n| judge(n)).collect();
            prop_assert_eq!(are_prime(&all), verdicts);
        }

        /// Sinclair's seven bases decide below 2^64 too; the slower way.
        #[test]
        fn seven_bases_agree(n: u64, shift in 0..50u32) {
            let n = (n >> shift).max(101) | 1;
            for n in [n, u64::try_from(prime_after(u128::from(n >> 1))).unwrap()] {
                let bases = [2, 325, 9375, 28178, 450_775, 9_780_504, 1_795_265_022];
                prop_assert_eq!(passes(&Modulus::new(n.into()), bases), is_prime(n.into()), "{}", n);
            }
        }
    }
}
