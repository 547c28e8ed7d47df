//! `riemann-r X…`: Riemann's R.

use super::{KernelEntry, Takes, real};
use crate::math::approximate;

/// The command `riemann-r`.
pub const RIEMANN_R: KernelEntry = KernelEntry {
    name: "riemann-r",
    about: "Riemann's R of each number, a closer estimate of the count of primes up to it",
    takes: Takes::Numbers,
    examples: &[("riemann-r 1e9", "about how many primes there are up to 10^9, closer than li")],
    open: |given| Ok(real::open(given, approximate::riemann_r)),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn more_numbers_than_a_unit_has_stay_in_order() {
        let numbers = "100 ".repeat(70) + "1e25";
        let answer = answer((RIEMANN_R.open)(&given(&numbers)));
        let values = column(&answer, "value");
        assert_eq!((values.len(), &*values[0], &values[1..70]), (71, "25.661633266924182593", &values[..69]));
        assert!(values[70].starts_with("176846309399141934626965."), "{}", values[70]);
    }
}
