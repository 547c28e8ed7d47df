//! From ranges to works: each range, or run of ranges that touch, becomes a link of a chain.

use super::brun::Brun;
use super::by_formula::{Below, ByFormula, Counting};
use super::by_proof::{self, ByProof};
use super::by_residue::{self, ByResidue};
use super::by_sieve::BySieve;
use super::by_trial::ByTrial;
use super::constellations::{self, Constellations, FirstPrimes, Search};
use super::facts::{self, Texts};
use super::formula::Formula;
use super::gap_table::{self, GapTables};
use super::gaps::Gaps;
use super::in_order::{InOrder, Reading};
use super::older::Older;
use super::pi::Pi;
use super::race::{self, Race};
use super::rows::{Asked, Rows};
use super::sieving::{LayOut, Sieving, Size};
use super::sum_below::SumBelow;
use super::sums::Sums;
use super::tuplets::Tuplets;
use super::way::{self, SieveRun};
use super::{limits, list, verify};
use crate::chain::Chain;
use crate::error::Result;
use crate::kernel::ready::Ready;
use crate::kernel::{self, Given, Method, Opened, PlanChoice, Seeks, Tuplet, proofs};
use crate::math::lanes::{self, Lanes};
use crate::math::patterns;
use crate::math::primality::{self, Certainty};
use crate::math::sieve::{self, Layout, Residues, SievingPrimes};
use crate::math::span::Span;
use crate::syntax;
use crate::values::{Ascending, Fact, Table, Value};
use crate::work::{Answer, Job, Work};
use std::sync::Arc;

/// The plan of a count in these spans, or of what else is asked of them.
///
/// # Errors
/// If a limit is exceeded, if these lanes are not here, or if the plan would have too many units.
pub fn open(given: &Given, spans: Vec<Span>, asked: Asked) -> Result<Opened> {
    open_pieces(given, &spans.clone(), spans, asked)
}

/// The same for pieces of the spans that were asked for.
///
/// # Errors
/// As of [`open`].
pub fn open_pieces(given: &Given, whole: &[Span], spans: Vec<Span>, asked: Asked) -> Result<Opened> {
    limits::check(given, whole, asked)?;
    let texts = match asked {
        Asked::Ranges | Asked::Sums(_) => Fact::new("ranges", Value::texts(syntax::texts(whole))),
        Asked::Numbers => Fact::new("numbers", Value::texts(&given.items)),
    };
    let rows = Rows { asked, certainty: asked.certainty(&spans), cumulative: given.points.is_some() };
    let mut facts = vec![texts];
    facts.extend(given.seeks.map(|seeks| Fact::new(seeks.option(), seeks.value())));
    facts.extend(given.race.then(|| Fact::new("race", Value::text("yes"))));
    facts.extend(proofs::fact(given));
    facts.extend(given.brun.then(|| Fact::new("brun", Value::text("yes"))));
    facts.extend(given.apart.then(|| Fact::new("patterns", Value::text("yes"))));
    facts.extend(given.firsts.then(|| Fact::new(Seeks::Primes.option(), Value::text("yes"))));
    facts.extend(
        given.power.filter(|&power| power != 1).map(|power| Fact::new("power", Value::text(power.to_string()))),
    );
    if asked == Asked::Numbers && spans.is_empty() {
        let none = Ready(|| Answer::rows(Table::of(&["x", "count"]), "count"));
        return Ok(Opened { job: Job::work(none), facts, how: vec![] });
    }
    if given.prove && spans.iter().any(needs_proofs) {
        return Ok(Opened { job: proved(given, &spans, rows)?, facts, how: vec![] });
    }
    if given.method == Some(Method::Trial) {
        facts.push(Fact::new("method", Value::text(Method::Trial.name())));
        let how = kernel::overlap_fact(rows.overlap(&spans)).into_iter().collect();
        return Ok(Opened { job: by_trial(&spans, rows)?, facts, how });
    }
    let lanes = given.lanes.map_or_else(|| lanes::pick(None), Ok)?;
    let lay_out: LayOut = match given.seeks {
        None => Layout::with_borders,
        Some(Seeks::Tuplets(asked)) if given.firsts || given.apart || among_neighbours(asked).is_none() => {
            Search::of(asked, !given.firsts, !rows.cumulative).lay_out()
        }
        Some(Seeks::Tuplets(_)) if given.brun => Brun::LAY_OUT,
        Some(Seeks::Tuplets(_)) => Tuplets::<2>::LAY_OUT,
        Some(Seeks::Gaps) => Gaps::LAY_OUT,
        Some(Seeks::GapTable(asked)) => gap_table::lay_out(asked, spans[0]),
        Some(Seeks::Residues(_)) if given.race => race::LAY_OUT,
        Some(Seeks::Residues(modulus)) => sieve::layout_for(Residues::new(modulus).count()),
        Some(Seeks::Primes) => Ascending::LAY_OUT,
    };
    let ways = way::ways(given, &spans, asked, lanes, lay_out);
    facts.push(Fact::new("method", facts::methods(&ways)));
    let plan = Planned { given, spans, ways, rows, lanes, lay_out };
    let (job, how) = if given.lists_primes() { plan.stream()? } else { plan.chain()? };
    Ok(Opened { job, facts, how })
}

/// Whether the test does not prove all primes of a range.
fn needs_proofs(span: &Span) -> bool {
    !span.is_empty() && primality::certainty(span.end()) == Certainty::Probable
}

/// Ranges of which one or more need proofs: all are read in the same way.
fn proved(given: &Given, spans: &[Span], rows: Rows) -> Result<Job> {
    if given.lists_primes() {
        return by_proof::stream(spans).map(Job::Stream);
    }
    let link = |(place, span)| (Box::new(ByProof { span, rows }) as Box<dyn Work>, vec![place]);
    let chain = Chain::in_turns(ascending(spans).map(link))?.overlapping(rows.overlap(spans));
    Ok(Job::work(chain))
}

fn by_trial(spans: &[Span], rows: Rows) -> Result<Job> {
    let link = |(place, span)| (Box::new(ByTrial::new(span, rows)) as Box<dyn Work>, vec![place]);
    let chain = Chain::in_turns(ascending(spans).map(link))?.overlapping(rows.overlap(spans));
    Ok(Job::work(chain))
}

/// The ranges with their places, the lowest first.
fn ascending(spans: &[Span]) -> impl Iterator<Item = (u32, Span)> {
    let mut places: Vec<u32> = (0..spans.len() as u32).collect();
    places.sort_by_key(|&place| (spans[place as usize].end(), spans[place as usize].start()));
    places.into_iter().map(|place| (place, spans[place as usize]))
}

/// Ranges of which it is decided how each is counted.
struct Planned<'a> {
    given: &'a Given,
    spans: Vec<Span>,
    ways: Vec<Method>,
    rows: Rows,
    lanes: &'static Lanes,
    lay_out: LayOut,
}

impl Planned<'_> {
    /// The primes themselves, in the order of the ranges: where these touch, it is nobody's business.
    fn stream(self) -> Result<(Job, Vec<PlanChoice>)> {
        let spans = (0..).zip(self.spans.iter().copied());
        if let (Some(Seeks::Tuplets(asked)), true) = (self.given.seeks, self.given.firsts) {
            // No tuplet goes from one range into another.
            let single =
                |(place, span): (u32, Span)| SieveRun { edges: vec![span.start(), span.end()], places: vec![place] };
            let (ranges, sieves) = self.sieved(spans.map(single).collect());
            let link = |range| Box::new(FirstPrimes::new(range, asked)) as Box<dyn Work>;
            let ranges = ranges.into_iter().map(|(range, _)| range).collect();
            let stream = list::stream_of(ranges, constellations::FIRST, link)?;
            return Ok((Job::Stream(stream), self.how(sieves, None)));
        }
        let runs = way::runs(spans);
        let whole = |run: SieveRun| SieveRun { edges: vec![run.edges[0], run.edges[run.edges.len() - 1]], ..run };
        let (ranges, sieves) = self.sieved(runs.into_iter().map(whole).collect());
        let stream = list::stream(ranges.into_iter().map(|(range, _)| range).collect())?;
        Ok((Job::Stream(stream), self.how(sieves, None)))
    }

    /// What is found out of each range: the lowest come first, and behind what is sieved all that is counted by the
    /// formula, whose numbers may have to do with several of them.
    fn chain(self) -> Result<(Job, Vec<PlanChoice>)> {
        let runs = match self.rows.asked {
            Asked::Numbers => way::runs(way::pieces(self.of(Method::Sieve))),
            Asked::Ranges | Asked::Sums(_) => way::runs(self.of(Method::Sieve)),
        };
        let (ranges, sieves) = self.sieved(runs);
        let formula = self.ways.iter().copied().find(|method| *method != Method::Sieve);
        let (counted, told) = formula.map(|method| self.counted(method)).unzip();
        let rows = |places: Vec<u32>| match self.given.seeks {
            Some(Seeks::Residues(modulus)) if !self.given.race => {
                by_residue::places(places, Residues::new(modulus).count())
            }
            Some(Seeks::Tuplets(Tuplet::Densest(k))) if self.given.apart => {
                by_residue::places(places, patterns::densest(k).len())
            }
            _ => places,
        };
        let sieved = ranges.into_iter().map(|(sieving, places)| (self.link(sieving), rows(places)));
        let overlap = self.rows.overlap(&self.spans);
        let mut how = self.how(sieves, told);
        how.extend(kernel::overlap_fact(overlap));
        let chain = Chain::in_turns(sieved.chain(counted))?.overlapping(overlap);
        Ok((Job::work(chain), how))
    }

    /// The ranges that are counted by the method, with their places, the lowest first.
    fn of(&self, method: Method) -> impl Iterator<Item = (u32, Span)> {
        ascending(&self.spans).filter(move |(place, _)| self.ways[*place as usize] == method)
    }

    /// The ranges that are counted by a formula. There is one formula in a plan.
    fn counted(&self, method: Method) -> (Link, Told) {
        match (method, self.rows.asked) {
            (_, Asked::Sums(0)) => self.counted_by(method, SumBelow::<0>::new),
            (_, Asked::Sums(1)) => self.counted_by(method, SumBelow::<1>::new),
            (_, Asked::Sums(2)) => self.counted_by(method, SumBelow::<2>::new),
            (_, Asked::Sums(_)) => self.counted_by(method, SumBelow::<3>::new),
            (Method::Legendre, _) => self.counted_by(method, Older::legendre),
            (Method::Lmo, _) => self.counted_by(method, Older::lmo),
            _ => self.counted_by(method, Pi::new),
        }
    }

    fn counted_by<F: Formula>(&self, method: Method, below: Below<F>) -> (Link, Told) {
        let (places, spans): (Vec<u32>, Vec<Span>) = self.of(method).unzip();
        let counting = match (self.given.verify, self.given.otherwise) {
            (_, true) => Counting::Again,
            (true, false) => Counting::Twice,
            (false, false) => Counting::Once,
        };
        let counts = ByFormula::new(spans, self.rows, self.lanes, counting, below);
        let (mut how, mut verify) = (Texts::default(), Texts::default());
        counts.how().for_each(|text| how.add(|| text));
        counts.verify().for_each(|text| verify.add(|| text));
        ((Box::new(counts), places), Told { method, how, verify })
    }

    /// What runs of ranges are sieved for.
    fn link(&self, sieving: Sieving) -> Box<dyn Work> {
        match self.given.seeks {
            None => match self.rows.asked {
                Asked::Sums(exponent) => Box::new(Sums { sieving, exponent }),
                _ => Box::new(BySieve { sieving, verify: self.given.verify }),
            },
            Some(Seeks::Tuplets(_)) if self.given.brun => Box::new(InOrder::<Brun>::new(sieving)),
            Some(Seeks::Tuplets(asked)) if self.given.apart => {
                Box::new(Constellations::apart(sieving, asked, Search::of(asked, true, true)))
            }
            Some(Seeks::Tuplets(asked)) => tuplets(asked, sieving, Search::of(asked, true, !self.rows.cumulative)),
            Some(Seeks::Residues(modulus)) if self.given.race => Box::new(Race::new(sieving, modulus)),
            Some(Seeks::Residues(modulus)) => Box::new(ByResidue::new(sieving, modulus)),
            Some(Seeks::GapTable(asked)) => Box::new(GapTables::new(sieving, asked)),
            Some(Seeks::Gaps | Seeks::Primes) => Box::new(InOrder::<Gaps>::new(sieving)),
        }
    }

    /// The runs with the places of their ranges, and how they are laid out. One set of sieving primes serves all; they are
    /// made when the run starts.
    fn sieved(&self, runs: Vec<SieveRun>) -> (Vec<(Sieving, Vec<u32>)>, Texts) {
        let (mut sizes, mut sieves) = (vec![], Texts::default());
        for SieveRun { edges, .. } in &runs {
            let span = Span::new(edges[0], edges[edges.len() - 1]).expect("edges ascend");
            let layout = (self.lay_out)(span, edges.len() as u64 - 2);
            sizes.push(if self.given.otherwise { Size::of_tests(&layout, span) } else { Size::of(&layout) });
            sieves.add(|| layout.to_string());
        }
        let bound = sizes.iter().map(|size| size.bound).max().unwrap_or(0);
        let base = Arc::new(SievingPrimes::up_to(bound));
        let &Planned { rows, lay_out, lanes, .. } = self;
        let sieving = |(SieveRun { edges, places }, size)| {
            (Sieving { edges, rows, size, lay_out, lanes, base: base.clone(), by_tests: self.given.otherwise }, places)
        };
        (runs.into_iter().zip(sizes).map(sieving).collect(), sieves)
    }

    /// How it is all computed, for the report. The formulas before Gourdon's have no use for lanes.
    fn how(&self, sieves: Texts, told: Option<Told>) -> Vec<PlanChoice> {
        let has_lanes = told.as_ref().is_none_or(|told| told.method == Method::Gourdon);
        let lanes = has_lanes.then(|| PlanChoice::free(Fact::new("lanes", Value::text(self.lanes.name))));
        let mut verified = Texts::default();
        if self.given.verify && self.ways.contains(&Method::Sieve) {
            verified.add(verify::share);
        }
        let cutting = |name, texts| facts::facts([(name, texts)]).into_iter().map(PlanChoice::cutting);
        let mut how: Vec<PlanChoice> = lanes.into_iter().chain(cutting("sieve", sieves)).collect();
        if let Some(Told { method, how: numbers, verify }) = told {
            how.extend(cutting(method.name(), numbers));
            verified = verified.and(verify);
        }
        how.extend(facts::facts([("verify", verified)]).into_iter().map(PlanChoice::free));
        how
    }
}

/// A work with the places of its rows.
type Link = (Box<dyn Work>, Vec<u32>);

/// What the report tells of a formula.
struct Told {
    method: Method,
    /// How numbers are counted, and how they are counted again.
    how: Texts,
    verify: Texts,
}

/// Of how many primes these tuplets are, if they are the densest and so narrow that no prime lies among theirs.
fn among_neighbours(asked: Tuplet) -> Option<u64> {
    match asked {
        Tuplet::Densest(k @ 2..=6) => Some(k),
        Tuplet::Densest(_) | Tuplet::Of(_) => None,
    }
}

/// The work that counts tuplets.
fn tuplets(asked: Tuplet, sieving: Sieving, search: Search) -> Box<dyn Work> {
    match among_neighbours(asked) {
        Some(2) => Box::new(InOrder::<Tuplets<2>>::new(sieving)),
        Some(3) => Box::new(InOrder::<Tuplets<3>>::new(sieving)),
        Some(4) => Box::new(InOrder::<Tuplets<4>>::new(sieving)),
        Some(5) => Box::new(InOrder::<Tuplets<5>>::new(sieving)),
        Some(6) => Box::new(InOrder::<Tuplets<6>>::new(sieving)),
        _ => Box::new(Constellations::new(sieving, asked, search)),
    }
}
