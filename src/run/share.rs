//! A share of a plan, for runs on machines that share nothing: `3/10` is the third tenth of the units.

use std::fmt;
use std::ops::Range;

/// One of so many equal runs of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which one, from 1 on.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// No plan is cut into more shares.
pub const SHARES_MAX: u64 = 1_000_000;

impl Share {
    /// The share of that text; `None` if it is none.
    pub fn parse(text: &str) -> Option<Share> {
        let (index, of) = text.split_once('/')?;
        let number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (index, of) = (number(index)?, number(of)?);
        (1 <= index && index <= of && of <= SHARES_MAX).then_some(Share { index, of })
    }

    /// Its units, of so many.
    pub fn units(self, all: u64) -> Range<u64> {
        let edge = |index: u64| (u128::from(all) * u128::from(index) / u128::from(self.of)) as u64;
        edge(self.index - 1)..edge(self.index)
    }
}

/// What of these runs of units, which are in order, is in `only`; all if that is `None`.
pub fn of(runs: Vec<Range<u64>>, only: Option<&Range<u64>>) -> Vec<Range<u64>> {
    let Some(only) = only else { return runs };
    let common = |run: Range<u64>| run.start.max(only.start)..run.end.min(only.end);
    runs.into_iter().map(common).filter(|run| !run.is_empty()).collect()
}

impl fmt::Display for Share {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_tile_the_units_and_are_about_equal() {
        for all in [0, 1, 7, 10, 1001, u64::MAX >> 2] {
            for of in [1, 2, 3, 10, 16, SHARES_MAX] {
                let (mut at, least) = (0, all / of);
                for index in (1..=of).filter(|index| *index < 20 || *index > of - 20) {
                    let units = Share { index, of }.units(all);
                    if index < 20 {
                        assert_eq!(units.start, at);
                    }
                    at = units.end;
                    assert!((least..=least + 1).contains(&(units.end - units.start)));
                }
                assert_eq!(at, all);
            }
        }
    }

    #[test]
    fn what_is_no_share_is_not_taken_for_one() {
        assert_eq!(Share::parse("3/10"), Some(Share { index: 3, of: 10 }));
        for wrong in ["", "3", "/", "3/", "/3", "0/3", "4/3", "+1/3", "1/3/5", "1/1000001", "1 /3", "-1/3", "1e3/1e4"] {
            assert_eq!(Share::parse(wrong), None, "{wrong}");
        }
    }
}
