//! One rank: there is no launcher in the environment, so no MPI, and no other rank to wait for.

use super::World;

/// One rank alone, without MPI.
pub struct Solo;

impl World for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn send(&self, _: usize, _: &[u8]) {
        unreachable!("one rank has no one to write to")
    }

    fn poll(&self) -> Option<(usize, Vec<u8>)> {
        None
    }

    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        Some(vec![mine])
    }

    fn first_ranks(&self, _: usize) -> Option<Box<dyn World + '_>> {
        Some(Box::new(Solo))
    }

    fn can_tolerate(&self) -> Result<(), String> {
        Err("there is one rank".into())
    }

    fn broadcast(&self, mine: Vec<u8>) -> Vec<u8> {
        mine
    }
}
