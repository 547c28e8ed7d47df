//! Parts as integers with names, for certificates: what a range came to is called `0..1000000`, the terms of the formula
//! `pi(1000000).A` and the like. `docs/certificates.md` says how they are put together.

use super::Sieving;
use super::parted::Parted;
use crate::math::count::gourdon::{Hard, PlaceSums, TermSums, WeightedPi};
use crate::math::integer::Integer;
use crate::work::NamedIntegers;

/// The integer of that name.
pub fn find<'a>(numbers: &'a NamedIntegers, name: &str) -> Option<&'a Integer> {
    numbers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// A number of `N` that is there, or 0 if it is not; `None` if it does not fit.
fn number<N: TryFrom<Integer> + Default>(numbers: &NamedIntegers, name: &str) -> Option<N> {
    find(numbers, name).map_or(Some(N::default()), |value| N::try_from(value.clone()).ok())
}

impl Sieving {
    fn name(&self, range: usize) -> String {
        let range = self.range(range);
        format!("{}..{}", range.start(), range.end())
    }

    /// What ranges came to, by their names.
    pub fn numbers<P: Clone + Into<Integer>>(&self, part: &Parted<P>) -> NamedIntegers {
        let ranges = part.first as usize..;
        ranges.zip(&part.parts).map(|(range, found)| (self.name(range), found.clone().into())).collect()
    }

    /// The part of these ranges; `None` if none of the names is one of them, or if they do not touch.
    pub fn part_of<P: TryFrom<Integer>>(&self, numbers: &NamedIntegers) -> Option<Parted<P>> {
        let at = |name: &str| {
            let (start, end): (u128, u128) =
                name.split_once("..").and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)))?;
            let range = self.edges.binary_search(&start).ok()?;
            (range < self.ranges() && self.edges[range + 1] == end).then_some(range as u64)
        };
        let mut found = numbers.iter().filter_map(|(name, value)| Some((at(name)?, value))).collect::<Vec<_>>();
        found.sort_by_key(|(range, _)| *range);
        let first = found.first()?.0;
        let touch = (first..).zip(&found).all(|(due, (range, _))| due == *range);
        let parts = found.into_iter().map(|(_, value)| P::try_from(value.clone()).ok()).collect::<Option<_>>()?;
        touch.then_some(Parted { first, parts })
    }
}

/// The sums of the formula by their names, which begin with `of`. Those that are 0 have none.
pub fn of_terms(of: &str, sums: &TermSums) -> NamedIntegers {
    let TermSums { hard, low, high, ordinary, sigma } = *sums;
    let mut all: Vec<(String, Integer)> = vec![];
    let mut add = |name: &str, value: Integer| all.push((format!("{of}.{name}"), value));
    if hard.some {
        add("D", hard.sum.into());
        add("D.left", hard.left.into());
        add("D.right", hard.right.into());
    }
    for (name, places) in [("low", low), ("high", high)] {
        add(&format!("{name}.primes"), places.primes.into());
        for (term, weighted) in [("A", places.a), ("B", places.b), ("C", places.c)] {
            add(&format!("{name}.{term}"), weighted.sum.into());
            add(&format!("{name}.{term}.weight"), weighted.weight.into());
        }
    }
    add("phi0", ordinary.into());
    add("sigma", sigma.into());
    all.retain(|(name, value)| !value.is_zero() || name.ends_with(".D") || name.contains(".D."));
    // A part has at least one name.
    match all.is_empty() {
        true => vec![(format!("{of}.sigma"), Integer::new())],
        false => all,
    }
}

/// The sums of these names; `None` if there is none of them, or if one is too large.
pub fn terms(of: &str, numbers: &NamedIntegers) -> Option<TermSums> {
    let begins = format!("{of}.");
    numbers.iter().find(|(name, _)| name.starts_with(&begins))?;
    let name = |name: &str| format!("{of}.{name}");
    let places = |which: &str| {
        let weighted = |term: &str| {
            let sum = number(numbers, &name(&format!("{which}.{term}")))?;
            Some(WeightedPi { weight: number(numbers, &name(&format!("{which}.{term}.weight")))?, sum })
        };
        let primes = number(numbers, &name(&format!("{which}.primes")))?;
        Some(PlaceSums { primes, a: weighted("A")?, b: weighted("B")?, c: weighted("C")? })
    };
    let hard = match find(numbers, &name("D")) {
        None => Hard::default(),
        Some(_) => Hard {
            sum: number(numbers, &name("D"))?,
            left: number(numbers, &name("D.left"))?,
            right: number(numbers, &name("D.right"))?,
            some: true,
            sound: true,
        },
    };
    let (ordinary, sigma) = (number(numbers, &name("phi0"))?, number(numbers, &name("sigma"))?);
    Some(TermSums { hard, low: places("low")?, high: places("high")?, ordinary, sigma })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::kernel::tests::given;
    use crate::kernel::{Given, Method};
    use crate::placement::Placement;
    use crate::work::Job;

    /// Each unit's part is the same again after it was told by names.
    fn told(given: &Given) -> usize {
        let Job::Work(work) = (super::super::PRIMES.open)(given).unwrap().job else { panic!("it has units") };
        let mut worker = work.worker(&Placement::here(0));
        for unit in 0..work.units() {
            let part = worker.block(Block { level: 0, index: unit }).unwrap();
            let numbers = work.numbers(&part).unwrap();
            assert_eq!(work.part_of(&numbers).as_ref(), Some(&part), "{numbers:?}");
            // Nobody else's names are understood.
            let other = numbers.iter().map(|(name, value)| (format!("x{name}"), value.clone())).collect();
            assert_eq!(work.part_of(&other), None);
        }
        work.units() as usize
    }

    #[test]
    fn parts_come_back_from_their_names() {
        let units = told(&given("0..1e6 1e6..3e6 5e6..9e6"));
        assert!(units > 1, "{units}");
        for method in [Method::Trial, Method::Sieve, Method::Gourdon] {
            told(&Given { method: Some(method), ..given("0..30000 1e5..2e5") });
        }
        let verified = Given { method: Some(Method::Gourdon), verify: true, ..given("0..1e7") };
        assert!(told(&verified) > 4);
    }

    #[test]
    fn names_that_do_not_belong_together_are_no_part() {
        let Job::Work(work) = (super::super::PRIMES.open)(&given("0..10 10..20 20..30")).unwrap().job else {
            panic!("it has units")
        };
        let part = |text: &[(&str, i64)]| {
            work.part_of(&text.iter().map(|(name, value)| (name.to_string(), Integer::from(*value))).collect())
        };
        assert!(part(&[("0..10", 4), ("10..20", 4)]).is_some());
        for wrong in [
            &[("0..10", 4), ("20..30", 2)][..],
            &[("0..10", -4)],
            &[("0..10", 4), ("0..10", 4)],
            &[("0..10", 4), ("11..20", 4)],
            &[],
        ] {
            assert_eq!(part(wrong), None, "{wrong:?}");
        }
    }
}
