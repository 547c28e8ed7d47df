//! π of one number by the formulas before Gourdon's: Legendre's, and that of Lagarias, Miller and Odlyzko. They judge
//! Gourdon's in the tests, and whoever asks for them can have them, as far up as they end in minutes. Each is verified by
//! the other.

use super::formula::Formula;
use crate::error::{Error, Result};
use crate::kernel::Method;
use crate::math::approximate::plausible;
use crate::math::count::phi::{self, Phi};
use crate::math::count::{legendre, lmo};
use crate::math::lanes::Lanes;
use crate::math::sieve::Sieve;
use crate::work::Forecast;
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

/// Numbers up to which they may be asked for: 10^15, which takes Legendre's formula some minutes of a core.
pub const OLDER_X_END: u128 = 1_000_000_000_000_001;

/// Which formula.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OlderMethod {
    Legendre,
    /// Its sieve goes in order, so a number is one unit.
    Lmo,
}

/// A number, and the formula for it. All threads that are at it have Legendre's tables in common.
pub struct Older {
    method: OlderMethod,
    x: u64,
    tables: Mutex<Weak<Phi>>,
}

impl Older {
    /// The numbers below `edge`, by Legendre's formula.
    pub fn legendre(edge: u128, _: &'static Lanes) -> Older {
        Older::new(OlderMethod::Legendre, edge)
    }

    /// The same by that of Lagarias, Miller and Odlyzko.
    pub fn lmo(edge: u128, _: &'static Lanes) -> Older {
        Older::new(OlderMethod::Lmo, edge)
    }

    fn new(method: OlderMethod, edge: u128) -> Older {
        let x = u64::try_from(edge.saturating_sub(1)).expect("larger numbers are refused");
        Older { method, x, tables: Mutex::default() }
    }

    fn tables(&self) -> Arc<Phi> {
        let mut open = self.tables.lock().expect("no thread panics while it holds the lock");
        open.upgrade().unwrap_or_else(|| {
            let tables = Arc::new(Phi::up_to_the_root(self.x));
            *open = Arc::downgrade(&tables);
            tables
        })
    }
}

impl Formula for Older {
    /// What Legendre's recursion removes, or the count itself.
    type Sums = i128;
    type Open = Arc<Phi>;
    type Found = u128;
    const SAMPLE_END: u128 = 30_000_000_000;

    fn again(&self) -> Older {
        let other = match self.method {
            OlderMethod::Legendre => OlderMethod::Lmo,
            OlderMethod::Lmo => OlderMethod::Legendre,
        };
        Older::new(other, u128::from(self.x) + 1)
    }

    fn x(&self) -> u128 {
        self.x.into()
    }

    fn by(&self) -> String {
        let method = match self.method {
            OlderMethod::Legendre => Method::Legendre,
            OlderMethod::Lmo => Method::Lmo,
        };
        method.name().into()
    }

    fn how(&self) -> Option<String> {
        Some(match self.method {
            OlderMethod::Legendre => format!("primes up to {}", self.x.isqrt()),
            OlderMethod::Lmo => format!("y {}", lmo::y(self.x, lmo::alpha(self.x))),
        })
    }

    fn units(&self) -> u64 {
        match self.method {
            OlderMethod::Legendre => phi::shares(self.x.into(), u64::MAX),
            OlderMethod::Lmo => 1,
        }
    }

    fn forecast(&self) -> Forecast {
        let none = Forecast::default();
        match self.method {
            OlderMethod::Legendre => {
                Forecast { seconds: legendre::seconds(self.x), open_bytes: phi::bytes(self.x.into(), u64::MAX), ..none }
            }
            OlderMethod::Lmo => Forecast { seconds: lmo::seconds(self.x), thread_bytes: lmo::bytes(self.x), ..none },
        }
    }

    fn compute(&self, unit: u64, _: &Sieve, open: &mut Option<Arc<Phi>>) -> i128 {
        match self.method {
            OlderMethod::Legendre => {
                let tables = open.get_or_insert_with(|| self.tables());
                tables.removed(unit as usize, self.units() as usize)
            }
            OlderMethod::Lmo => lmo::pi(self.x, lmo::alpha(self.x)).into(),
        }
    }

    fn can_be(&self, _: &Range<u64>, sums: &i128) -> bool {
        match self.method {
            OlderMethod::Legendre => Phi::can_be(self.x.into(), *sums),
            OlderMethod::Lmo => u128::try_from(*sums).is_ok_and(|count| plausible(self.x.into(), count)),
        }
    }

    fn close(&self, sums: i128) -> Result<u128> {
        let x = self.x;
        let count = match self.method {
            OlderMethod::Legendre => legendre::closed(&self.tables(), sums).map(u128::from),
            OlderMethod::Lmo => u128::try_from(sums).ok(),
        };
        match count {
            Some(count) if plausible(x.into(), count) => Ok(count),
            Some(count) => Err(Error::wrong(format!("pi({x}) cannot be {count}"))),
            None => Err(Error::wrong(format!("pi({x}) came to parts that contradict each other"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_formula::{ByFormula, Counting};
    use super::super::rows::{Asked, Rows};
    use super::*;
    use crate::kernel::tests::column;
    use crate::math::lanes;
    use crate::math::sieve::naive;
    use crate::math::span::Span;
    use crate::work::tests::whole;

    fn counts(spans: Vec<Span>, counting: Counting, below: fn(u128, &'static Lanes) -> Older) -> Vec<String> {
        let rows = Rows { asked: Asked::Ranges, certainty: false, cumulative: false };
        column(&whole(&ByFormula::new(spans, rows, lanes::pick(None).unwrap(), counting, below)), "count")
    }

    #[test]
    fn they_count_what_the_naive_sieve_finds() {
        let primes: Vec<u64> = naive::primes(4_000_000).into_iter().map(u64::from).collect();
        let ends = [0, 1, 2, 3, 4, 5, 10, 100, 101, 102, 30_030, 1_000_000, 3_999_999];
        let spans: Vec<Span> =
            ends.iter().flat_map(|&end| [Span::new(0, end), Span::new(end / 2, end)]).flatten().collect();
        let below = |n: u128| primes.partition_point(|&prime| u128::from(prime) < n);
        let expect: Vec<String> =
            spans.iter().map(|span| (below(span.end()) - below(span.start())).to_string()).collect();
        for counting in Counting::ALL {
            assert_eq!(counts(spans.clone(), counting, Older::legendre), expect);
            assert_eq!(counts(spans.clone(), counting, Older::lmo), expect);
        }
    }

    #[test]
    fn known_values_in_shares() {
        let spans = vec![Span::new(0, 10_000_000_001).unwrap(), Span::new(0, 100_000_000_001).unwrap()];
        for below in [Older::legendre, Older::lmo] {
            assert_eq!(counts(spans.clone(), Counting::Once, below), ["455052511", "4118054813"]);
        }
    }

    #[test]
    fn what_cannot_be_is_no_answer() {
        let lanes = lanes::pick(None).unwrap();
        for older in [Older::legendre(1_000_001, lanes), Older::lmo(1_000_001, lanes)] {
            let (sieve, mut open) = (Sieve::new(lanes, 32 << 10), None);
            let sums: i128 = (0..older.units()).map(|unit| older.compute(unit, &sieve, &mut open)).sum();
            assert_eq!(older.close(sums), Ok(78_498));
            for wrong in [sums - 1000, sums + 1000, -1, i128::MAX] {
                assert_eq!(older.close(wrong).unwrap_err().code(), 3);
            }
        }
    }
}
