//! Several runs side by side: how long each took.

use super::Frame;
use super::speedup::bars_of_time;
use crate::plot::drawn::DrawnRun;
use crate::plot::picture::Picture;

/// How long each run took, with all its attempts.
pub fn side_by_side(runs: &[DrawnRun], frame: &Frame) -> Picture {
    let bars: Vec<(String, f64)> = runs.iter().map(|run| (run.name.clone(), run.seconds())).collect();
    bars_of_time("Time of each run", &bars, frame)
}
