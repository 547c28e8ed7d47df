//! A number that tells what is in a file. If anything in the file is changed, the number differs: a resume must not mix two versions.
//!
//! It guards against accidents, not against forgers. It takes as long as reading the file: SHA-256 would take several times that.

use super::full;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What was read so far, eight bytes at a time, by turns in four sums that the processor computes at once.
pub struct Checksum {
    sums: [u64; 4],
    length: u64,
}

/// An odd number of many bits: multiplying by it loses nothing.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many bytes go into all sums at once.
const STEP: usize = 32;

/// How many bytes are read at a time.
const BUFFER: usize = 1 << 20;

impl Checksum {
    fn new() -> Checksum {
        Checksum { sums: [1, 2, 3, 4], length: 0 }
    }

    /// Adds bytes. Only the last ones may end within a step.
    fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let (steps, rest) = bytes.as_chunks::<STEP>();
        steps.iter().for_each(|step| self.step(step));
        if !rest.is_empty() {
            let mut last = [0; STEP];
            last[..rest.len()].copy_from_slice(rest);
            self.step(&last);
        }
    }

    #[inline]
    fn step(&mut self, step: &[u8; STEP]) {
        for (sum, word) in self.sums.iter_mut().zip(step.as_chunks::<8>().0) {
            // Two values of a word never come to the same sum.
            *sum = (*sum ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
        }
    }

    fn done(self) -> u64 {
        self.sums.into_iter().fold(self.length, |all, sum| {
            let mixed = (all ^ sum).wrapping_mul(FACTOR);
            mixed ^ (mixed >> 32)
        })
    }
}

/// The number of all bytes of a file. `each` sees them on the way, with the place where they begin.
///
/// # Errors
/// If the file cannot be read.
pub fn of_all(mut file: &File, each: &mut dyn FnMut(u64, &[u8])) -> io::Result<u64> {
    let (mut sum, mut buffer) = (Checksum::new(), vec![0; BUFFER]);
    file.seek(SeekFrom::Start(0))?;
    loop {
        let count = full(&mut file, &mut buffer)?;
        each(sum.length, &buffer[..count]);
        sum.add(&buffer[..count]);
        if count < BUFFER {
            return Ok(sum.done());
        }
    }
}

/// The number of a file of which not all is read: a smaller one is read whole; of a larger one, samples all over it, and its size.
///
/// # Errors
/// If the file cannot be read.
pub fn of_samples(file: &File) -> io::Result<u64> {
    const SAMPLES: u64 = 4096;
    const SAMPLE: u64 = 1 << 16;
    by_samples(file, SAMPLES, SAMPLE)
}

fn by_samples(mut file: &File, samples: u64, sample: u64) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length <= samples * sample {
        return of_all(file, &mut |_, _| ());
    }
    let (mut sum, mut buffer) = (Checksum::new(), vec![0; sample as usize]);
    for index in 0..samples {
        // The first one is at the beginning, the last one at the end.
        let at = u128::from(length - sample) * u128::from(index) / u128::from(samples - 1);
        file.seek(SeekFrom::Start(at as u64))?;
        file.read_exact(&mut buffer)?;
        sum.add(&buffer);
    }
    Ok(Checksum { length, ..sum }.done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::PathBuf;

    /// A file that goes with the test.
    struct Scrap(PathBuf);

    impl Scrap {
        fn new(name: &str) -> Scrap {
            Scrap(std::env::temp_dir().join(format!("pcount-checksum-{}-{name}", std::process::id())))
        }

        fn with(&self, bytes: &[u8]) -> File {
            std::fs::write(&self.0, bytes).unwrap();
            File::open(&self.0).unwrap()
        }
    }

    impl Drop for Scrap {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn any_change_of_a_byte_is_noticed(
            bytes in prop_oneof![prop::collection::vec(any::<u8>(), 1..200), prop::collection::vec(Just(b'7'), 1..3000)],
            at in any::<prop::sample::Index>(),
            change in 1..=255u8,
        ) {
            let scrap = Scrap::new("byte");
            let sum = |bytes: &[u8]| of_all(&scrap.with(bytes), &mut |_, _| ()).unwrap();
            let whole = sum(&bytes);
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= change;
            prop_assert_ne!(whole, sum(&other));
            prop_assert_ne!(whole, sum(&bytes[1..]));
            prop_assert_ne!(whole, sum(&[&bytes[..], &[0]].concat()));
            prop_assert_eq!(whole, sum(&bytes));
        }
    }

    #[test]
    fn all_bytes_are_seen_in_order() {
        let bytes: Vec<u8> = (0..2 * BUFFER + 77).map(|at| (at * 31 / 7) as u8).collect();
        let mut seen = vec![];
        let sum = of_all(&Scrap::new("all").with(&bytes), &mut |at, some| {
            assert_eq!(at, seen.len() as u64);
            seen.extend_from_slice(some);
        });
        assert!(sum.is_ok() && seen == bytes);
    }

    #[test]
    fn samples_are_at_both_ends_and_between() {
        let scrap = Scrap::new("samples");
        let bytes = vec![b'1'; 10_000];
        let sum = |bytes: &[u8]| by_samples(&scrap.with(bytes), 10, 64).unwrap();
        let changed = |at: usize| {
            let mut other = bytes.clone();
            other[at] = b'2';
            sum(&other) != sum(&bytes)
        };
        assert!(changed(0) && changed(63) && changed(9_999) && changed(9_936));
        let noticed = (0..100).filter(|part| (0..100).any(|at| changed(100 * part + at))).count();
        assert!(noticed >= 10, "{noticed}");
        assert_ne!(sum(&bytes), sum(&bytes[1..]));
        // A file that is no larger than its samples is read whole.
        let small = |bytes: &[u8]| by_samples(&scrap.with(bytes), 10, 1000).unwrap();
        assert!(bytes.iter().enumerate().step_by(97).all(|(at, _)| {
            let mut other = bytes.clone();
            other[at] = b'2';
            small(&other) != small(&bytes)
        }));
    }
}
