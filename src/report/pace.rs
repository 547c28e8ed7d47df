//! How fast a run goes, and when it will be over.
//!
//! Units cost about the same, but not quite, and other programs come and go. So what is left is taken from the speed of the run itself,
//! of all of it and of late. Before there is enough of that, the expected time of the plan stands in, if there is one; without it there
//! is no estimate until the run has gone steadily: one that is wrong by a factor of ten is worse than none.

/// Which part of the work was done when; old steps are thinned out.
pub struct Pace {
    /// Seconds, and the part that was done then, from 0 to 1; the first step is the start.
    steps: Vec<(f64, f64)>,
    /// What the plan expected, if it did.
    expected: Option<Expected>,
}

/// What a plan expects.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// How many seconds the units that are not done should take.
    pub seconds: f64,
    /// Which part of them is computed at once.
    pub at_once: f64,
}

/// How many steps are needed for an estimate without an expectation, including the start.
const STEPS_MIN: usize = 5;

/// The share of the work that must be done before the run is judged by itself: the first units are often different.
const SHARE_DONE_MIN: f64 = 0.1;

/// The most steps that are remembered.
const STEPS_MAX: usize = 128;

/// What was expected counts as much as so large a share that is done.
const EXPECTED_SHARE: f64 = 0.01;

impl Pace {
    /// A run that starts with that part done.
    pub fn new(before: f64) -> Pace {
        Pace { steps: vec![(0.0, before)], expected: None }
    }

    /// The same, with what the plan expects.
    pub fn expecting(self, expected: Option<Expected>) -> Pace {
        Pace { expected: expected.filter(|expected| expected.seconds > 0.0), ..self }
    }

    /// Tells which part was done after `gone` seconds.
    pub fn note(&mut self, gone: f64, done: f64) {
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

    /// Which part was done before the run began.
    pub fn before(&self) -> f64 {
        self.steps[0].1
    }

    /// The part that is done in a second, of late; `None` until there is some.
    pub fn rate(&self) -> Option<f64> {
        let &(last, done) = self.steps.last()?;
        let from = self.steps.iter().rev().find(|(at, _)| *at <= last / 2.0)?;
        (last > from.0).then(|| (done - from.1) / (last - from.0))
    }

    /// The seconds that remain after `gone`, if they are known well enough.
    pub fn left(&self, gone: f64) -> Option<f64> {
        let (&(start, _), &(last, _)) = (self.steps.first()?, self.steps.last()?);
        let share = self.share();
        let least = if self.expected.is_some() { SHARE_DONE_MIN / 2.0 } else { SHARE_DONE_MIN };
        if let Some(seconds) = self.observed().filter(|_| share >= least) {
            return Some((seconds - (gone - last)).max(0.0));
        }
        let Some(Expected { seconds, at_once }) = self.expected else {
            // Of few long units half is enough.
            let is_half = share >= 0.5 && self.steps.len() < STEPS_MIN;
            return is_half.then(|| ((last - start) / share - gone).max(0.0));
        };
        // Units in progress may be nearly done: if they are few and long, all may still go as expected.
        let total = match (share..=share + at_once).contains(&(gone / seconds)) {
            true => seconds,
            // How much slower or faster it is by now.
            false => seconds * ((last - start) / seconds + EXPECTED_SHARE) / (share + EXPECTED_SHARE),
        };
        // A run that should be over, and is not, is not as expected.
        (gone < total || share >= 1.0).then_some((total - gone).max(0.0))
    }

    /// Which part of what was left at the start is done.
    fn share(&self) -> f64 {
        let (&(_, before), &(_, done)) = (&self.steps[0], &self.steps[self.steps.len() - 1]);
        if before < 1.0 { (done - before) / (1.0 - before) } else { 1.0 }
    }

    /// The seconds that remain after the last step, if the run has gone steadily in several steps.
    fn observed(&self) -> Option<f64> {
        let (&(start, before), &(last, done)) = (self.steps.first()?, self.steps.last()?);
        let half = self.steps.iter().rev().find(|(at, _)| *at <= last / 2.0).filter(|(at, _)| *at >= last / 4.0)?;
        let rate = |from: (f64, f64)| (done - from.1) / (last - from.0);
        let (whole, late) = (rate((start, before)), rate(*half));
        let (change, share) = (late / whole, self.share());
        let steady = (0.8..=1.25).contains(&change) || share >= 0.5 && (0.5..=2.0).contains(&change);
        let trusted = steady || self.expected.is_some();
        // A run that becomes slower or faster will continue to do so; at half-time this is known well enough. Of a plan with an
        // expectation the units cost about the same: there it is chance.
        let speed = if self.expected.is_some() { (late * whole).sqrt() } else { late * change.sqrt() };
        let seconds = (1.0 - done) / speed;
        (trusted && self.steps.len() >= STEPS_MIN).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a run of units that take as long as `cost` says. The first estimate must be near.
    fn follow(units: u64, cost: impl Fn(f64) -> f64) -> Option<f64> {
        let costs: Vec<f64> = (0..units).map(|unit| cost(unit as f64 / units as f64)).collect();
        let whole: f64 = costs.iter().sum();
        let (mut pace, mut gone) = (Pace::new(0.0), 0.0);
        for (done, cost) in (1..units).zip(&costs) {
            gone += cost;
            pace.note(gone, done as f64 / units as f64);
            if let Some(left) = pace.left(gone) {
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

    /// The worst estimate, as a factor, from the first tenth on until the last twentieth: of units that take as long as `cost` says
    /// on so many workers, with a look ten times a second. The plan expects `expected` times what they really take.
    fn worst(units: usize, workers: usize, seconds: f64, expected: f64, cost: impl Fn(usize) -> f64) -> f64 {
        let costs: Vec<f64> = (0..units).map(&cost).collect();
        let scale = seconds * workers as f64 / costs.iter().sum::<f64>();
        // Each worker has an equal slice, as in the fixed schedule.
        let mut ends: Vec<f64> = (0..workers)
            .flat_map(|worker| {
                let slice = &costs[units * worker / workers..units * (worker + 1) / workers];
                slice.iter().scan(0.0, |at, cost| {
                    *at += cost * scale;
                    Some(*at)
                })
            })
            .collect();
        ends.sort_by(f64::total_cmp);
        let whole = ends[units - 1];
        let at_once = workers as f64 / units as f64;
        let mut pace = Pace::new(0.0).expecting(Some(Expected { seconds: expected * whole, at_once }));
        let looks = (1..).map(|look| f64::from(look) / 10.0).take_while(|at| *at <= 0.95 * whole);
        looks.fold(1.0, |worst: f64, at| {
            pace.note(at, ends.partition_point(|end| *end <= at) as f64 / units as f64);
            let Some(left) = pace.left(at).filter(|_| at >= whole / 10.0) else { return worst };
            let factor = (at + left) / whole;
            worst.max(factor).max(1.0 / factor)
        })
    }

    #[test]
    fn from_the_first_tenth_on_the_end_is_known_within_a_fifth() {
        // As `primes 0..3e10` by the sieve, `pi 1e16` and `primes 1e18..+2e9` are cut; their units differ as measured.
        let waves = |unit: usize| 1.0 + 0.3 * (unit as f64 * 0.7).sin();
        let terms = |unit: usize| if unit % 100 < 20 { 1.4 } else { 0.9 };
        let few = |unit: usize| [1.04, 0.97, 1.02, 0.97][unit];
        for (expected, seconds) in [(1.0, 3.0), (1.0, 60.0), (1.19, 3.0), (0.85, 3.0), (0.9, 3600.0)] {
            for (units, cost) in [(1440, &waves as &dyn Fn(usize) -> f64), (1124, &terms), (4, &few)] {
                let worst = worst(units, 2, seconds, expected, cost);
                assert!(worst < 1.2, "{units} units in {seconds} s, of which {expected} were expected: {worst}");
            }
        }
        // Another program takes half of the machine: many units show it soon.
        for expected in [0.25, 0.5, 3.0] {
            assert!(worst(1440, 2, 10.0, expected, waves) < 1.2, "{expected}");
        }
    }

    #[test]
    fn of_few_long_units_half_is_enough() {
        let mut pace = Pace::new(0.0);
        pace.note(4.0, 0.25);
        assert_eq!(pace.left(4.0), None);
        pace.note(4.5, 0.5);
        assert_eq!((pace.left(4.5), pace.left(6.0)), (Some(4.5), Some(3.0)));
    }

    #[test]
    fn few_steps_tell_nothing_and_waiting_counts() {
        let mut pace = Pace::new(0.5);
        for step in 1..=3 {
            pace.note(f64::from(step), 0.5 + 0.0625 * f64::from(step));
            assert_eq!(pace.left(f64::from(step)), None);
        }
        pace.note(4.0, 0.75);
        assert_eq!((pace.left(4.0), pace.left(5.0), pace.left(90.0)), (Some(4.0), Some(3.0), Some(0.0)));
        assert_eq!(pace.before(), 0.5);
    }
}
