//! How far a run is, in a few lines for a terminal: a bar, how much is done, how fast, by whom, when it was saved, and the newest
//! rows. A running job shows it, and `watch` shows it of a run file.

use super::pace::Pace;
use super::people;
use crate::values::Amount;
use std::time::Duration;

/// What is known of a run at a moment.
pub struct View<'a> {
    /// The part that is done, from 0 to 1.
    pub share: f64,
    /// How much there is to do; `None` if that is not known.
    pub amount: Option<Amount>,
    /// How much of it is done in a second, if that is known.
    pub rate: Option<f64>,
    /// Seconds that have gone, and those that remain, if these are known.
    pub gone: f64,
    /// Seconds that remain, if these are known.
    pub left: Option<f64>,
    /// Who is at work, and what else there is to say: each a few words.
    pub words: &'a [String],
    /// The newest rows, each a line.
    pub rows: &'a [String],
}

impl<'a> View<'a> {
    /// The view of a run of which that part is done after `gone` seconds, at this pace.
    pub fn of(
        (share, amount): (f64, Option<Amount>),
        (gone, pace): (f64, &Pace),
        words: &'a [String],
        rows: &'a [String],
    ) -> View<'a> {
        let rate = amount.zip(pace.rate()).map(|(amount, rate)| rate * amount.all);
        View { share, amount, rate, gone, left: pace.left(gone), words, rows }
    }
}

/// When a run was saved, in words.
pub fn saved(ago: Duration) -> String {
    format!("saved {} ago", people::duration(ago.as_secs().max(1) as f64))
}

/// Wider lines are hard to read.
const WIDTH_MAX: usize = 78;

/// The bar has at least so many columns.
const BAR_MIN: usize = 10;

impl View<'_> {
    /// The lines on a terminal of so many columns and rows: never wider, and one row fewer.
    pub fn lines(&self, (columns, rows): (usize, usize)) -> Vec<String> {
        // A full last column makes some terminals begin a new line.
        let width = columns.saturating_sub(1).clamp(1, WIDTH_MAX);
        let mut lines = vec![self.bar(width)];
        lines.extend(flowing(&self.words(), width));
        lines.extend(self.rows.iter().map(|row| cut(&format!("  {row}"), width)));
        lines.truncate(rows.saturating_sub(1).max(1));
        lines
    }

    fn bar(&self, width: usize) -> String {
        let left = self.left.map_or(String::new(), |seconds| format!(", {} left", people::about(seconds)));
        let tail = format!(" {:5.1} %{left}", 100.0 * self.share);
        let inner = width.saturating_sub(tail.len() + 2).max(BAR_MIN);
        let full = ((inner as f64 * self.share) as usize).min(inner);
        let head = if (1..inner).contains(&full) { ">" } else { "" };
        let bar = "=".repeat(full - head.len()) + head;
        cut(&format!("[{bar:<inner$}]{tail}"), width)
    }

    fn words(&self) -> Vec<String> {
        let done = self
            .amount
            .map(|Amount { all, of }| format!("{} of {} {of}", people::number(self.share * all), people::number(all)));
        let rate =
            self.amount.zip(self.rate).map(|(Amount { of, .. }, rate)| format!("{} {of}/s", people::number(rate)));
        let gone = format!("{} gone", people::duration(self.gone));
        done.into_iter().chain(rate).chain([gone]).chain(self.words.iter().cloned()).collect()
    }
}

/// Words with commas between them, in lines that are not broken within one of them.
fn flowing(words: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= width => *line += &format!(", {word}"),
            _ => lines.push(cut(word, width)),
        }
    }
    lines
}

/// The beginning of a text that is too wide.
fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(share: f64, words: &'a [String], rows: &'a [String]) -> View<'a> {
        let amount = Some(Amount { all: 3e10, of: "numbers" });
        View { share, amount, rate: Some(4.2e9), gone: 3.0, left: Some(4.1), words, rows }
    }

    #[test]
    fn it_fits_every_terminal_and_says_all() {
        let words = ["2 ranks with 8 threads each", "saved 12 s ago"].map(String::from);
        let rows = ["1000000000000000000  24739954287740860  and more behind it".to_string()];
        for columns in [1, 2, 20, 40, 60, 80, 300] {
            for high in [1, 2, 5, 50] {
                let lines = view(0.423, &words, &rows).lines((columns, high));
                assert!(lines.len() < high.max(2), "{lines:?} in {high} rows");
                let width = columns.saturating_sub(1).clamp(1, 78);
                assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?} in {columns}");
            }
        }
        assert_eq!(
            view(0.423, &words, &rows).lines((60, 24)),
            [
                "[============>                  ]  42.3 %, about 4.1 s left",
                "1.27e10 of 3.00e10 numbers, 4.20e9 numbers/s, 3 s gone",
                "2 ranks with 8 threads each, saved 12 s ago",
                "  1000000000000000000  24739954287740860  and more behind i",
            ]
            .map(|line| line.chars().take(59).collect::<String>())
        );
    }

    #[test]
    fn a_bar_is_empty_at_the_start_and_full_at_the_end() {
        let bar = |share| View { left: None, ..view(share, &[], &[]) }.lines((31, 9))[0].clone();
        assert_eq!(bar(0.0), "[                    ]   0.0 %");
        assert_eq!(bar(0.5), "[=========>          ]  50.0 %");
        assert_eq!(bar(1.0), "[====================] 100.0 %");
        // A run that has more done than there is, by a forged file.
        assert_eq!(bar(7.0), "[====================] 700.0 %");
    }
}
