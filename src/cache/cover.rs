//! The pieces of an item: its own entry, or those of ranges that it is made of, and what is missing between them.

use super::Piece;
use super::entries::{Entries, Source};
use super::question::Question;
use crate::error::Result;
use crate::math::span::Span;
use crate::syntax::Item;
use crate::work::{Answer, Job};

/// So many entries may be pieces of one range, or it is computed as a whole.
const CANDIDATES_MAX: usize = 1000;

/// The pieces of an item, in order. The sources of those that were found are added to `sources`.
///
/// # Errors
/// If the item makes no plan.
pub fn pieces(entries: &mut Entries, question: &Question, item: Item, sources: &mut Vec<Source>) -> Result<Vec<Piece>> {
    let alone = question.of(&[item]);
    if let Some((answer, source)) = entries.answer_to(&alone, &alone.plan()?)? {
        sources.push(source);
        return Ok(vec![Piece { item, answer: Some(answer) }]);
    }
    let missing = vec![Piece { item, answer: None }];
    let Item::Range(span) = item else { return Ok(missing) };
    if !question.adds_up() {
        return Ok(missing);
    }
    let mut there = candidates(entries, question, span)?;
    loop {
        let chosen = widest(&there);
        let found = chosen.iter().map(|&span| {
            let piece = question.of(&[Item::Range(span)]);
            entries.answer_to(&piece, &piece.plan()?)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        // A damaged entry is left out, and others may take its place.
        let damaged = found.iter().position(Option::is_none);
        if let Some(index) = damaged {
            there.retain(|&span| span != chosen[index]);
            continue;
        }
        let found: Vec<(Answer, Source)> = found.into_iter().flatten().collect();
        let (answers, from): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let pieces = with_gaps(span, chosen.into_iter().zip(answers));
        if from.is_empty() || !is_worth_it(question, item, &pieces)? {
            return Ok(missing);
        }
        sources.extend(from);
        return Ok(pieces);
    }
}

/// The ranges within `span` that have entries, by their names.
fn candidates(entries: &Entries, question: &Question, span: Span) -> Result<Vec<Span>> {
    let columns = question.shape(Item::Range(span))?.table.columns;
    let mut there = vec![];
    let prefix = format!("{}-", question.kernel());
    for name in entries.names() {
        let text = name.strip_prefix(&prefix).and_then(|rest| rest.rsplit_once('-')).map(|(range, _)| range);
        let range = text
            .and_then(|text| text.split_once(".."))
            .and_then(|(start, end)| Span::new(start.parse().ok()?, end.parse().ok()?));
        let inside = |range: &Span| !range.is_empty() && range.start() >= span.start() && range.end() <= span.end();
        let Some(range) = range.filter(inside) else { continue };
        let piece = question.of(&[Item::Range(range)]);
        let Ok(plan) = piece.plan() else { continue };
        if piece.name(&plan)? == name && question.shape(Item::Range(range))?.table.columns == columns {
            there.push(range);
        }
        if there.len() > CANDIDATES_MAX {
            return Ok(vec![]);
        }
    }
    Ok(there)
}

/// Those of the ranges that do not overlap and are the widest together, in order.
fn widest(there: &[Span]) -> Vec<Span> {
    let mut by_end = there.to_vec();
    by_end.sort_by_key(|span| (span.end(), span.start()));
    // The best of the first so many: how wide they are, and the last of them.
    let mut best: Vec<(u128, Option<usize>)> = vec![(0, None)];
    for (index, span) in by_end.iter().enumerate() {
        let before = by_end.partition_point(|other| other.end() <= span.start());
        let with = best[before].0 + span.width();
        let last = best[index];
        best.push(if with > last.0 { (with, Some(index)) } else { last });
    }
    let (mut chosen, mut at) = (vec![], best.len() - 1);
    while let Some(index) = best[at].1 {
        chosen.push(by_end[index]);
        at = by_end.partition_point(|other| other.end() <= by_end[index].start());
    }
    chosen.reverse();
    chosen
}

/// These pieces of a range, and what is missing between them.
fn with_gaps(span: Span, found: impl Iterator<Item = (Span, Answer)>) -> Vec<Piece> {
    let (mut pieces, mut at) = (vec![], span.start());
    let gap = |from, to| Span::new(from, to).filter(|gap| !gap.is_empty()).map(Item::Range);
    for (range, answer) in found {
        pieces.extend(gap(at, range.start()).map(|item| Piece { item, answer: None }));
        pieces.push(Piece { item: Item::Range(range), answer: Some(answer) });
        at = range.end();
    }
    pieces.extend(gap(at, span.end()).map(|item| Piece { item, answer: None }));
    pieces
}

/// Whether what is missing can be computed sooner than the whole. A formula counts from 0 on: two gaps cost it more than the whole.
fn is_worth_it(question: &Question, item: Item, pieces: &[Piece]) -> Result<bool> {
    let missing: Vec<Item> = pieces.iter().filter(|piece| piece.answer.is_none()).map(|piece| piece.item).collect();
    if missing.is_empty() {
        return Ok(true);
    }
    let columns = question.shape(item)?.table.columns;
    for &gap in &missing {
        if question.shape(gap)?.table.columns != columns {
            return Ok(false);
        }
    }
    Ok(seconds(question, &missing)? < seconds(question, &[item])?)
}

fn seconds(question: &Question, items: &[Item]) -> Result<f64> {
    Ok(match question.of(items).plan()?.job {
        Job::Work(work) => work.forecast().seconds,
        Job::Stream(_) | Job::PerRank(_) => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(all: &[(u128, u128)]) -> Vec<Span> {
        all.iter().map(|&(start, end)| Span::new(start, end).unwrap()).collect()
    }

    #[test]
    fn the_widest_ranges_that_do_not_overlap_are_taken() {
        for (there, chosen) in [
            (&[][..], &[][..]),
            (&[(0, 10), (10, 20)], &[(0, 10), (10, 20)]),
            (&[(10, 20), (0, 10), (5, 15)], &[(0, 10), (10, 20)]),
            (&[(0, 3), (2, 9), (9, 12), (3, 9)], &[(0, 3), (3, 9), (9, 12)]),
            (&[(0, 100), (1, 2), (5, 8)], &[(0, 100)]),
            (&[(4, 6), (0, 5), (6, 9)], &[(0, 5), (6, 9)]),
        ] {
            assert_eq!(widest(&spans(there)), spans(chosen), "{there:?}");
        }
    }

    #[test]
    fn gaps_are_what_is_missing() {
        let answer = || Answer::total(0.into());
        let found = spans(&[(2, 5), (5, 6), (8, 10)]).into_iter().map(|span| (span, answer()));
        let pieces = with_gaps(Span::new(0, 12).unwrap(), found);
        let told: Vec<String> = pieces
            .iter()
            .map(|piece| format!("{}{}", piece.item, if piece.answer.is_some() { "!" } else { "" }))
            .collect();
        assert_eq!(told, ["0..2", "2..5!", "5..6!", "6..8", "8..10!", "10..12"]);
    }
}
