//! Ranks come to a barrier one after the other and leave it together: `mpirun -n 4 target/release/examples/barrier`

use mpi::traits::*;
use std::time::{Duration, Instant};

fn main() {
    let universe = mpi::initialize().expect("MPI starts once");
    let world = universe.world();
    let rank = world.rank();

    // So that the clocks of all begin together.
    world.barrier();
    let began = Instant::now();
    std::thread::sleep(Duration::from_millis(100) * rank as u32);
    let arrived = began.elapsed().as_secs_f64();
    world.barrier();
    let released = began.elapsed().as_secs_f64();
    println!("rank {rank}: arrived after {arrived:.2} s, released after {released:.2} s");
}
