//! Rank 0 has tasks, and whoever is free gets the next one: `mpirun -n 4 target/release/examples/farm`

use mpi::traits::*;

/// Primes are counted in each of them; they take longer and longer.
const TASKS: u64 = 20;
/// What a worker hears when there is no more.
const HOME: u64 = u64::MAX;

fn primes_in(task: u64) -> u64 {
    let is_prime = |n: &u64| *n >= 2 && (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (10_000 * task..10_000 * (task + 1)).filter(is_prime).count() as u64
}

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let root = world.process_at_rank(0);
    let mut counts = vec![0; TASKS as usize];
    if world.size() == 1 {
        counts = (0..TASKS).map(primes_in).collect();
    } else if world.rank() == 0 {
        // The first words of the workers have no answer in them, the others the one of their last task.
        let tasks = (0..TASKS).chain(std::iter::repeat_n(HOME, world.size() as usize - 1));
        for next in tasks {
            let (said, status) = world.any_process().receive_vec::<u64>();
            if said[0] != HOME {
                counts[said[0] as usize] = said[1];
            }
            world.process_at_rank(status.source_rank()).send(&next);
        }
    } else {
        root.send(&[HOME, 0][..]);
        while let task @ 0..TASKS = root.receive::<u64>().0 {
            root.send(&[task, primes_in(task)][..]);
        }
    }
    if world.rank() == 0 {
        println!("{counts:?}\ntotal: {}", counts.iter().sum::<u64>());
    }
}
