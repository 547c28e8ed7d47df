//! How fast a run goes, and whether this predicts when it will be over.
//!
//! An estimate that is wrong by a factor of ten is worse than none. So there is none until the run has gone steadily: the work since
//! half-time must have been about as fast as all work, in several steps.

/// How many units were done when; old steps are thinned out.
pub struct Pace {
    /// Seconds and units; the first step is the start.
    steps: Vec<(f64, u64)>,
}

/// How many steps are needed for an estimate, including the start.
const STEPS_MIN: usize = 5;

/// The share of the work that must be done before an estimate: the first units are often different.
const SHARE_DONE_MIN: f64 = 0.1;

/// The most steps that are remembered.
const STEPS_MAX: usize = 128;

impl Pace {
    /// A run that starts with so many units done.
    pub fn new(before: u64) -> Pace {
        Pace { steps: vec![(0.0, before)] }
    }

    /// Tells that `done` units were done after `gone` seconds.
    pub fn note(&mut self, gone: f64, done: u64) {
        if self.steps.last().is_some_and(|&(_, last)| done > last) {
            self.steps.push((gone, done));
        }
        if self.steps.len() > STEPS_MAX {
            let mut index = 0;
            self.steps.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// How many units were done before the run began.
    pub fn before(&self) -> u64 {
        self.steps[0].1
    }

    /// The seconds that remain after `gone`, if they are known within a factor of two.
    pub fn left(&self, gone: f64, all: u64) -> Option<f64> {
        let (&(start, before), &(last, done)) = (self.steps.first()?, self.steps.last()?);
        let half = self.steps.iter().rev().find(|(at, _)| *at <= last / 2.0).filter(|(at, _)| *at >= last / 4.0)?;
        let rate = |from: (f64, u64)| (done - from.1) as f64 / (last - from.0);
        let (whole, late) = (rate((start, before)), rate(*half));
        let (change, share) = (late / whole, (done - before) as f64 / all.saturating_sub(before).max(1) as f64);
        // A run that becomes slower or faster will continue to do so; at half-time this is known well enough.
        let steady = (0.8..=1.25).contains(&change) || share >= 0.5 && (0.5..=2.0).contains(&change);
        let seconds = all.saturating_sub(done) as f64 / (late * change.sqrt()) - (gone - last);
        (steady && share >= SHARE_DONE_MIN && self.steps.len() >= STEPS_MIN).then_some(seconds.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a run of units that take as long as `cost` says. The first estimate must be near.
    fn follow(units: u64, cost: impl Fn(f64) -> f64) -> Option<f64> {
        let costs: Vec<f64> = (0..units).map(|unit| cost(unit as f64 / units as f64)).collect();
        let whole: f64 = costs.iter().sum();
        let (mut pace, mut gone) = (Pace::new(0), 0.0);
        for (done, cost) in (1..units).zip(&costs) {
            gone += cost;
            pace.note(gone, done);
            if let Some(left) = pace.left(gone, units) {
                let truth = whole - gone;
                assert!(left <= 2.0 * truth && left >= truth / 2.0, "{done} of {units}: {left} for {truth}");
                return Some(done as f64 / units as f64);
            }
        }
        None
    }

    #[test]
    fn a_first_estimate_is_within_a_factor_of_two() {
        for units in [10, 100, 3000] {
            assert!(follow(units, |_| 1.0).unwrap() < 0.7, "even");
            // Slower and slower, faster and faster, and a start or a middle that differs.
            follow(units, |at| 1.0 + 2.0 * at);
            follow(units, |at| at + 0.01);
            follow(units, |at| 3.0 - 2.0 * at);
            follow(units, |at| if at < 0.05 { 20.0 } else { 1.0 });
            follow(units, |at| if at < 0.05 { 0.05 } else { 1.0 });
        }
    }

    #[test]
    fn few_steps_tell_nothing_and_waiting_counts() {
        let mut pace = Pace::new(100);
        for step in 1..=3 {
            pace.note(f64::from(step), 100 + 10 * step as u64);
            assert_eq!(pace.left(f64::from(step), 200), None);
        }
        pace.note(4.0, 140);
        assert_eq!((pace.left(4.0, 200), pace.left(5.0, 200), pace.left(90.0, 200)), (Some(6.0), Some(5.0), Some(0.0)));
        assert_eq!(pace.before(), 100);
    }
}
