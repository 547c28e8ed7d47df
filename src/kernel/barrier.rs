//! `barrier`: every rank arrives one step later than the one before, and all wait for the last one.
//!
//! With `--rounds` all ranks meet again and again, without steps, and the answer is how long that takes.

use super::{KernelEntry, Opened, Takes};
use crate::error::Error;
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::work::{Answer, Job, PerRank};
use std::time::{Duration, Instant};

/// The command `barrier`.
pub const BARRIER: KernelEntry = KernelEntry {
    name: "barrier",
    about: "Make every rank wait for all others",
    takes: Takes::Nothing,
    examples: &[
        ("barrier --step 100ms", "each rank arrives a tenth of a second after the one before"),
        ("barrier --rounds 1000", "how long a barrier of all ranks takes"),
    ],
    open: |given| {
        let (fact, job): (Fact, Box<dyn PerRank>) = match (given.step, given.rounds) {
            (Some(_), Some(_)) => {
                return Err(Error::usage("'--rounds' has no '--step': in a round no rank waits before it arrives"));
            }
            (_, Some(rounds)) => (Fact::new("rounds", Value::Count(rounds.into())), Box::new(Rounds { rounds })),
            (step, None) => {
                let step = step.unwrap_or(0.05);
                (Fact::new("step", Value::Seconds(step)), Box::new(Barrier { step }))
            }
        };
        Ok(Opened { job: Job::PerRank(job), facts: vec![fact], how: vec![] })
    },
};

/// The most rounds: each rank keeps the time of each.
pub const ROUNDS_MAX: u32 = 100_000;

struct Barrier {
    /// Seconds between one rank's arrival and the next's.
    step: f64,
}

impl PerRank for Barrier {
    fn row(&self, placement: &Placement, clock: &dyn Fn() -> f64, barrier: &dyn Fn()) -> Vec<Value> {
        std::thread::sleep(Duration::from_secs_f64(self.step * placement.rank as f64));
        let arrived = clock();
        barrier();
        vec![Value::count(placement.rank), Value::Seconds(arrived), Value::Seconds(clock())]
    }

    fn answer(&self, rows: Vec<Vec<Value>>) -> Answer {
        Answer::rows(Table::of(&["rank", "arrived s", "released s"]).with(rows), "released")
    }
}

struct Rounds {
    rounds: u32,
}

impl PerRank for Rounds {
    /// The seconds of each round.
    fn row(&self, _: &Placement, _: &dyn Fn() -> f64, barrier: &dyn Fn()) -> Vec<Value> {
        // All have arrived before the first is timed.
        barrier();
        let timed = |_| {
            let began = Instant::now();
            barrier();
            Value::Seconds(began.elapsed().as_secs_f64())
        };
        (0..self.rounds).map(timed).collect()
    }

    fn answer(&self, ranks: Vec<Vec<Value>>) -> Answer {
        let rows = (0..self.rounds as usize).map(|round| {
            let seconds = ranks.iter().filter_map(|rank| match rank.get(round) {
                Some(Value::Seconds(seconds)) => Some(*seconds),
                _ => None,
            });
            let spread = Spread::of(seconds.collect());
            let all = [spread.min, spread.median, spread.p99, spread.max];
            [Value::count(round + 1)].into_iter().chain(all.map(Value::Seconds)).collect()
        });
        let table = Table::of(&["round", "min s", "median s", "p99 s", "max s"]).with(rows);
        let seconds = ranks.iter().flatten().filter_map(|cell| match cell {
            Value::Seconds(seconds) => Some(*seconds),
            _ => None,
        });
        Answer { found: Spread::of(seconds.collect()).facts(), ..Answer::rows(table, "median") }
    }
}

/// How times are spread.
#[derive(Debug, PartialEq)]
struct Spread {
    min: f64,
    /// At least half of the times are not above this one, the least such time.
    median: f64,
    /// At least 99 of 100 times are not above this one, the least such time.
    p99: f64,
    max: f64,
}

impl Spread {
    /// Of at least one time.
    fn of(mut times: Vec<f64>) -> Spread {
        times.sort_by(f64::total_cmp);
        let below = |share: usize| times[(times.len() * share).div_ceil(100) - 1];
        Spread { min: times[0], median: below(50), p99: below(99), max: times[times.len() - 1] }
    }

    /// How the times of all rounds on all ranks are spread: numbers, and a line.
    fn facts(&self) -> Vec<Fact> {
        let Spread { min, median, p99, max } = *self;
        let micro = |seconds: f64| format!("{:.1} µs", 1e6 * seconds);
        let line = format!(
            "All rounds on all ranks: {} at least, {} in the median, 99 % within {}, {} at most",
            micro(min),
            micro(median),
            micro(p99),
            micro(max)
        );
        let numbers = [("min", min), ("median", median), ("p99", p99), ("max", max)];
        let numbers = numbers.map(|(name, seconds)| Fact::new(format!("barrier.{name}"), Value::Seconds(seconds)));
        numbers.into_iter().chain([Fact::new("barrier.means", Value::text(line))]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spread_as_their_ranks_say() {
        let spread = |times: &[f64]| Spread::of(times.to_vec());
        assert_eq!(spread(&[2.0]), Spread { min: 2.0, median: 2.0, p99: 2.0, max: 2.0 });
        assert_eq!(spread(&[3.0, 1.0]), Spread { min: 1.0, median: 1.0, p99: 3.0, max: 3.0 });
        let hundred: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(spread(&hundred), Spread { min: 1.0, median: 100.0, p99: 198.0, max: 200.0 });
    }

    #[test]
    fn each_round_is_a_row_of_what_the_ranks_waited() {
        let seconds = |times: [f64; 2]| times.map(Value::Seconds).to_vec();
        let answer = Rounds { rounds: 2 }.answer(vec![seconds([0.5, 1.0]), seconds([0.25, 4.0]), seconds([1.0, 2.0])]);
        let cells: Vec<Vec<String>> =
            answer.table.rows.iter().map(|row| row.iter().map(Value::to_string).collect()).collect();
        assert_eq!(cells[0], ["1", "0.250000", "0.500000", "1.000000", "1.000000"]);
        assert_eq!(cells[1], ["2", "1.000000", "2.000000", "4.000000", "4.000000"]);
        let found: Vec<String> = answer.found.iter().map(|fact| fact.value.to_string()).collect();
        assert_eq!(found[..4], ["0.250000", "1.000000", "4.000000", "4.000000"]);
        assert!(
            found[4].starts_with("All rounds on all ranks: 250000.0 µs at least, 1000000.0 µs in the median"),
            "{found:?}"
        );
    }
}
