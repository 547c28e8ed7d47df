//! `--every STEP` and `--points X,Y,...`: how many primes of a range there are up to each of many points.
//!
//! The points cut the range into pieces. Each piece is counted by the method that is cheapest for it: a wide one by the formula, a narrow one by the
//! sieve; and neighbours that are sieved are sieved as one. So many points near each other take little more than the last of them alone. At the end
//! the pieces are added up. Tuplets and gaps also lie across points, so readings of the primes in order are put together before that.

use super::links;
use super::rows::Asked;
use crate::error::{Error, Result};
use crate::kernel::{Given, Opened, Points};
use crate::math::integer::Integer;
use crate::math::primality::is_prime;
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Column, Fact, Role, Table, Value};
use crate::work::{Answer, Forecast, Job, Known, UnitCost, Work, Worker};
use std::ops::Range;
use std::sync::Arc;

/// More points than this are not read by anyone.
const POINTS_MAX: u128 = 10_000_000;

/// The plan of what is asked of one range at these points.
///
/// # Errors
/// If there is not one range, if a point lies outside of it, if there are too many, or as [`links::open`].
pub fn open(given: &Given, points: &Points, asked: Asked) -> Result<Opened> {
    let (fact, option) = match points {
        Points::Every(step) => (Fact::new("every", Value::text(step.to_string())), "every"),
        Points::At(points) => (Fact::new("points", Value::texts(points)), "points"),
    };
    let [range] = given.spans()[..] else {
        let count = given.items.len();
        return Err(Error::usage(format!("--{option} is about one range, not {count}: write one, such as 0..1e9")));
    };
    let points = within(range, points)?;
    let pieces = pieces(range, &points);
    let opened = links::open_pieces(given, &[range], pieces, asked)?;
    let Job::Work(work) = opened.job else {
        return Err(Error::usage(format!("--{option} is not for --list: leave one of them out")));
    };
    let mut facts = opened.facts;
    facts.insert(1, fact);
    let job = Job::work(Cumulative { work, points, adds: given.seeks.is_none() });
    Ok(Opened { job, facts, how: opened.how })
}

/// The points, ascending.
fn within(range: Span, points: &Points) -> Result<Vec<u128>> {
    let too_many = |count: u128| Error::usage(format!("{count} points are too many: at most {POINTS_MAX} are allowed"));
    match points {
        Points::Every(0) => Err(Error::usage("--every: '0' is no step: write 1 or more")),
        Points::Every(step) => match range.width().div_ceil(*step) {
            count if count > POINTS_MAX => Err(too_many(count)),
            count => {
                let point = |index| range.start().saturating_add(step.saturating_mul(index));
                // The last row has all of the range. Its point is the end, unless that would be untrue, because a prime that is not in
                // the range stands there, or if the number before it is a point already. An empty range has its end alone.
                let last = range.end() - u128::from(!range.is_empty() && is_prime(range.end()));
                let is_point = count > 1 && point(count - 1) + 1 == range.end();
                Ok((1..count).map(point).chain((!is_point).then_some(last)).collect())
            }
        },
        Points::At(points) => {
            let outside = |point: &&u128| **point < range.start() || **point > range.end();
            if let Some(point) = points.iter().find(outside) {
                return Err(Error::usage(format!("--points: '{point}' is not in the range '{range}'")));
            }
            if let Some(end) =
                points.iter().find(|&&point| point == range.end() && is_prime(point)).filter(|_| !range.is_empty())
            {
                let start = range.start();
                return Err(Error::usage(format!(
                    "--points: '{end}' is prime and not in the range '{range}': write {start}..={end} for the range, or {} for the point",
                    end - 1
                )));
            }
            let mut points = points.clone();
            points.sort_unstable();
            points.dedup();
            Ok(points)
        }
    }
}

/// The pieces of the range that end with the points. The end of the range may be a point if it is no prime: what is up to it is in the range.
fn pieces(range: Span, points: &[u128]) -> Vec<Span> {
    let edges = || points.iter().map(|point| range.end().min(point + 1));
    let starts = [range.start()].into_iter().chain(edges());
    starts.zip(edges()).map(|(start, end)| Span::new(start, end).expect("points ascend")).collect()
}

/// A work whose rows are neighbouring ranges, with rows for all ranges up to each instead.
struct Cumulative {
    work: Arc<dyn Work>,
    /// The last number of each row.
    points: Vec<u128>,
    /// Whether its rows are still to be added up.
    adds: bool,
}

impl Cumulative {
    /// Each row with what it and all rows above it have together.
    fn rows(&self, answer: Answer) -> Result<Answer> {
        let Table { columns, mut rows } = answer.table;
        let key = |key: &str| columns.iter().position(|column| column.key == key).expect("rows are about ranges");
        let (start, end) = (key("start"), key("end"));
        let summed = columns.iter().position(|column| column.role() == Role::Summed).filter(|_| self.adds);
        let mut sum = Integer::new();
        for (row, &point) in rows.iter_mut().zip(&self.points) {
            if let Some(Value::Integer(cell)) = summed.map(|column| &mut row[column]) {
                sum += cell.parse::<Integer>().map_err(|_| Error::wrong("a count is no number"))?;
                *cell = sum.to_string();
            }
            row[start] = Value::integer(point);
            row.remove(end);
        }
        let mut keys: Vec<Column> = columns.into_iter().filter(|column| column.key != "end").collect();
        keys[start].key = "up_to".into();
        Ok(Answer { table: Table { columns: keys, rows }, total: None, ..answer })
    }
}

impl Work for Cumulative {
    fn units(&self) -> u64 {
        self.work.units()
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        self.work.worker(placement)
    }

    fn empty(&self) -> Vec<u8> {
        self.work.empty()
    }

    fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>> {
        self.work.join(left, right, threads)
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        self.rows(self.work.close(whole)?)
    }

    /// The rows up to the first that is not known.
    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        let first = self.work.known(runs)?.first().filter(|answer| !answer.table.rows.is_empty());
        first.map_or(Ok(Known::default()), |answer| Ok(Known::all(self.rows(answer)?)))
    }

    fn forecast(&self) -> Forecast {
        self.work.forecast()
    }

    fn unit_cost(&self) -> UnitCost {
        self.work.unit_cost()
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        self.work.seconds_of(units)
    }

    fn abandon(&self) {
        self.work.abandon();
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        self.work.sample()
    }

    fn stages(&self) -> Vec<u64> {
        self.work.stages()
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        self.work.plausible(units, part)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PI, PRIMES, SUMS};
    use crate::block::Block;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Given, Method, Points, Seeks, Tuplet};
    use crate::math::integer::Integer;
    use crate::math::trial;
    use crate::placement::Placement;
    use crate::work::Job;
    use proptest::prelude::*;

    fn at(points: Points, text: &str) -> Given {
        Given { points: Some(points), ..given(text) }
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn each_row_has_the_primes_up_to_its_point(
            start in prop_oneof![0..50u64, 0..3_000_000_000u64],
            width in 0..20_000u64,
            step in prop_oneof![1..50u64, 1..30_000u64],
            cuts in prop::collection::vec(0..=1000u64, 1..9),
        ) {
            let (step, end) = (step.max(width / 300), start + width);
            let text = format!("{start}..{end}");
            // A prime at the end is not in the range.
            let last = if width > 0 && trial::is_prime(end) { end - 1 } else { end };
            let mut every: Vec<u64> = (1..).map(|index| start + step * index).take_while(|&x| x < end).collect();
            if every.last().is_none_or(|&point| point + 1 < end) {
                every.push(last);
            }
            let mut cuts: Vec<u64> = cuts.iter().map(|cut| (start + width * cut / 1000).min(last)).collect();
            let typed = Points::At(cuts.iter().rev().map(|&x| x.into()).collect());
            cuts.sort_unstable();
            cuts.dedup();
            let primes: Vec<u64> = (start..end).filter(|&n| trial::is_prime(n)).collect();
            let up_to = |x: u64| &primes[..primes.partition_point(|&p| p <= x)];
            for (points, edges) in [(Points::Every(step.into()), every), (typed, cuts)] {
                let texts = |cell: &dyn Fn(&[u64]) -> u128| edges.iter().map(|&x| cell(up_to(x)).to_string()).collect::<Vec<_>>();
                let shown: Vec<String> = edges.iter().map(u64::to_string).collect();
                let counts = texts(&|primes| primes.len() as u128);
                for method in [None, Some(Method::Trial), Some(Method::Sieve)] {
                    let answer = answer((PRIMES.open)(&Given { method, ..at(points.clone(), &text) }));
                    prop_assert_eq!(&column(&answer, "up_to"), &shown);
                    prop_assert_eq!(&column(&answer, "count"), &counts);
                    prop_assert_eq!(&answer.total, &None);
                }
                let sums = answer((SUMS.open)(&at(points.clone(), &text)));
                prop_assert_eq!(column(&sums, "sum"), texts(&|primes| primes.iter().map(|&p| u128::from(p)).sum()));
                let twins = |primes: &[u64]| primes.windows(2).filter(|two| two[1] == two[0] + 2).count() as u128;
                let found = answer((PRIMES.open)(&Given { seeks: Some(Seeks::Tuplets(Tuplet::Densest(2))), ..at(points.clone(), &text) }));
                prop_assert_eq!(&column(&found, "count"), &counts);
                prop_assert_eq!(column(&found, "tuplets"), texts(&twins));
                let gaps = |primes: &[u64]| {
                    let gap = primes.windows(2).map(|two| two[1] - two[0]).max();
                    gap.map_or(String::new(), |gap| gap.to_string())
                };
                let found = answer((PRIMES.open)(&Given { seeks: Some(Seeks::Gaps), ..at(points, &text) }));
                prop_assert_eq!(column(&found, "gap"), edges.iter().map(|&x| gaps(up_to(x))).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn wide_pieces_are_counted_by_the_formula_and_narrow_ones_sieved() {
        let points = Points::At([1_000_000_000_000u128, 1_000_000_000_000 + 1000, 100_000_000_000].into());
        let opened = (PRIMES.open)(&at(points, "0..2e12")).unwrap();
        let methods = opened.facts.iter().find(|fact| fact.name == "method").unwrap().value.to_string();
        assert_eq!(methods, "gourdon,gourdon,sieve");
        let counts = column(&answer(Ok(opened)), "count");
        assert_eq!(counts, column(&answer((PI.open)(&given("1e11 1e12 1e12+1000"))), "count"));
    }

    #[test]
    fn first_rows_are_known_before_the_last() {
        for seeks in [None, Some(Seeks::Tuplets(Tuplet::Densest(2)))] {
            let given = Given { method: Some(Method::Sieve), seeks, ..at(Points::Every(10_000_000), "0..3e9") };
            let opened = (PRIMES.open)(&given).unwrap();
            let Job::Work(work) = opened.job else { panic!("it has units") };
            let mut worker = work.worker(&Placement::here(0));
            let units = work.units();
            assert!(units > 3);
            let block = |unit| Block { level: 0, index: unit };
            let part = |from: u64, to: u64, worker: &mut dyn crate::work::Worker| {
                let parts = (from..to).map(|unit| worker.block(block(unit)).unwrap());
                parts.reduce(|left, right| work.join(&left, &right, 1).unwrap()).unwrap()
            };
            // What is known in the middle says nothing of the beginning.
            let late = part(units / 2, units, &mut *worker);
            assert!(work.known(vec![(units / 2..units, late.clone())]).unwrap().rows.is_none());
            let early = part(0, units - 1, &mut *worker);
            let known = work.known(vec![(0..units - 1, early.clone())]).unwrap();
            let whole = work.close(&work.join(&early, &part(units - 1, units, &mut *worker), 1).unwrap()).unwrap();
            let rows = known.rows.unwrap().table.rows;
            assert!(rows.len() > 1 && rows.len() < whole.table.rows.len(), "{}", rows.len());
            assert_eq!(rows[..], whole.table.rows[..rows.len()]);
        }
    }

    #[test]
    fn the_last_row_is_true_of_its_point() {
        let rows = |step: u128, text: &str| {
            let answer = answer((PRIMES.open)(&at(Points::Every(step), text)));
            column(&answer, "up_to")
                .into_iter()
                .zip(column(&answer, "count"))
                .map(|(x, y)| x + " " + &y)
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(97, "0..97"), ["96 24"]);
        assert_eq!(rows(48, "0..97"), ["48 15", "96 24"]);
        assert_eq!(rows(50, "0..=100"), ["50 15", "100 25"]);
        assert_eq!(rows(30, "0..=100"), ["30 10", "60 17", "90 24", "100 25"]);
        assert_eq!(rows(50, "0..100"), ["50 15", "100 25"]);
        assert_eq!(rows(5, "0..=25"), ["5 3", "10 4", "15 6", "20 8", "25 9"]);
        assert_eq!(rows(10, "0..25"), ["10 4", "20 8", "25 9"]);
        assert_eq!(rows(1, "6..7"), ["6 0"]);
        assert_eq!(rows(1, "7..7"), ["7 0"]);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let why = |points: Points, text: &str| (PRIMES.open)(&at(points, text)).err().unwrap().to_string();
        assert!(why(Points::Every(0), "0..100").contains("'0' is no step"));
        assert!(why(Points::Every(10), "0..100 100..200").contains("one range, not 2"));
        assert!(why(Points::Every(1), "0..1e9").contains("1000000000 points are too many"));
        assert!(why(Points::At([5, 101].into()), "0..100").contains("'101' is not in the range '0..100'"));
        assert!(
            why(Points::At([5, 97].into()), "0..97")
                .contains("'97' is prime and not in the range '0..97': write 0..=97")
        );
        let sums = answer((SUMS.open)(&at(Points::Every(5), "7..7")));
        assert_eq!((column(&sums, "up_to"), column(&sums, "sum")), (vec!["7".into()], vec!["0".into()]));
        assert_eq!(sums.total, None::<Integer>);
    }
}
