//! All cores at once compute what is known and fill memory with patterns, round after round.
//!
//! A core that computes wrongly mostly does so rarely, when it is hot, with some instructions only. So each thread stays on one core, all of them
//! work at the same time, and each does all problems in turn.

use super::Checked;
use super::known::KNOWN;
use super::memory::Memory;
use crate::math::lanes::{self, Lanes};
use crate::placement;
use crate::report::people;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a machine is burnt in.
pub struct BurnIn<'a> {
    /// The cores; each gets a thread of its own.
    pub cores: &'a [usize],
    /// Bytes of memory for each thread.
    pub bytes: usize,
    /// Until when rounds begin.
    pub until: Instant,
    /// Whether to stop earlier.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
    /// What a core computes in a round, and what is wrong with it. Tests have cores that err.
    pub round: &'a (dyn Fn(usize, u64) -> Option<String> + Sync),
}

/// Problems in turn, on all lanes in turn: the round of a machine.
pub fn known_round(_: usize, round: u64) -> Option<String> {
    let usable: Vec<&'static Lanes> = lanes::usable().collect();
    let known = &KNOWN[round as usize % KNOWN.len()];
    let lanes = usable[(round as usize / KNOWN.len()) % usable.len()];
    let name = format!("{} on {} lanes", known.name(), lanes.name);
    match known.found(lanes) {
        Ok(found) if found == known.answer => None,
        Ok(found) => Some(format!("{name} came to {found}, not {}", known.answer)),
        Err(why) => Some(format!("{name}: {why}")),
    }
}

/// Burns all cores in. Ends early when something is wrong. Returns a row for each core, and one for the memory.
pub fn burn_in(task: &BurnIn) -> Vec<Checked> {
    let (began, failed) = (Instant::now(), AtomicBool::new(false));
    let wrong_bit: Mutex<Option<String>> = Mutex::default();
    let (failed, first_bit) = (&failed, &wrong_bit);
    let mut rows: Vec<Checked> = std::thread::scope(|scope| {
        let thread = |&core: &usize| scope.spawn(move || on(core, task, began, failed, first_bit));
        let threads: Vec<_> = task.cores.iter().map(thread).collect();
        threads.into_iter().map(|thread| thread.join().expect("a check does not panic")).collect()
    });
    let all = people::bytes((task.bytes * task.cores.len()) as u64);
    rows.push(Checked {
        check: "memory".into(),
        wrong: wrong_bit.into_inner().expect("no thread panicked"),
        right: format!("{all} in patterns, on all cores"),
        seconds: began.elapsed().as_secs_f64(),
    });
    rows
}

/// The thread of one core.
fn on(core: usize, task: &BurnIn, began: Instant, failed: &AtomicBool, wrong_bit: &Mutex<Option<String>>) -> Checked {
    let bound = placement::bind_to(core);
    let mut memory = Memory::new(task.bytes);
    let (mut round, mut wrong) = (0, None);
    // Each has its turn at least once.
    while round == 0 || Instant::now() < task.until && !failed.load(Ordering::Relaxed) && !(task.stopped)() {
        wrong = (task.round)(core, round).map(|what| told(what, began));
        let bit = memory.round(round);
        if let Some(what) = &bit {
            let mut first = wrong_bit.lock().expect("no thread panics");
            first.get_or_insert_with(|| format!("core {core}: {}", told(what.clone(), began)));
        }
        round += 1;
        if wrong.is_some() || bit.is_some() {
            failed.store(true, Ordering::Relaxed);
            break;
        }
    }
    let more = if bound { "" } else { ", not bound to it" };
    let right = format!("{round} round{}{more}", if round == 1 { "" } else { "s" });
    Checked { check: format!("core {core}"), wrong, right, seconds: began.elapsed().as_secs_f64() }
}

/// What is wrong, and when that was seen.
fn told(what: String, began: Instant) -> String {
    format!("{what}, seen after {}", people::duration(began.elapsed().as_secs_f64()))
}

/// How much memory a thread gets: all threads together an eighth of what there is, and no more than 256 MiB each.
pub fn bytes(threads: usize, memory: Option<u64>) -> usize {
    let share = memory.unwrap_or(1 << 30) / 8 / threads.max(1) as u64;
    share.clamp(1 << 20, 1 << 28) as usize
}

/// A little longer than the checks that are done once take.
pub const USUAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn burnt(cores: &[usize], seconds: f64, round: &(dyn Fn(usize, u64) -> Option<String> + Sync)) -> Vec<Checked> {
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        burn_in(&BurnIn { cores, bytes: 1 << 16, until, stopped: &|| false, round })
    }

    #[test]
    fn a_core_that_errs_is_named_and_the_others_are_not() {
        let rows = burnt(&[0, 1, 2], 600.0, &|core, round| (core == 1 && round == 3).then(|| "2 + 2 came to 5".into()));
        let names: Vec<&str> = rows.iter().map(|row| &*row.check).collect();
        assert_eq!(names, ["core 0", "core 1", "core 2", "memory"]);
        assert!(rows[1].wrong.as_ref().unwrap().starts_with("2 + 2 came to 5, seen after "), "{rows:?}");
        assert!([0, 2, 3].iter().all(|&row| rows[row].wrong.is_none()), "{rows:?}");
    }

    #[test]
    fn each_core_has_a_round_though_there_is_no_time() {
        let rows = burnt(&[0, 1], 0.0, &known_round);
        assert!(rows.iter().all(|row| row.wrong.is_none()), "{rows:?}");
        assert!(rows[..2].iter().all(|row| row.right.starts_with("1 round")), "{rows:?}");
    }

    #[test]
    fn the_rounds_go_through_all_problems_and_lanes() {
        for round in 0..(KNOWN.len() * lanes::usable().count()) as u64 {
            assert_eq!(known_round(0, round), None);
        }
        assert_eq!(bytes(2, Some(16 << 30)), 1 << 28);
        assert_eq!(bytes(64, Some(16 << 30)), 32 << 20);
        assert_eq!(bytes(1 << 20, Some(16 << 30)), 1 << 20);
    }
}
