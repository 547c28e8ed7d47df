//! `riemann-r X…`: Riemann's R.

use super::{Entry, Takes, values};
use crate::math::approximate;

pub const ENTRY: Entry = Entry {
    name: "riemann-r",
    about: "Riemann's R of each number, which is even nearer to how many primes are up to it",
    takes: Takes::Numbers,
    options: &[],
    open: |given| values::open(given, approximate::riemann_r),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn more_numbers_than_a_unit_has_stay_in_order() {
        let numbers = "100 ".repeat(70) + "1e25";
        let answer = answer((ENTRY.open)(&given(&numbers)));
        let values = column(&answer, "value");
        assert_eq!((values.len(), &*values[0], &values[1..70]), (71, "25.661633266924182593", &values[..69]));
        assert!(values[70].starts_with("176846309399141934626965."), "{}", values[70]);
    }
}
