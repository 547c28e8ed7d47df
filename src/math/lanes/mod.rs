//! The leaf loops of the sieve, once per instruction set.
//!
//! A [`Lanes`] can only be had from [`usable`] or [`pick`], which ask the CPU first, so holding one proves
//! that its loops can run here. The loops are called once per line of the sieve, never per bit, so the
//! indirect call costs nothing. Each set is the same source compiled again for its instructions, but for
//! what a set does in a way of its own; every one is tested against `scalar`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod generic;
mod scalar;

use crate::error::{Error, Result};

/// One instruction set's versions of the loops.
pub struct Lanes {
    pub name: &'static str,
    usable: fn() -> bool,
    presieve: unsafe fn(&mut [u64], &mut [Stripe]),
    cross: unsafe fn(&mut [u64], u32, &[u32], &[u32]),
    step: unsafe fn(&mut [u32], &[u32], &[u32], u32),
    ones: unsafe fn(&[u64]) -> u64,
}

/// Words that a pass of the presieve handles at once; tables are padded for it.
pub const STRIPE_WORDS: usize = 64;

/// A pattern of bits that repeats every `period` bytes, and where a line starts in it.
pub struct Stripe<'a> {
    /// `period` bytes and then at least `8 * STRIPE_WORDS` more of the same.
    pub bytes: &'a [u8],
    pub period: usize,
    /// Below `period`.
    pub at: usize,
}

impl Lanes {
    /// Fills `line` with the stripes ANDed together, each from its place on; the places move along.
    pub fn presieve(&self, line: &mut [u64], stripes: &mut [Stripe]) {
        assert_eq!(line.len() % STRIPE_WORDS, 0);
        for stripe in &*stripes {
            assert!(stripe.at < stripe.period);
            assert!(stripe.bytes.len() >= stripe.period + 8 * STRIPE_WORDS);
        }
        // SAFETY: the CPU has these instructions, or this `Lanes` would not have been handed out, and the
        // lengths that the loops rely on were just checked.
        unsafe { (self.presieve)(line, stripes) }
    }

    /// Clears bit `at[k] + i·primes[k]` for all i and k, as far as it is below `bits`. The primes ascend,
    /// each `at` is below its prime, and `line` has a spare bit behind the first `bits`.
    pub fn cross(&self, line: &mut [u64], bits: u32, primes: &[u32], at: &[u32]) {
        assert!((bits as usize) < 64 * line.len() && bits < 1 << 31);
        assert_eq!(primes.len(), at.len());
        debug_assert!(primes.is_sorted() && primes.iter().zip(at).all(|(p, at)| at < p));
        // SAFETY: as above; bits from `bits` on are not touched but for the spare one.
        unsafe { (self.cross)(line, bits, primes, at) }
    }

    /// `at[k] -= times·by[k]` modulo `primes[k]`; all `at` and `by` are below their prime.
    pub fn step(&self, at: &mut [u32], by: &[u32], primes: &[u32], times: u32) {
        assert!(at.len() == primes.len() && by.len() == primes.len());
        // SAFETY: as above.
        unsafe { (self.step)(at, by, primes, times) }
    }

    /// How many bits are set.
    pub fn ones(&self, line: &[u64]) -> u64 {
        // SAFETY: as above.
        unsafe { (self.ones)(line) }
    }
}

/// Best first; the last one runs anywhere.
static ALL: &[Lanes] = &[
    #[cfg(target_arch = "x86_64")]
    avx512::LANES,
    #[cfg(target_arch = "x86_64")]
    avx2::LANES,
    scalar::LANES,
];

/// The lanes this CPU has, best first.
pub fn usable() -> impl Iterator<Item = &'static Lanes> {
    ALL.iter().filter(|lanes| (lanes.usable)())
}

/// The lanes of that name, or the best.
///
/// # Errors
/// If there are none of that name or this CPU does not have them: never something else in their place.
pub fn pick(name: Option<&str>) -> Result<&'static Lanes> {
    let Some(name) = name else { return Ok(usable().next().expect("scalar is always usable")) };
    usable().find(|lanes| lanes.name == name).ok_or_else(|| {
        let names: Vec<&str> = usable().map(|lanes| lanes.name).collect();
        let known = ALL.iter().any(|lanes| lanes.name == name);
        let why = if known { "are not in this CPU" } else { "are not known" };
        Error::usage(format!("lanes '{name}' {why}: it has {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words without a pattern, from a linear congruence.
    fn noise(seed: u64, count: usize) -> Vec<u64> {
        let step = |x: &u64| Some(x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407));
        std::iter::successors(Some(seed), step).map(|x| x ^ x >> 29).take(count).collect()
    }

    fn scalar() -> &'static Lanes {
        pick(Some("scalar")).unwrap()
    }

    #[test]
    fn all_lanes_count_alike() {
        for count in 0..200 {
            let line = noise(count as u64, count);
            let naive: u64 = line.iter().map(|w| u64::from(w.count_ones())).sum();
            for lanes in usable() {
                assert_eq!(lanes.ones(&line), naive, "{} on {count} words", lanes.name);
            }
        }
    }

    #[test]
    fn all_lanes_cross_alike() {
        let primes: Vec<u32> = (3..9000).step_by(2).filter(|&n| crate::math::trial::is_prime(n.into())).collect();
        for bits in [1u32, 63, 64, 65, 500, 4096, 20_000] {
            let at: Vec<u32> =
                noise(7, primes.len()).iter().zip(&primes).map(|(x, p)| (x % u64::from(*p)) as u32).collect();
            let fresh = noise(3, bits as usize / 64 + 1);
            let mut naive = fresh.clone();
            for (&p, &at) in primes.iter().zip(&at) {
                for bit in (at..bits).step_by(p as usize) {
                    naive[bit as usize / 64] &= !(1 << (bit % 64));
                }
            }
            let spare = |mut line: Vec<u64>| {
                line[bits as usize / 64] |= u64::MAX << (bits % 64);
                line
            };
            for lanes in usable() {
                let mut line = fresh.clone();
                lanes.cross(&mut line, bits, &primes, &at);
                assert_eq!(spare(line), spare(naive.clone()), "{} on {bits} bits", lanes.name);
            }
        }
    }

    #[test]
    fn all_lanes_step_alike() {
        for count in [0, 1, 15, 16, 17, 100] {
            let primes: Vec<u32> = (0..count).map(|k| u32::MAX - 6 * k).collect();
            let below = |seed| -> Vec<u32> {
                noise(seed, count as usize).iter().zip(&primes).map(|(x, p)| (x % u64::from(*p)) as u32).collect()
            };
            let (at, by) = (below(1), below(2));
            for times in [1, 2, 11] {
                let naive = at.iter().zip(&by).zip(&primes).map(|((&at, &by), &p)| {
                    let (at, by, p) = (u64::from(at), u64::from(by), u64::from(p));
                    ((at + u64::from(times) * (p - by)) % p) as u32
                });
                let naive: Vec<u32> = naive.collect();
                for lanes in usable() {
                    let mut at = at.clone();
                    lanes.step(&mut at, &by, &primes, times);
                    assert_eq!(at, naive, "{} {times} times on {count}", lanes.name);
                }
            }
        }
    }

    #[test]
    fn all_lanes_presieve_alike() {
        let tables: Vec<Vec<u8>> = [7usize, 77, 1001]
            .iter()
            .map(|&period| {
                let bytes = noise(period as u64, period);
                (0..period + 8 * STRIPE_WORDS).map(|i| bytes[i % period] as u8).collect()
            })
            .collect();
        let stripes = || -> Vec<Stripe> {
            tables
                .iter()
                .zip([(7, 3), (77, 0), (1001, 1000)])
                .map(|(bytes, (period, at))| Stripe { bytes, period, at })
                .collect()
        };
        for words in [0, STRIPE_WORDS, 5 * STRIPE_WORDS] {
            let mut naive = vec![0u64; words];
            scalar().presieve(&mut naive, &mut stripes());
            for (index, byte) in naive.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
                let expect = stripes().iter().fold(255, |and, s| and & s.bytes[(s.at + index) % s.period]);
                assert_eq!(byte, expect, "byte {index}");
            }
            for lanes in usable() {
                let mut line = vec![5u64; words];
                lanes.presieve(&mut line, &mut stripes());
                assert_eq!(line, naive, "{} on {words} words", lanes.name);
            }
        }
    }

    #[test]
    fn lanes_that_are_not_there_are_refused() {
        assert!(pick(None).is_ok());
        let why = pick(Some("sse9")).err().unwrap().to_string();
        assert!(why.starts_with("lanes 'sse9' are not known"), "{why}");
    }
}
