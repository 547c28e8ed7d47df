//! What is on its way to a rank's crew, so that it can be topped up before it runs dry.

use super::crew::Crew;
use std::ops::Range;

pub struct Supply {
    /// Units that came last.
    last: u64,
    /// Whether no more will come.
    over: bool,
}

impl Supply {
    pub fn new() -> Supply {
        Supply { last: 0, over: false }
    }

    /// Whether the crew should get more: it is through with half of what it got.
    pub fn low(&self, crew: &Crew) -> bool {
        !self.over && crew.left() <= self.last / 2
    }

    /// Puts units on the crew's pile; without any it is told that there will be no more.
    pub fn bring(&mut self, crew: &Crew, units: Option<Vec<Range<u64>>>) {
        match units {
            // Whoever was told to stop begins nothing.
            _ if self.over => (),
            Some(runs) => {
                self.last = runs.iter().map(|run| run.end - run.start).sum();
                runs.into_iter().for_each(|run| crew.add(run));
            }
            None => {
                self.over = true;
                crew.close();
            }
        }
    }

    /// Takes back what the crew has not begun.
    pub fn stop(&mut self, crew: &Crew) {
        self.over = true;
        crew.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::crew;
    use crate::seat::Seat;
    use crate::work::tests::leaked;

    #[test]
    fn a_crew_that_was_stopped_gets_nothing() {
        crew::with(leaked(100), &Seat::here(0), 1, 0, |crew| {
            let crew = crew.unwrap();
            let mut supply = Supply::new();
            assert!(supply.low(crew));
            supply.stop(crew);
            supply.bring(crew, Some(vec![0..50, 60..100]));
            assert!(crew.left() == 0 && !supply.low(crew));
        });
    }
}
