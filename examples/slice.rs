//! Every rank counts the primes of its slice: `mpirun -n 4 target/release/examples/slice`

use mpi::traits::*;

/// Below this number the primes are counted.
const END: u64 = 1_000_000;

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let (rank, ranks) = (world.rank() as u64, world.size() as u64);

    // Slices of equal width; the last one ends where all of it does.
    let (start, end) = (END * rank / ranks, END * (rank + 1) / ranks);
    let count = (start..end).filter(|&n| is_prime(n)).count();
    println!("rank {rank}: {count} primes in {start}..{end}");
}
