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
    use crate::kernel::tests::given;

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
