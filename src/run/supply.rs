//! The units on their way to a rank's crew, so that the crew gets more before it runs out. Units that wait rather than compute last so long
//! that a crew gets them when it has nothing to do: otherwise one rank would have two to wait for, one after the other, and another none.

use super::crew::Crew;
use crate::work::UnitCost;
use std::ops::Range;

/// What is known of the units that the crew gets.
pub struct Supply {
    /// How many units came last.
    last: u64,
    /// Whether no more units will come.
    over: bool,
    /// Whether the crew gets more before it runs out.
    ahead: bool,
}

impl Supply {
    /// Nothing has come yet of the units, which cost so much.
    pub fn new(cost: UnitCost) -> Supply {
        Supply { last: 0, over: false, ahead: !matches!(cost, UnitCost::IoBound(_)) }
    }

    /// Whether the crew should get more: half of what it got last is begun, or a worker has nothing to do.
    pub fn low(&self, crew: &Crew) -> bool {
        !self.over && if self.ahead { crew.left() <= self.last / 2 } else { crew.is_idle() }
    }

    /// Adds units to the crew's queue. With `None` the crew learns that there will be no more.
    pub fn bring(&mut self, crew: &Crew, units: Option<Vec<Range<u64>>>) {
        match units {
            // A rank that must stop begins nothing.
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

    /// Removes the units that the crew has not begun.
    pub fn stop(&mut self, crew: &Crew) {
        self.over = true;
        crew.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Placement;
    use crate::run::crew;
    use crate::work::tests::spelled;

    #[test]
    fn a_crew_that_was_stopped_gets_nothing() {
        crew::with(&spelled(100), &Placement::here(0), 1, 0, |crew| {
            let crew = crew.unwrap();
            let mut supply = Supply::new(UnitCost::Uniform);
            assert!(supply.low(crew));
            supply.stop(crew);
            supply.bring(crew, Some(vec![0..50, 60..100]));
            assert!(crew.left() == 0 && !supply.low(crew));
        });
    }
}
