//! Every rank squares its share of the numbers, and all get the sum: `mpirun -n 4 target/release/examples/map_reduce`

use mpi::collective::SystemOperation;
use mpi::traits::*;

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let (rank, ranks) = (world.rank() as usize, world.size() as usize);

    // Dealt like cards: this rank has every ranks-th number.
    let numbers = 1..=100u64;
    let mapped: Vec<u64> = numbers.skip(rank).step_by(ranks).map(|n| n * n).collect();
    let mine = mapped.iter().copied().reduce(|a, b| a + b).unwrap_or(0);

    let mut total = 0u64;
    world.all_reduce_into(&mine, &mut total, SystemOperation::sum());
    println!("rank {rank}: {} squares, {mine} of {total}", mapped.len());
}
