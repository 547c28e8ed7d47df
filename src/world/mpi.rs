//! The world that a launcher made. The only file that names MPI.
//!
//! Only the main thread of a rank calls MPI (`THREAD_FUNNELED`). MPI libraries wait by spinning, which takes
//! the cores from the crews of ranks that still compute; so every collective here is preceded by a barrier
//! that is polled with sleeps, and when the collective itself begins all ranks are there and it is short.
//!
//! `unsafe` is here for the two things that the binding does not offer: aborting from a panic's thread, and
//! asking the library for its name.

use super::{Patience, World};
use crate::error::{Error, Result};
use ::mpi::collective::SystemOperation;
use ::mpi::datatype::PartitionMut;
use ::mpi::environment::Universe;
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::*;
use ::mpi::{Count, Threading};

pub struct Mpi {
    // Declared, and so dropped, before what it is a part of.
    ranks: SimpleCommunicator,
    _universe: Universe,
}

/// Messages of the schedules.
const TAG: ::mpi::Tag = 7;

/// MPI counts bytes in a C int; gathers of more go in rounds of so many at the root.
const ROUND: usize = 1 << 30;

impl Mpi {
    pub fn open() -> Result<Mpi> {
        let (universe, threading) = ::mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| Error::failed("MPI was initialised before"))?;
        if threading < Threading::Funneled {
            return Err(Error::failed(format!("{} does not allow threads beside the main one", library())));
        }
        Ok(Mpi { ranks: universe.world(), _universe: universe })
    }

    /// Waits asleep until every rank is here.
    fn assemble(&self) {
        let mut all_here = self.ranks.immediate_barrier();
        let mut patience = Patience::new();
        while let Err(waiting) = all_here.test() {
            all_here = waiting;
            patience.wait();
        }
    }
}

impl World for Mpi {
    fn rank(&self) -> usize {
        self.ranks.rank() as usize
    }

    fn size(&self) -> usize {
        self.ranks.size() as usize
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        self.ranks.process_at_rank(to as i32).send_with_tag(bytes, TAG);
    }

    fn poll(&self) -> Option<(usize, Vec<u8>)> {
        let (message, status) = self.ranks.any_process().immediate_matched_probe_with_tag(TAG)?;
        let mut bytes = vec![0u8; status.count(u8::equivalent_datatype()) as usize];
        message.matched_receive_into(&mut bytes[..]);
        Some((status.source_rank() as usize, bytes))
    }

    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        self.assemble();
        let (root, size) = (self.ranks.process_at_rank(0), self.size());
        let longest = self.longest(mine.len());
        let mut lengths = vec![0u64; if self.is_root() { size } else { 0 }];
        match self.is_root() {
            true => root.gather_into_root(&(mine.len() as u64), &mut lengths[..]),
            false => root.gather_into(&(mine.len() as u64)),
        }
        let piece = (ROUND / size).max(1);
        let mut all: Vec<Vec<u8>> = lengths.iter().map(|&length| Vec::with_capacity(length as usize)).collect();
        for start in (0..longest.max(1)).step_by(piece) {
            let part = |length: usize| start.min(length)..(start + piece).min(length);
            let send = &mine[part(mine.len())];
            if !self.is_root() {
                root.gather_varcount_into(send);
                continue;
            }
            let counts: Vec<Count> = lengths.iter().map(|&length| part(length as usize).len() as Count).collect();
            let places: Vec<Count> =
                counts.iter().scan(0, |at, count| Some(std::mem::replace(at, *at + count))).collect();
            let mut round = vec![0u8; counts.iter().sum::<Count>() as usize];
            let mut partition = PartitionMut::new(&mut round[..], &counts[..], &places[..]);
            root.gather_varcount_into_root(send, &mut partition);
            for (all, (&place, &count)) in all.iter_mut().zip(places.iter().zip(&counts)) {
                all.extend(&round[place as usize..][..count as usize]);
            }
        }
        self.is_root().then_some(all)
    }

    fn share(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        self.assemble();
        let root = self.ranks.process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        for piece in bytes.chunks_mut(ROUND) {
            root.broadcast_into(piece);
        }
        bytes
    }

    fn meet(&self) {
        self.assemble();
    }

    fn most(&self, mine: u64) -> u64 {
        self.assemble();
        let mut most = 0;
        self.ranks.all_reduce_into(&mine, &mut most, SystemOperation::max());
        most
    }
}

impl Mpi {
    /// The most of everyone's lengths; the ranks are assembled.
    fn longest(&self, mine: usize) -> usize {
        let mut longest = 0u64;
        self.ranks.all_reduce_into(&(mine as u64), &mut longest, SystemOperation::max());
        longest as usize
    }
}

/// Ends every rank of the job with `code`; returns if MPI is not running.
pub fn abort(code: u8) {
    if ::mpi::is_initialized() && !::mpi::is_finalized() {
        // SAFETY: MPI is running, and the world communicator is valid as long as it does.
        unsafe {
            ::mpi::ffi::MPI_Abort(::mpi::ffi::RSMPI_COMM_WORLD, code.into());
        }
    }
}

/// The MPI library's name and version, in one line; MPI need not be running.
pub fn library() -> String {
    let text = ::mpi::environment::library_version().unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end_matches('\0').trim();
    // MPICH puts a tab between words, Open MPI a list of build details behind commas.
    line.split(", package").next().unwrap_or_default().replace('\t', " ")
}
