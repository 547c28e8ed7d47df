//! Sizes the crews: who sits where, and how many threads each rank may have.

use crate::error::{Error, Result};
use crate::seat::Seat;
use crate::wire;
use crate::world::{World, agree, from_root};

/// Where this rank sits, with its number of threads; at the root all seats in rank order.
///
/// That number is `asked` if it is given, else what `PCOUNT_THREADS` or `OMP_NUM_THREADS` says to rank 0, else
/// the cores that this rank may use divided by the ranks that may use the same ones.
pub fn take(world: &dyn World, asked: Option<usize>) -> Result<(Seat, Vec<Seat>)> {
    let mut mine = Seat::here(world.rank());
    // The environment may differ between hosts: rank 0's counts, for all.
    let asked = from_root(world, || asked.map_or_else(from_environment, |n| Ok(Some(n))))?;
    let seats = world.gather(wire::bytes(&mine));
    let decided = decide(seats, asked);
    let (threads, seats) = match agree(world, decided, |_| 0)? {
        Some(seats) => (seats.iter().map(|seat| seat.threads).collect(), seats),
        None => (Vec::new(), Vec::new()),
    };
    let threads: Vec<usize> = wire::value(&world.share(wire::bytes::<Vec<usize>>(&threads)))?;
    mine.threads = threads[world.rank()];
    Ok((mine, seats))
}

/// The seats with their threads, at the root.
fn decide(seats: Option<Vec<Vec<u8>>>, asked: Option<usize>) -> Result<Option<Vec<Seat>>> {
    let Some(seats) = seats else { return Ok(None) };
    let mut seats = seats.iter().map(|seat| wire::value(seat)).collect::<Result<Vec<Seat>>>()?;
    let shares: Vec<usize> =
        seats.iter().map(|seat| seats.iter().filter(|other| other.shares_cores(seat)).count()).collect();
    for (seat, sharing) in seats.iter_mut().zip(shares) {
        seat.threads = asked.unwrap_or((seat.threads / sharing).max(1));
    }
    Ok(Some(seats))
}

/// How many threads each of so many ranks on this host would have: for a dry run.
pub fn expect(asked: Option<usize>, ranks: usize) -> Result<usize> {
    let asked = asked.map_or_else(from_environment, |n| Ok(Some(n)))?;
    Ok(asked.unwrap_or((Seat::here(0).threads / ranks).max(1)))
}

/// The most threads that can be asked for.
pub const THREADS_MAX: usize = 4096;

fn from_environment() -> Result<Option<usize>> {
    for name in ["PCOUNT_THREADS", "OMP_NUM_THREADS"] {
        let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { continue };
        // OpenMP has a list here, for nested regions; the first one counts.
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

    fn seat(host: &str, cores: &[usize]) -> Vec<u8> {
        wire::bytes(&Seat {
            rank: 0,
            host: host.into(),
            pid: 1,
            cores: cores.to_vec(),
            threads: cores.len(),
            cache: 1 << 15,
        })
    }

    #[test]
    fn ranks_that_share_cores_share_them_out() {
        let seats = || {
            Some(vec![seat("a", &[0, 1, 2, 3]), seat("a", &[0, 1, 2, 3]), seat("a", &[4]), seat("b", &[0, 1, 2, 3])])
        };
        let threads = |asked| -> Vec<usize> {
            decide(seats(), asked).unwrap().unwrap().iter().map(|seat| seat.threads).collect()
        };
        assert_eq!(threads(None), [2, 2, 1, 4]);
        assert_eq!(threads(Some(3)), [3, 3, 3, 3]);
    }

    #[test]
    fn more_ranks_than_cores_have_a_thread_each() {
        let seats = (0..8).map(|_| seat("a", &[0, 1])).collect();
        assert!(decide(Some(seats), None).unwrap().unwrap().iter().all(|seat| seat.threads == 1));
    }
}
