//! Finds the placement of each rank, and how many threads each may have.

use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::wire;
use crate::world::{World, agree, from_root};

/// The placement of this rank, with its number of threads; at the root the placements of all ranks in order.
///
/// The number of threads is `asked`, or else what `PCOUNT_THREADS` or `OMP_NUM_THREADS` says on rank 0, or else the number of
/// cores that this rank may use divided by the number of ranks that may use the same cores.
///
/// # Errors
/// On every rank: if the environment of rank 0 asks for a number of threads that cannot be.
pub fn take(world: &dyn World, asked: Option<usize>) -> Result<(Placement, Vec<Placement>)> {
    let mut mine = Placement::here(world.rank());
    // The environment may differ between hosts: all use that of rank 0.
    let asked = from_root(world, || wanted(asked))?;
    let placements = world.gather(wire::bytes(&mine));
    let decided = decide(placements, asked);
    let (threads, placements) = match agree(world, decided, |_| 0)? {
        Some(placements) => (placements.iter().map(|placement| placement.threads).collect(), placements),
        None => (Vec::new(), Vec::new()),
    };
    let threads: Vec<usize> = wire::value(&world.broadcast(wire::bytes::<Vec<usize>>(&threads)))?;
    mine.threads = threads[world.rank()];
    Ok((mine, placements))
}

/// The placements with their threads, at the root.
fn decide(placements: Option<Vec<Vec<u8>>>, asked: Option<usize>) -> Result<Option<Vec<Placement>>> {
    let Some(placements) = placements else { return Ok(None) };
    let mut placements =
        placements.iter().map(|placement| wire::value(placement)).collect::<Result<Vec<Placement>>>()?;
    let shares: Vec<usize> = placements
        .iter()
        .map(|placement| placements.iter().filter(|other| other.shares_cores(placement)).count())
        .collect();
    for (placement, sharing) in placements.iter_mut().zip(shares) {
        placement.threads = asked.unwrap_or((placement.threads / sharing).max(1));
    }
    Ok(Some(placements))
}

/// How many threads each rank would have if so many ranks ran on this host: for a dry run.
///
/// # Errors
/// If the environment asks for a number of threads that cannot be.
pub fn expect(asked: Option<usize>, ranks: usize) -> Result<usize> {
    Ok(wanted(asked)?.unwrap_or((Placement::here(0).threads / ranks).max(1)))
}

/// The most threads that can be asked for.
pub const THREADS_MAX: usize = 4096;

/// The number of threads that is wanted, if any is: `asked`, or else that of the environment.
///
/// # Errors
/// If the environment asks for a number of threads that cannot be.
pub fn wanted(asked: Option<usize>) -> Result<Option<usize>> {
    asked.map_or_else(from_environment, |n| Ok(Some(n)))
}

fn from_environment() -> Result<Option<usize>> {
    for name in ["PCOUNT_THREADS", "OMP_NUM_THREADS"] {
        let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { continue };
        // In OpenMP this may be a list for nested regions; the first number counts.
        let first = text.split(',').next().unwrap_or_default().trim();
        return match first.parse() {
            Ok(threads) if (1..=THREADS_MAX).contains(&threads) => Ok(Some(threads)),
            _ => Err(Error::usage(format!("{name}='{text}' is not a number of threads: 1 to {THREADS_MAX}"))),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(host: &str, cores: &[usize]) -> Vec<u8> {
        wire::bytes(&Placement { host: host.into(), cores: cores.to_vec(), threads: cores.len(), ..Placement::here(0) })
    }

    #[test]
    fn ranks_that_share_cores_share_them_out() {
        let placements = || {
            Some(vec![
                placement("a", &[0, 1, 2, 3]),
                placement("a", &[0, 1, 2, 3]),
                placement("a", &[4]),
                placement("b", &[0, 1, 2, 3]),
            ])
        };
        let threads = |asked| -> Vec<usize> {
            decide(placements(), asked).unwrap().unwrap().iter().map(|placement| placement.threads).collect()
        };
        assert_eq!(threads(None), [2, 2, 1, 4]);
        assert_eq!(threads(Some(3)), [3, 3, 3, 3]);
    }

    #[test]
    fn more_ranks_than_cores_have_a_thread_each() {
        let placements = (0..8).map(|_| placement("a", &[0, 1])).collect();
        assert!(decide(Some(placements), None).unwrap().unwrap().iter().all(|placement| placement.threads == 1));
    }
}
