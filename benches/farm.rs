//! What dealing costs: how busy crews are whose blocks are short, and how many blocks the root can deal in a second.
//!
//! Blocks wait instead of computing, so that eight ranks can be watched on fewer cores; in the last row only those of
//! the root do, so that the others ask as fast as it can answer. Under a launcher it runs on all its ranks, with one
//! compute thread each, or only the rows of the waits that are named.

use pcount::error::Result;
use pcount::placement::Placement;
use pcount::run::stop::Stops;
use pcount::run::{self, Course, Schedule, Unwatched};
use pcount::values::Table;
use pcount::work::{Answer, Forecast, Kernel, UnitCost, Work};
use pcount::world;
use std::sync::Arc;
use std::time::Duration;

/// Seconds that this thread has had a core, where the system tells.
fn on_core() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns * 1e-9)
}

/// Units that wait.
struct Waits {
    units: u64,
    /// At the root, and elsewhere.
    wait: [Duration; 2],
}

impl Kernel for Waits {
    /// How many there were.
    type Part = u64;
    /// How long a unit is.
    type Scratch = Duration;
    fn units(&self) -> u64 {
        self.units
    }
    fn scratch(&self, placement: &Placement) -> Duration {
        self.wait[placement.rank.min(1)]
    }
    fn compute(&self, _: u64, wait: &mut Duration) -> Result<u64> {
        if !wait.is_zero() {
            std::thread::sleep(*wait);
        }
        Ok(1)
    }
    fn answer(&self, _: u64) -> Result<Answer> {
        Ok(Answer::rows(Table::of(&[]), ""))
    }
    fn forecast(&self) -> Forecast {
        Forecast::default()
    }
    fn unit_cost(&self) -> UnitCost {
        UnitCost::Varying
    }
}

fn main() {
    world::load_mpi();
    let world = world::open(None).expect("the launcher makes a world");
    let world = &*world;
    let ranks = world.size() as u64;
    let asked: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    if world.is_root() {
        println!("{ranks} ranks, each block a unit of its own\n");
        println!("wait ms   blocks  seconds   busy %  requests/s  root us/request");
    }
    for (root, wait, units) in [(100, 100, 60), (10, 10, 500), (1, 1, 3000), (100, 0, 20_000)] {
        if !asked.is_empty() && !asked.contains(&wait) {
            continue;
        }
        let work: Arc<dyn Work> =
            Arc::new(Waits { units: units * ranks, wait: [root, wait].map(Duration::from_millis) });
        let stops = Stops::never();
        let course = Course { largest: 0, ..Course::new(Some(Schedule::Farm), &stops) };
        let placement = Placement { threads: 1, ..Placement::here(world.rank()) };
        let before = on_core();
        if let Some(outcome) = run::run(world, &work, &placement, course, &mut Unwatched).expect("waiting never fails")
        {
            let blocks: u64 = outcome.ranks.iter().map(|rank| rank.blocks).sum();
            assert_eq!(blocks, units * ranks);
            // What the root computes itself it need not ask for.
            let requests = blocks - outcome.ranks[0].blocks;
            let cost = (on_core() - before) / requests as f64 * 1e6;
            let (busy, rate) = (100.0 * outcome.busy.mean / outcome.seconds, requests as f64 / outcome.seconds);
            println!("{wait:7}  {blocks:7}  {:7.2}  {busy:7.2}  {rate:10.0}  {cost:15.1}", outcome.seconds);
        }
    }
}
