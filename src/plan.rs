//! A plan: a problem opened, the facts that identify it, and their fingerprint.
//!
//! Every rank makes the plan from the same command line, and `world::agree` compares the fingerprints before anything is computed. A
//! plan knows neither ranks nor schedules.

use crate::digest::Sha256;
use crate::error::Result;
use crate::kernel::{self, Given, KernelEntry, PlanChoice};
use crate::twice::Twice;
use crate::values::{Amount, Fact, Value};
use crate::wire::{self, Wire};
use crate::witness::Witnessed;
use crate::work::Job;

/// Counts the changes of cuts and of the meaning of parts before the first release.
const CUT: u64 = 9;

/// A problem that is ready to be computed, the same on every rank.
pub struct Plan {
    /// The name of the command.
    pub kernel: &'static str,
    /// What is computed.
    pub job: Job,
    /// The problem, in the words of the report.
    pub facts: Vec<Fact>,
    /// How it is computed, if the kernel has a choice.
    pub how: Vec<PlanChoice>,
    /// How much that is, for progress.
    pub amount: Amount,
    /// The fingerprint and the units of the plan that computes all of it once, if this one does so twice.
    pub once: Option<(u64, u64)>,
}

impl Plan {
    /// Opens the problem that was given to a command.
    ///
    /// # Errors
    /// If it is wrong or too large.
    pub fn open(entry: &KernelEntry, given: &Given) -> Result<Plan> {
        let opened = (entry.open)(given)?;
        let units = opened.job.units();
        let amount = entry.amount(given, units).unwrap_or(Amount::units(units));
        Ok(Plan { kernel: entry.name, job: opened.job, facts: opened.facts, how: opened.how, amount, once: None })
    }

    /// The same plan, whose parts have witnesses if another run would have the same parts: for runs that are kept.
    pub fn witnessed(self) -> Plan {
        let lasts = kernel::find(self.kernel).is_some_and(KernelEntry::lasts);
        let job = match self.job {
            Job::Work(work) if lasts => Job::work(Witnessed::new(work)),
            job => job,
        };
        Plan { job, ..self }
    }

    /// The same plan, of which all is computed a second time as `other` does it, whose units are the same; `by` says how.
    pub fn doubled(self, other: Plan, by: String) -> Plan {
        let once = Some((self.fingerprint(), self.units()));
        let job = match (self.job, other.job) {
            (Job::Work(one), Job::Work(other)) if one.units() == other.units() => Job::work(Twice::new(one, other)),
            (job, _) => job,
        };
        let how = [self.how, vec![PlanChoice::cutting(Fact::new("double_check", Value::text(by)))]].concat();
        Plan { job, how, once, ..self }
    }

    /// A number that is equal on ranks with the same plan, and only there. It covers the kernel, the facts, the number of units and how
    /// they are cut, and the version of this program.
    pub fn fingerprint(&self) -> u64 {
        let mut bytes = Vec::new();
        env!("CARGO_PKG_VERSION").to_string().put(&mut bytes);
        CUT.put(&mut bytes);
        self.kernel.to_string().put(&mut bytes);
        let cut = self.how.iter().filter(|choice| choice.cuts).map(|choice| &choice.fact);
        for fact in self.facts.iter().chain(cut) {
            fact.name.to_string().put(&mut bytes);
            fact.value.put(&mut bytes);
        }
        self.units().put(&mut bytes);
        let digest = Sha256::of(&bytes);
        wire::value(&digest[..8]).expect("eight bytes are a number")
    }

    /// How many units there are; 0 for a problem that runs once on every rank.
    pub fn units(&self) -> u64 {
        self.job.units()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::error::Error;
    use crate::kernel::tests::given;
    use crate::kernel::{Given, Method, Seeks, Tuplet};
    use crate::placement::Placement;
    use crate::run::ledger::Ledger;
    use crate::work::{Answer, Forecast, Known, UnitCost, Work, Worker};
    use std::ops::Range;
    use std::sync::Arc;

    /// A work that a bad core computes: a bit of what one unit comes to is wrong, and what it comes to is possible all the same.
    struct BadCore {
        work: Arc<dyn Work>,
        unit: u64,
    }

    struct BadWorker<'a> {
        worker: Box<dyn Worker + 'a>,
        core: &'a BadCore,
    }

    impl Worker for BadWorker<'_> {
        fn block(&mut self, block: Block) -> Result<Vec<u8>> {
            let right = self.worker.block(block)?;
            if !block.units().contains(&self.core.unit) {
                return Ok(right);
            }
            let wrong = (0..right.len()).map(|at| {
                let mut wrong = right.clone();
                wrong[at] ^= 1;
                wrong
            });
            let possible = |part: &Vec<u8>| self.core.work.plausible(block.units(), part);
            wrong.rev().find(possible).ok_or_else(|| Error::failed("no bit of it can be wrong unseen"))
        }
    }

    impl Work for BadCore {
        fn units(&self) -> u64 {
            self.work.units()
        }
        fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
            Box::new(BadWorker { worker: self.work.worker(placement), core: self })
        }
        fn empty(&self) -> Vec<u8> {
            self.work.empty()
        }
        fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>> {
            self.work.join(left, right, threads)
        }
        fn close(&self, whole: &[u8]) -> Result<Answer> {
            self.work.close(whole)
        }
        fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
            self.work.known(runs)
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
        fn sample(&self) -> Option<Box<dyn Work>> {
            None
        }
        fn stages(&self) -> Vec<u64> {
            self.work.stages()
        }
        fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
            self.work.plausible(units, part)
        }
    }

    /// The answer of all units of a plan, computed one by one.
    fn answer(plan: Plan) -> Result<Answer> {
        let Job::Work(work) = plan.job else { panic!("it has units") };
        let mut ledger = Ledger::new(&*work, Block::root(work.units()))?;
        let mut worker = work.worker(&Placement::here(0));
        for unit in 0..work.units() {
            let block = Block { level: 0, index: unit };
            ledger.record(&*work, block, worker.block(block)?)?;
        }
        work.close(ledger.whole().expect("all units are there"))
    }

    #[test]
    fn a_core_that_is_wrong_the_second_time_is_found() {
        let sieved = |text: &str| Given { method: Some(Method::Sieve), ..given(text) };
        let twins = Some(Seeks::Tuplets(Tuplet::Densest(2)));
        for (kernel, given) in [
            ("pi", given("1e10 3e10")),
            ("primes", sieved("0..3e8")),
            ("primes", Given { seeks: twins, ..sieved("1e12..+1e8") }),
            ("primes", Given { seeks: Some(Seeks::Gaps), ..sieved("0..2e8") }),
            ("primes", Given { seeks: Some(Seeks::Residues(7)), ..sieved("0..1e8") }),
            ("sum-primes", given("0..1e10")),
            ("nth-prime", given("1e8")),
            ("factorial", given("50..60")),
            ("map-reduce", given("0..1e6")),
        ] {
            let plan = || Plan::open(kernel::find(kernel).unwrap(), &given).unwrap();
            let units = plan().units();
            let twice = |unit: u64| {
                let Job::Work(work) = plan().job else { panic!("it has units") };
                let other = Plan { job: Job::work(BadCore { work, unit }), ..plan() };
                answer(plan().doubled(other, "a bad core".into()))
            };
            let (right, once) = (twice(u64::MAX).unwrap(), answer(plan()).unwrap());
            assert_eq!((right.table.rows, right.total), (once.table.rows, once.total), "{kernel}");
            for unit in [0, units / 3, units - 1] {
                let why =
                    twice(unit).err().unwrap_or_else(|| panic!("{kernel}: unit {unit} of {units} was not noticed"));
                assert_eq!(why.code(), 3, "{kernel}: unit {unit} of {units}: {why}");
                assert!(why.to_string().contains("were computed twice and came to two values"), "{kernel}: {why}");
            }
        }
    }

    #[test]
    fn fingerprints_tell_problems_apart() {
        let print = |kernel: &str, ranges: &str| {
            Plan::open(kernel::find(kernel).unwrap(), &given(ranges)).unwrap().fingerprint()
        };
        assert_eq!(print("primes", "0..10 10..20"), print("primes", "0..10 10..20"));
        let prints = [
            print("primes", "0..10 10..20"),
            print("primes", "0..10 10..21"),
            print("primes", "0..20"),
            print("square", "0..10 10..20"),
            print("double", "0..10 10..20"),
        ];
        for (index, print) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(print));
        }
    }
}
