//! A plan: a problem opened, the facts that identify it, and their fingerprint.
//!
//! Every rank makes its own from the same command line, and `world::agree` compares the fingerprints before
//! anything is computed. A plan knows neither ranks nor schedules.

use crate::digest::Sha256;
use crate::error::Result;
use crate::kernel::{Entry, Given};
use crate::report::Fact;
use crate::wire::{self, Wire};
use crate::work::{Job, Stream};

pub struct Plan {
    pub kernel: &'static str,
    pub job: Job,
    /// The problem, as the report tells it.
    pub facts: Vec<Fact>,
    /// How it is computed, where the kernel has a choice that does not change the answer. All but the lanes and what is
    /// verified decides how units are cut.
    pub how: Vec<Fact>,
}

impl Plan {
    pub fn open(entry: &Entry, given: &Given) -> Result<Plan> {
        let opened = (entry.open)(given)?;
        Ok(Plan { kernel: entry.name, job: opened.job, facts: opened.facts, how: opened.how })
    }

    /// The same on every rank that means the same, and only there: of the kernel, the facts, the number of units and how
    /// they are cut, as far as the plan tells that; the rest is this program's version.
    pub fn fingerprint(&self) -> u64 {
        let mut bytes = Vec::new();
        env!("CARGO_PKG_VERSION").to_string().put(&mut bytes);
        self.kernel.to_string().put(&mut bytes);
        let cut = self.how.iter().filter(|fact| !["lanes", "verify"].contains(&&*fact.name));
        for fact in self.facts.iter().chain(cut) {
            fact.name.to_string().put(&mut bytes);
            fact.value.put(&mut bytes);
        }
        self.units().put(&mut bytes);
        let digest = Sha256::of(&bytes);
        wire::value(&digest[..8]).expect("eight bytes are a number")
    }

    pub fn units(&self) -> u64 {
        match &self.job {
            Job::Work(work) | Job::Stream(Stream { work, .. }) => work.units(),
            Job::Roll(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, tests::given};

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
