//! Problems whose answers are known, each of which takes a core some tenths of a second at most.

use crate::block::Block;
use crate::error::Result;
use crate::kernel::{self, Given, Method, Seeks, Tuplet};
use crate::math::lanes::Lanes;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::syntax::items;
use crate::work::{Answer, Job, Work};
use std::sync::Arc;

/// A problem and its answer.
pub struct Known {
    /// What computes it.
    pub command: &'static str,
    /// The numbers.
    pub words: &'static str,
    method: Option<Method>,
    seeks: Option<Seeks>,
    /// Whether lanes are used.
    pub lanes: bool,
    /// The number in the column that was asked for, or the total.
    pub answer: &'static str,
}

const fn primes(words: &'static str, answer: &'static str) -> Known {
    Known { command: "primes", words, method: Some(Method::Sieve), seeks: None, lanes: true, answer }
}

/// All of them. π(10^8) and π(10^11) are in OEIS A006880, the twins below 10^8 in A007508; the windows were counted by an independent sieve. The
/// sum of squares is n(n - 1)(2n - 1)/6.
pub const KNOWN: [Known; 7] = [
    Known {
        command: "pi",
        words: "1e11",
        method: Some(Method::Gourdon),
        seeks: None,
        lanes: true,
        answer: "4118054813",
    },
    primes("0..1e8", "5761455"),
    primes("1e12..+3e7", "1085227"),
    primes("1e15..+1e7", "289394"),
    primes("1e18..+2e6", "48427"),
    Known {
        command: "primes",
        words: "0..1e8",
        method: Some(Method::Sieve),
        seeks: Some(Seeks::Tuplets(Tuplet::Densest(2))),
        lanes: true,
        answer: "440312",
    },
    Known {
        command: "map-reduce",
        words: "0..3e7",
        method: None,
        seeks: None,
        lanes: true,
        answer: "8999999550000005000000",
    },
];

impl Known {
    /// Its name, for messages.
    pub fn name(&self) -> String {
        match self.seeks {
            Some(_) => format!("{} {} --tuplet 2", self.command, self.words),
            None => format!("{} {}", self.command, self.words),
        }
    }

    /// Its work, on these lanes.
    ///
    /// # Errors
    /// If the machine cannot do it.
    pub fn work(&self, lanes: &'static Lanes) -> Result<(Plan, Arc<dyn Work>)> {
        let Known { method, seeks, .. } = *self;
        let lanes = self.lanes.then_some(lanes);
        let given = Given { items: items(self.words)?, method, seeks, lanes, ..Given::default() };
        let plan = Plan::open(kernel::find(self.command).expect("there is such a command"), &given)?;
        let work = match &plan.job {
            Job::Work(work) => work.clone(),
            Job::Stream(_) | Job::PerRank(_) => unreachable!("it is cut into units"),
        };
        Ok((plan, work))
    }

    /// What one thread finds.
    ///
    /// # Errors
    /// If it contradicts itself.
    pub fn found(&self, lanes: &'static Lanes) -> Result<String> {
        let (_, work) = self.work(lanes)?;
        let mut worker = work.worker(&Placement::here(0));
        let blocks = Block::tiling(0..work.units(), 0);
        let whole =
            blocks.into_iter().try_fold(work.empty(), |whole, block| work.join(&whole, &worker.block(block)?, 1))?;
        Ok(bare(&work.close(&whole)?))
    }
}

/// The number that was asked for.
pub fn bare(answer: &Answer) -> String {
    let column = answer.table.columns.iter().position(|column| column.key == *answer.bare);
    match (column, answer.table.rows.first()) {
        (Some(column), Some(row)) => row[column].to_string(),
        _ => answer.total.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::lanes;

    #[test]
    fn they_are_known_right() {
        for known in &KNOWN {
            assert_eq!(known.found(lanes::pick(None).unwrap()).unwrap(), known.answer, "{}", known.name());
        }
    }
}
