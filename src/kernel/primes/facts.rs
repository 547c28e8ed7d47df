//! What a report tells of how primes are counted: the method of each range, and texts that differ from range to range.

use crate::kernel::Method;
use crate::syntax;
use crate::values::{Fact, Value};
use std::collections::BTreeSet;

/// The method, or the methods in the order of the ranges where they differ; of very many, each once.
pub fn methods(ways: &[Method]) -> Value {
    let mut names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    if names.len() > syntax::TOLD || names.iter().all(|name| *name == names[0]) {
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(*name));
    }
    match names[..] {
        [] => Value::text(Method::Sieve.name()),
        [one] => Value::text(one),
        _ => Value::texts(names),
    }
}

/// Texts that differ, each once and in order; of very many, some and how many more there are.
#[derive(Default)]
pub struct Texts {
    some: BTreeSet<String>,
    more: u64,
}

impl Texts {
    const TEXTS_MAX: usize = 20;

    /// One text more; it is made only if it is kept.
    pub fn add(&mut self, text: impl FnOnce() -> String) {
        if self.some.len() < Texts::TEXTS_MAX {
            self.some.insert(text());
        } else {
            self.more += 1;
        }
    }

    /// These and others.
    pub fn and(mut self, others: Texts) -> Texts {
        self.more += others.more;
        others.some.into_iter().for_each(|text| self.add(|| text));
        self
    }

    /// All of them as one value; nothing if there is none.
    pub fn value(self) -> Option<Value> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        (!self.some.is_empty()).then(|| Value::texts(self.some.into_iter().chain(more)))
    }
}

/// Facts of these names for those texts that there are.
pub fn facts(texts: impl IntoIterator<Item = (&'static str, Texts)>) -> Vec<Fact> {
    texts.into_iter().filter_map(|(name, texts)| Some(Fact::new(name, texts.value()?))).collect()
}
