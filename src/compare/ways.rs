//! Which ways there are to compute a problem: numbers of ranks and threads, and schedules.

use crate::placement::Placement;
use crate::run::Schedule;
use crate::wire;

/// One way to compute the problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The number of its method, among those that are compared.
    pub method: usize,
    /// How many ranks compute: the first ones.
    pub ranks: usize,
    /// How many threads each of them has.
    pub threads: usize,
    /// How blocks get to ranks.
    pub schedule: Schedule,
    /// Whether each thread has a core of its own, or needs none.
    pub has_room: bool,
}

impl Way {
    /// How many threads compute, on all ranks together.
    pub fn workers(&self) -> usize {
        self.ranks * self.threads
    }

    /// What it is called.
    pub fn mode(&self) -> &'static str {
        match (self.ranks, self.threads) {
            (1, 1) => "sequential",
            (1, _) => "threads",
            (_, 1) => "ranks",
            _ => "ranks+threads",
        }
    }
}

/// The cores of the ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// How many threads each of the first 1, 2, ... ranks can have if each thread has a core of its own; 0 if there are more ranks
    /// than cores.
    pub threads: Vec<usize>,
}

wire::fields! { Machine { threads } }

impl Machine {
    /// That of ranks with these placements, whose threads are what each would have alone.
    pub fn of(placements: &[Placement]) -> Machine {
        // Those that share their cores, and how many they are so far.
        let mut groups: Vec<(&Placement, usize)> = vec![];
        let room = |one| {
            match groups.iter_mut().find(|(other, _)| other.shares_cores(one)) {
                Some((_, sharing)) => *sharing += 1,
                None => groups.push((one, 1)),
            }
            groups.iter().map(|(one, sharing)| one.threads / sharing).min().unwrap_or(0)
        };
        Machine { threads: placements.iter().map(room).collect() }
    }

    /// How many ranks there are.
    pub fn ranks(&self) -> usize {
        self.threads.len()
    }
}

/// What decides which ways there are.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// How many methods are compared.
    pub methods: usize,
    /// How many threads a rank shall have at most, if that was said.
    pub threads: Option<usize>,
    /// The schedule, if that was said.
    pub schedule: Option<Schedule>,
    /// How many units there are.
    pub units: u64,
    /// How many units a rank may have in progress, where they wait rather than compute.
    pub at_once: Option<usize>,
}

/// Threads of a rank that wait rather than compute, if nobody asks for more.
const WAITING_THREADS_MAX: u64 = 8;

/// All ways, the sequential one of each method first.
pub fn ways(machine: &Machine, choice: &Choice) -> Vec<Way> {
    let ranks = counts(machine.ranks());
    let threads = |ranks: usize| most_threads(machine, choice, ranks);
    let mut sizes: Vec<(usize, usize)> = counts(threads(1)).into_iter().map(|threads| (1, threads)).collect();
    let several = || ranks.iter().copied().filter(|&ranks| ranks > 1);
    sizes.extend(several().map(|ranks| (ranks, 1)));
    sizes.extend(several().map(|ranks| (ranks, threads(ranks))).filter(|&(_, threads)| threads > 1));
    let mut ways = vec![];
    for method in 0..choice.methods {
        for &(ranks, threads) in &sizes {
            let has_room = match choice.at_once {
                Some(_) => (ranks * threads) as u64 <= choice.units,
                None => threads <= machine.threads[ranks - 1],
            };
            let schedules = Schedule::ALL.into_iter().filter(|&schedule| match choice.schedule {
                Some(asked) => schedule == asked,
                // One rank gets all units, however they are dealt.
                None => ranks > 1 || schedule == Schedule::Fixed,
            });
            ways.extend(schedules.map(|schedule| Way { method, ranks, threads, schedule, has_room }));
        }
    }
    ways
}

/// How many threads each of so many ranks has at most.
fn most_threads(machine: &Machine, choice: &Choice, ranks: usize) -> usize {
    let room = match choice.at_once {
        Some(at_once) => choice.units.div_ceil(ranks as u64).min(WAITING_THREADS_MAX).min(at_once as u64) as usize,
        None => machine.threads[ranks - 1],
    };
    choice.threads.unwrap_or(room).max(1)
}

/// The numbers from 1 to `most` that are tried: all up to 8, then two for each doubling, and the last.
fn counts(most: usize) -> Vec<usize> {
    let mut counts: Vec<usize> = (1..=most.min(8)).collect();
    let further = (3..).flat_map(|power| [3 << (power - 1), 2 << power]);
    counts.extend(further.take_while(|&count| count < most));
    if most > 8 {
        counts.push(most);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPUTED: Choice = Choice { methods: 1, threads: None, schedule: None, units: 1000, at_once: None };

    fn shown(machine: &[usize], choice: Choice) -> Vec<String> {
        let machine = Machine { threads: machine.to_vec() };
        let shown = |way: Way| {
            let room = if way.has_room { "" } else { "!" };
            format!("{}x{}{}{room}", way.ranks, way.threads, &way.schedule.name()[..1])
        };
        ways(&machine, &choice).into_iter().map(shown).collect()
    }

    #[test]
    fn alone_it_is_the_threads() {
        assert_eq!(shown(&[4], COMPUTED), ["1x1f", "1x2f", "1x3f", "1x4f"]);
        assert_eq!(shown(&[1], COMPUTED), ["1x1f"]);
        assert_eq!(shown(&[1], Choice { threads: Some(2), ..COMPUTED }), ["1x1f", "1x2f!"]);
    }

    #[test]
    fn ranks_have_both_schedules_and_threads_where_there_are_cores() {
        let all = ["1x1f", "1x2f", "1x3f", "1x4f", "2x1f", "2x1f", "3x1f", "3x1f", "2x2f", "2x2f"];
        assert_eq!(shown(&[4, 2, 1], COMPUTED), all);
        let farm = Choice { schedule: Some(Schedule::Farm), ..COMPUTED };
        assert_eq!(shown(&[2, 1, 0], farm), ["1x1f", "1x2f", "2x1f", "3x1f!"]);
        assert!(ways(&Machine { threads: vec![2, 1] }, &farm).iter().all(|way| way.schedule == Schedule::Farm));
        let schedules = ways(&Machine { threads: vec![1, 1] }, &COMPUTED);
        assert_eq!(schedules[1..].iter().map(|way| way.schedule).collect::<Vec<_>>(), Schedule::ALL);
    }

    #[test]
    fn what_waits_needs_no_cores() {
        let waits = Choice { units: 3, at_once: Some(32), ..COMPUTED };
        assert_eq!(shown(&[1], waits), ["1x1f", "1x2f", "1x3f"]);
        assert_eq!(shown(&[1, 0], Choice { schedule: Some(Schedule::Fixed), ..waits })[3..], ["2x1f", "2x2f!"]);
        assert_eq!(shown(&[2], Choice { units: 100, ..waits }).len(), 8);
    }

    #[test]
    fn each_method_has_all_ways() {
        let ways = ways(&Machine { threads: vec![2] }, &Choice { methods: 2, ..COMPUTED });
        let sizes: Vec<_> = ways.iter().map(|way| (way.method, way.threads)).collect();
        assert_eq!(sizes, [(0, 1), (0, 2), (1, 1), (1, 2)]);
    }

    #[test]
    fn many_are_tried_in_steps() {
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(counts(9)[8..], [9]);
        assert_eq!(counts(64)[8..], [12, 16, 24, 32, 48, 64]);
        assert_eq!(counts(70)[13..], [64, 70]);
    }

    #[test]
    fn ranks_share_the_cores_of_their_host() {
        let placement = |host: &str, cores: &[usize]| Placement {
            host: host.into(),
            cores: cores.to_vec(),
            threads: cores.len(),
            ..Placement::here(0)
        };
        let (a, b) = (placement("a", &[0, 1]), placement("b", &[0, 1]));
        assert_eq!(Machine::of(&[a.clone(), b, a.clone(), a]).threads, [2, 2, 1, 0]);
    }
}
