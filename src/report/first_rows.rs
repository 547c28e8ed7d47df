//! The first rows of an answer, printed while the others are still computed.

use super::{say, say_bytes};
use crate::error::Result;
use std::time::{Duration, Instant};

/// How much of an answer was printed.
pub struct FirstRows {
    lines: usize,
    next: Instant,
}

/// A run that is over sooner prints its whole answer at the end.
const SOONEST: Duration = Duration::from_secs(1);

/// Looking for rows may take this share of the time.
const TIME_SHARE: u32 = 50;

impl FirstRows {
    /// Nothing was printed yet.
    pub fn new() -> FirstRows {
        FirstRows { lines: 0, next: Instant::now() + SOONEST }
    }

    /// Whether it is time to look for more rows.
    pub fn due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Prints what was not printed of `text`, whose lines begin the whole answer. `took` is how long it took to find it.
    pub fn say(&mut self, text: &str, took: Duration) {
        self.next = Instant::now() + SOONEST.max(took * TIME_SHARE);
        // What cannot be printed now is printed at the end, or is an error then.
        if say(self.rest(text)).is_ok() {
            self.lines = self.lines.max(text.lines().count());
        }
    }

    /// What was not printed of the whole answer.
    pub fn rest<'a>(&self, text: &'a str) -> &'a str {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let said = if self.lines == 0 { 0 } else { ends.take(self.lines).last().unwrap_or(0) };
        &text[said..]
    }

    /// Prints the rest of the whole answer.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn end(&self, answer: &[u8]) -> Result<()> {
        match std::str::from_utf8(answer) {
            Ok(text) => say(self.rest(text)),
            // Nothing of it was printed.
            Err(_) => say_bytes(answer),
        }
    }
}

impl Default for FirstRows {
    fn default() -> FirstRows {
        FirstRows::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_said_once() {
        let mut rows = FirstRows::new();
        assert!(!rows.due());
        assert_eq!(rows.rest("a\nb\nc\n"), "a\nb\nc\n");
        rows.lines = 2;
        assert_eq!((rows.rest("a\nb\nc\n"), rows.rest("a\nb\n"), rows.rest("")), ("c\n", "", ""));
    }
}
