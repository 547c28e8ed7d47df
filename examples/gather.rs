//! Rank 0 gathers what every rank has doubled, in the order of ranks: `mpirun -n 4 target/release/examples/gather`

use mpi::traits::*;

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let (rank, ranks) = (world.rank() as usize, world.size() as usize);

    // Three numbers of 1, 2, 3, ... are this rank's chunk.
    let chunk: Vec<u64> = (1 + 3 * rank as u64..).take(3).map(|n| 2 * n).collect();

    let root = world.process_at_rank(0);
    if rank == 0 {
        let mut all = vec![0u64; 3 * ranks];
        root.gather_into_root(&chunk[..], &mut all[..]);
        println!("{all:?}");
    } else {
        root.gather_into(&chunk[..]);
    }
}
