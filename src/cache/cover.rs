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
    let (mut there, mut lost) = (candidates(entries, question, span)?, vec![]);
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
            lost.push(chosen[index]);
            continue;
        }
        let found: Vec<(Answer, Source)> = found.into_iter().flatten().collect();
        let (answers, from): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let found: Vec<(Span, Answer)> = chosen.into_iter().zip(answers).collect();
        // What is lost is computed apart, so that it is there again; unless that takes longer, or totals do not tell the pieces apart.
        let apart = if question.shape(item)?.table.columns.is_empty() { vec![] } else { widest(&lost) };
        for lost_apart in [&apart[..], &[]] {
            let pieces = with_gaps(span, &found, lost_apart);
            if !(from.is_empty() && lost_apart.is_empty()) && is_worth_it(question, item, &pieces)? {
                give_up(entries, question, &lost, &pieces)?;
                sources.extend(from);
                return Ok(pieces);
            }
        }
        give_up(entries, question, &lost, &missing)?;
        return Ok(missing);
    }
}

/// The entries of those lost ranges that are none of the pieces will not be computed.
fn give_up(entries: &mut Entries, question: &Question, lost: &[Span], pieces: &[Piece]) -> Result<()> {
    let is_piece = |span: &Span| pieces.iter().any(|piece| matches!(piece.item, Item::Range(other) if other == *span));
    lost.iter().filter(|span| !is_piece(span)).try_for_each(|&span| entries.give_up(&question.of(&[Item::Range(span)])))
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
        if question.shape(Item::Range(range))?.table.columns == columns && piece.name_with(&plan, &columns) == name {
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

/// These pieces of a range, and what is missing between them. Of that the ranges that are `apart` are pieces of their own; they do not overlap.
fn with_gaps(span: Span, found: &[(Span, Answer)], apart: &[Span]) -> Vec<Piece> {
    let missing = |from, to| Some(Piece { item: Item::Range(Span::new(from, to)?), answer: None });
    let (mut pieces, mut at) = (vec![], span.start());
    let end = Span::new(span.end(), span.end()).map(|end| (end, None));
    let found = found.iter().map(|(range, answer)| (*range, Some(answer)));
    for (range, answer) in found.chain(end) {
        for inner in apart {
            if inner.start() < at || inner.end() > range.start() {
                continue;
            }
            pieces.extend(missing(at, inner.start()).filter(|_| at < inner.start()));
            pieces.extend(missing(inner.start(), inner.end()));
            at = inner.end();
        }
        pieces.extend(missing(at, range.start()).filter(|_| at < range.start()));
        pieces.extend(answer.map(|answer| Piece { item: Item::Range(range), answer: Some(answer.clone()) }));
        at = range.end();
    }
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
        let found: Vec<_> = spans(&[(2, 5), (5, 6), (8, 10)]).into_iter().map(|span| (span, answer())).collect();
        let told = |apart: &[(u128, u128)]| {
            let pieces = with_gaps(Span::new(0, 20).unwrap(), &found, &spans(apart));
            let told = |piece: &Piece| format!("{}{}", piece.item, if piece.answer.is_some() { "!" } else { "" });
            pieces.iter().map(told).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&[]), "0..2 2..5! 5..6! 6..8 8..10! 10..20");
        assert_eq!(
            told(&[(0, 1), (6, 8), (12, 15), (15, 16)]),
            "0..1 1..2 2..5! 5..6! 6..8 8..10! 10..12 12..15 15..16 16..20"
        );
        // What overlaps with what was found is no piece.
        assert_eq!(told(&[(1, 4), (9, 12)]), told(&[]));
    }
}
