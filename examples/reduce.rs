//! Every rank adds its ten numbers, and rank 0 gets the sum of the sums: `mpirun -n 4 target/release/examples/reduce`

use mpi::collective::SystemOperation;
use mpi::traits::*;

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let rank = world.rank() as u64;

    let mine: u64 = (10 * rank..10 * (rank + 1)).sum();
    println!("rank {rank}: {mine}");

    let root = world.process_at_rank(0);
    if rank == 0 {
        let mut total = 0u64;
        root.reduce_into_root(&mine, &mut total, SystemOperation::sum());
        println!("total: {total}");
    } else {
        root.reduce_into(&mine, SystemOperation::sum());
    }
}
