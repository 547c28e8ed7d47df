//! `--gaps records`, `first`, `histogram` and `N`: the gaps of one range as a table.
//!
//! Records, and wide gaps among many narrow ones, are searched class by class, without the primes in order ([`Sieve::record_gaps`]). For sizes each
//! prime is read. Gaps of a width that is not rare, and those where a bounded sieve leaves candidates, are sought by jumps ([`GapRows::wide`]).

use super::Sieving;
use super::gap_rows::{GapRows, Kept};
use super::in_order::{Words, bytes_in_order, expected};
use super::parted::Parted;
use super::sieving::{LayOut, ROW_BYTES};
use crate::error::Result;
use crate::kernel::GapTable;
use crate::math::lanes::Lanes;
use crate::math::sieve::{self, Layout, Sieve, WIDE_MIN};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Table, Value};
use crate::work::{self, Answer, Forecast, Kernel, Part};
use std::ops::Range;

/// A table of the gaps of one range.
pub struct GapTables {
    sieving: Sieving,
    asked: GapTable,
    search: Search,
}

/// How gaps are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Class by class: long runs of numbers without primes.
    Classes,
    /// In the words of all primes, or candidates, in order.
    Words,
}

/// What a thread finds gaps with.
pub struct Scratch {
    sieve: Sieve,
    layout: Layout,
    words: Words,
    lanes: &'static Lanes,
}

/// A gap is rare if it is so many times as wide as the mean one, besides the width that may show in no run.
const RARE: u128 = 8;

/// Nanoseconds that reading takes for every prime, in addition to the sieving.
const CLASSES_NS: f64 = 0.3;
const SIZES_NS: f64 = 1.5;
const JUMPS_NS: f64 = 0.5;

/// About how many gaps of at least this width lie in a span: as many as if primes were thrown at random.
pub fn expected_rows(span: Span, least: u128) -> f64 {
    expected(span) * (-(least as f64) / (span.end() as f64).ln().max(1.0)).exp()
}

/// How the gaps of a span are found.
fn search(asked: GapTable, span: Span) -> Search {
    // Above the logarithm: ranks must not differ, so no floats.
    let mean = |times: u128| times * u128::from(span.end().max(1).ilog2() + 1) * 694 / 1000;
    let rare = |least: u128| least >= WIDE_MIN + mean(RARE);
    match asked {
        GapTable::Records => Search::Classes,
        GapTable::First | GapTable::Histogram => Search::Words,
        GapTable::AtLeast(least) if rare(least) && !Layout::by_window(span, 0).tests() => Search::Classes,
        GapTable::AtLeast(_) => Search::Words,
    }
}

/// How a span is laid out for it.
pub fn lay_out(asked: GapTable, span: Span) -> LayOut {
    match search(asked, span) {
        Search::Classes => Layout::by_window,
        Search::Words => |span, _| Layout::in_order(span),
    }
}

impl GapTables {
    /// The layout is that of [`lay_out`].
    pub fn new(sieving: Sieving, asked: GapTable) -> GapTables {
        GapTables { search: search(asked, sieving.span()), sieving, asked }
    }

    fn kept(&self) -> Kept {
        match self.asked {
            GapTable::Records => Kept::Records,
            GapTable::First | GapTable::Histogram => Kept::Sizes,
            GapTable::AtLeast(least) => Kept::Wide(least),
        }
    }

    fn table(&self, found: GapRows) -> Answer {
        let numbered = self.asked == GapTable::Histogram;
        let rows = found.into_rows().into_iter().map(|row| {
            let number = numbered.then(|| Value::integer(row.number));
            [Value::integer(row.gap), Value::integer(row.after)].into_iter().chain(number).collect()
        });
        let keys: &[&str] = if numbered { &["gap", "after", "number"] } else { &["gap", "after"] };
        Answer::rows(Table::of(keys).with(rows), if numbered { "number" } else { "after" })
    }
}

impl Kernel for GapTables {
    type Part = Parted<GapRows>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        let (sieve, layout) = (self.sieving.sieve(placement), self.sieving.layout());
        Scratch { sieve, layout, words: Words::default(), lanes: self.sieving.lanes }
    }

    fn compute(&self, unit: u64, scratch: &mut Scratch) -> Result<Parted<GapRows>> {
        let Scratch { sieve, layout, words, lanes } = scratch;
        let base = &self.sieving.base;
        base.make(sieve);
        let kept = self.kept();
        let found = match (self.search, kept) {
            (Search::Classes, Kept::Wide(least)) => GapRows::of(kept, sieve.wide_gaps(base, layout, unit, least)),
            (Search::Classes, _) => GapRows::of(kept, sieve.record_gaps(base, layout, unit)),
            (Search::Words, Kept::Wide(least)) => {
                let are_primes = words.fill_untested(sieve, base, layout, unit);
                GapRows::wide(words, least, are_primes)
            }
            (Search::Words, _) => {
                words.fill(sieve, base, layout, unit);
                GapRows::sizes(words, lanes)
            }
        };
        // The primes of the wheel are below all others.
        let (window, _) = layout.unit(unit);
        let wheel = layout.wheel.primes.iter().map(|&prime| u128::from(prime)).filter(|&prime| window.contains(prime));
        let parts = wheel.map(|prime| GapRows::one(kept, prime)).chain([found]);
        Ok(Parted::one(0, parts.fold(GapRows::default(), Part::merge)))
    }

    fn answer(&self, whole: Parted<GapRows>) -> Result<Answer> {
        self.sieving.answer(whole, |_, found| Ok(self.table(found)))
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<GapRows>) -> bool {
        let kept = self.kept();
        self.sieving.plausible(&units, part, |found, numbers, primes| found.fits(kept, numbers, primes))
    }

    fn forecast(&self) -> Forecast {
        let (span, sieving, layout) = (self.sieving.span(), self.sieving.forecast(), self.sieving.layout());
        let (reading, own_bytes) = match (self.search, self.asked) {
            (Search::Classes, _) => (CLASSES_NS, sieve::gaps_memory(&layout)),
            (Search::Words, GapTable::AtLeast(_)) => (JUMPS_NS, bytes_in_order(&layout)),
            (Search::Words, _) => (SIZES_NS, bytes_in_order(&layout)),
        };
        let rows = match self.asked {
            GapTable::AtLeast(least) => expected_rows(span, least) as u64,
            _ => 0,
        };
        Forecast {
            seconds: sieving.seconds + 1e-9 * reading * expected(span),
            rank_bytes: sieving.rank_bytes + ROW_BYTES * rows,
            thread_bytes: sieving.thread_bytes + own_bytes,
            ..sieving
        }
    }

    fn sample(&self) -> Option<Box<dyn work::Work>> {
        Some(Box::new(GapTables { sieving: self.sieving.sample(), asked: self.asked, search: self.search }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Given, Seeks};
    use crate::math::trial;
    use proptest::prelude::*;

    /// The columns of a table of gaps, as numbers.
    fn table(asked: GapTable, range: &str, keys: &[&str]) -> Vec<Vec<u128>> {
        let answer =
            answer((super::super::PRIMES.open)(&Given { seeks: Some(Seeks::GapTable(asked)), ..given(range) }));
        let numbers = |key: &&str| column(&answer, key).iter().map(|cell| cell.parse().unwrap()).collect();
        keys.iter().map(numbers).collect()
    }

    /// The gaps between the primes of a range, by trial division.
    fn gaps(start: u64, end: u64) -> Vec<(u128, u128)> {
        let primes: Vec<u128> = (start..end).filter(|&n| trial::is_prime(n)).map(u128::from).collect();
        primes.windows(2).map(|two| (two[1] - two[0], two[0])).collect()
    }

    fn columns(rows: impl IntoIterator<Item = (u128, u128)>) -> Vec<Vec<u128>> {
        let (gaps, after) = rows.into_iter().unzip();
        vec![gaps, after]
    }

    const BOTH: &[&str] = &["gap", "after"];

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn tables_are_those_of_the_judge(
            start in prop_oneof![2 => 0..40u64, 1 => 0..3_000_000_000u64, 1 => 1_000_000_000_000..1_000_000_100_000u64],
            width in prop_oneof![1 => 0..60u64, 3 => 0..40_000u64],
            least in prop_oneof![1..20u128, 20..200u128],
        ) {
            let (range, gaps) = (format!("{start}..{}", start + width), gaps(start, start + width));
            let records = gaps.iter().scan(0, |most, gap| {
                let is = gap.0 > *most;
                *most = gap.0.max(*most);
                Some(is.then_some(*gap))
            });
            prop_assert_eq!(table(GapTable::Records, &range, BOTH), columns(records.flatten()));
            let mut first: Vec<(u128, u128)> = vec![];
            for gap in &gaps {
                if first.iter().all(|known| known.0 != gap.0) {
                    first.push(*gap);
                }
            }
            first.sort_unstable();
            prop_assert_eq!(table(GapTable::First, &range, BOTH), columns(first.iter().copied()));
            prop_assert_eq!(table(GapTable::Histogram, &range, BOTH), columns(first.iter().copied()));
            let numbers: Vec<u128> = first.iter().map(|(size, _)| gaps.iter().filter(|gap| gap.0 == *size).count() as u128).collect();
            prop_assert_eq!(table(GapTable::Histogram, &range, &["number"]), [numbers]);
            let wide = columns(gaps.iter().copied().filter(|gap| gap.0 >= least));
            prop_assert_eq!(table(GapTable::AtLeast(least), &range, BOTH), wide);
        }
    }

    #[test]
    fn wide_gaps_are_the_same_however_they_are_sought() {
        let span = |start: u128, width: u128| Span::new(start, start + width).unwrap();
        for (range, searched, least, other) in [
            (span(0, 200_000_000), Search::Classes, 260u128, 60),
            (span(10u128.pow(18), 20_000), Search::Words, 470, 100),
            (span(1 << 64, 20_000), Search::Words, 200, 90),
        ] {
            assert_eq!(search(GapTable::AtLeast(least), range), searched);
            assert_eq!(search(GapTable::AtLeast(other), range), Search::Words);
            let few = table(GapTable::AtLeast(least), &range.to_string(), BOTH);
            let many = table(GapTable::AtLeast(other), &range.to_string(), BOTH);
            let of_many = (0..many[0].len()).filter(|&at| many[0][at] >= least).map(|at| (many[0][at], many[1][at]));
            assert_eq!(few, columns(of_many), "{range}");
            assert!(many[0].len() > few[0].len());
        }
    }

    /// The first gap of 1510 and the one of 1550 are the widest below 2^64.
    #[test]
    fn the_widest_below_two_to_the_64() {
        for (gap, after) in [(1510u128, 6_787_988_999_657_777_797u128), (1550, 18_361_375_334_787_046_697)] {
            let range = format!("{}..{}", after - 3_000, after + 6_000);
            for asked in [GapTable::AtLeast(gap), GapTable::AtLeast(1000), GapTable::Records] {
                let found = table(asked, &range, BOTH);
                let last = (found[0].last().copied(), found[1].last().copied());
                assert_eq!(last, (Some(gap), Some(after)), "{asked:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let why = |least: u128, ranges: &str| {
            let seeks = Some(Seeks::GapTable(GapTable::AtLeast(least)));
            (super::super::PRIMES.open)(&Given { seeks, ..given(ranges) }).err().unwrap().to_string()
        };
        assert!(why(2, "0..1e12").contains("--gaps 2 makes some"));
        assert!(why(2, "0..10 10..20").contains("one range, not of 2"));
        assert!(why(2000, "10^25..10^25+100").contains("3.3·10^24"));
    }
}
