//! The world that a launcher made. The only file that names MPI, but for `ulfm.rs`.
//!
//! Only the main thread of a rank calls MPI (`THREAD_FUNNELED`). MPI libraries wait by spinning, which takes
//! the cores from the crews of ranks that still compute; so every collective here is preceded by a barrier
//! that is polled with sleeps, and when the collective itself begins all ranks are there and it is short.
//!
//! Ranks may die where that is tolerated; `ulfm.rs` has what MPI says of it. So messages are sent and received by calls
//! that give MPI's error, which the binding drops. All else that fails ends the job, as MPI does it by default. `unsafe`
//! is here for those calls, for ending on an error, and for aborting from a panic's thread.

use super::ulfm::Ulfm;
use super::{Patience, World, complain, launch};
use crate::error::{Error, Result};
use ::mpi::collective::SystemOperation;
use ::mpi::datatype::PartitionMut;
use ::mpi::environment::Universe;
use ::mpi::ffi;
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::*;
use ::mpi::{Count, Threading};
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

pub struct Mpi {
    ranks: SimpleCommunicator,
    universe: ManuallyDrop<Universe>,
    /// What this MPI can do about ranks that die, or why it cannot.
    ulfm: std::result::Result<Ulfm, String>,
    /// Whether they may, just now.
    tolerates: Cell<bool>,
    /// The dead in the order of their deaths, and when MPI was asked for them.
    dead: RefCell<(Vec<usize>, Instant)>,
    /// Those that were left when deaths had been tolerated.
    left: OnceCell<Left>,
}

/// The ranks that are left, and their numbers in the world that was.
struct Left {
    ranks: ManuallyDrop<SimpleCommunicator>,
    numbers: Vec<usize>,
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
        let ranks = universe.world();
        let ulfm = match ranks.size() {
            1 => Err("there is one rank".into()),
            _ => Ulfm::find(),
        };
        if ulfm.is_ok() {
            end_on_errors(&ranks);
        }
        Ok(Mpi {
            ranks,
            universe: ManuallyDrop::new(universe),
            ulfm,
            tolerates: Cell::new(false),
            dead: RefCell::new((Vec::new(), Instant::now())),
            left: OnceCell::new(),
        })
    }

    /// Who takes part in collectives.
    fn all(&self) -> &SimpleCommunicator {
        self.left.get().map_or(&self.ranks, |left| &*left.ranks)
    }

    /// Waits asleep until every rank is here.
    fn assemble(&self) {
        let mut all_here = self.all().immediate_barrier();
        let mut patience = Patience::new();
        while let Err(waiting) = all_here.test() {
            all_here = waiting;
            // A barrier does not always hear of a death.
            self.look_for_deaths_now_and_then();
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
        // SAFETY: the bytes are there until the call returns, and the communicator for as long as this is.
        let code = unsafe {
            let (count, kind) = (bytes.len() as Count, u8::equivalent_datatype().as_raw());
            ffi::MPI_Send(bytes.as_ptr().cast(), count, kind, to as i32, TAG, self.ranks.as_raw())
        };
        if code != 0 && !self.turns_out_dead(to) {
            fail(code);
        }
    }

    fn poll(&self) -> Option<(usize, Vec<u8>)> {
        self.look_for_deaths_now_and_then();
        let began = Instant::now();
        loop {
            match self.receive() {
                Ok(message) => return message,
                Err(code) if began.elapsed() >= SOON => fail(code),
                // A death is an error until it has been looked for.
                Err(_) => drop(self.look_for_deaths()),
            }
            std::thread::sleep(MOMENT);
        }
    }

    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        self.assemble();
        let (root, size) = (self.all().process_at_rank(0), self.all().size() as usize);
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
        if let Some(left) = self.left.get() {
            let mut everyone = vec![Vec::new(); self.size()];
            left.numbers.iter().zip(all).for_each(|(&rank, bytes)| everyone[rank] = bytes);
            all = everyone;
        }
        self.is_root().then_some(all)
    }

    fn share(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        self.assemble();
        let root = self.all().process_at_rank(0);
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
        self.all().all_reduce_into(&mine, &mut most, SystemOperation::max());
        most
    }

    fn can_tolerate(&self) -> std::result::Result<(), String> {
        self.ulfm.clone().map(drop)
    }

    fn tolerate(&self) {
        // SAFETY: it is a constant of the library.
        on_errors(&self.ranks, unsafe { ffi::RSMPI_ERRORS_RETURN });
        self.tolerates.set(true);
    }

    fn lost(&self) -> Vec<usize> {
        self.dead.borrow().0.clone()
    }

    fn shrink(&self) {
        let ulfm = self.ulfm.as_ref().expect("the world can tolerate deaths");
        let Some((ranks, numbers)) = ulfm.shrink(self.ranks.as_raw()) else {
            end("MPI cannot leave the dead ranks behind")
        };
        self.note((0..self.size()).filter(|rank| !numbers.contains(rank)));
        self.tolerates.set(false);
        // SAFETY: MPI has just made it, and nobody else knows it.
        let ranks = unsafe { SimpleCommunicator::from_raw(ranks) };
        end_on_errors(&ranks);
        let _ = self.left.set(Left { ranks: ManuallyDrop::new(ranks), numbers });
    }
}

impl Mpi {
    /// The most of everyone's lengths; the ranks are assembled.
    fn longest(&self, mine: usize) -> usize {
        let mut longest = 0u64;
        self.all().all_reduce_into(&(mine as u64), &mut longest, SystemOperation::max());
        longest as usize
    }

    /// The next message, or MPI's error.
    fn receive(&self) -> std::result::Result<Option<(usize, Vec<u8>)>, i32> {
        let ok = |code: i32| if code == 0 { Ok(()) } else { Err(code) };
        // SAFETY: MPI writes to what is its own here, and to as many bytes as it has told.
        unsafe {
            let (mut flag, mut count) = (0, 0);
            let mut message = ffi::RSMPI_MESSAGE_NULL;
            let mut status: ffi::MPI_Status = std::mem::zeroed();
            let (any, kind) = (ffi::RSMPI_ANY_SOURCE, u8::equivalent_datatype().as_raw());
            ok(ffi::MPI_Improbe(any, TAG, self.ranks.as_raw(), &mut flag, &mut message, &mut status))?;
            if flag == 0 {
                return Ok(None);
            }
            ok(ffi::MPI_Get_count(&status, kind, &mut count))?;
            let mut bytes = vec![0u8; count as usize];
            let from = status.MPI_SOURCE as usize;
            match ok(ffi::MPI_Mrecv(bytes.as_mut_ptr().cast(), count, kind, &mut message, &mut status)) {
                Ok(()) => Ok(Some((from, bytes))),
                // It broke off with its sender.
                Err(_) if self.turns_out_dead(from) => Ok(None),
                Err(code) => Err(code),
            }
        }
    }

    /// The dead, as MPI knows them by now. One that cannot be done without ends the job.
    fn look_for_deaths(&self) -> Vec<usize> {
        if let Ok(ulfm) = &self.ulfm {
            self.note(ulfm.dead(self.ranks.as_raw()));
        }
        self.lost()
    }

    /// The same where no error tells of them.
    fn look_for_deaths_now_and_then(&self) {
        if self.ulfm.is_ok() && self.dead.borrow().1.elapsed() >= LOOK {
            self.look_for_deaths();
        }
    }

    /// Whether a rank that cannot be reached is dead.
    fn turns_out_dead(&self, rank: usize) -> bool {
        let began = Instant::now();
        while !self.look_for_deaths().contains(&rank) {
            if began.elapsed() >= SOON {
                return false;
            }
            std::thread::sleep(MOMENT);
        }
        true
    }

    fn note(&self, dead: impl IntoIterator<Item = usize>) {
        let (known, asked) = &mut *self.dead.borrow_mut();
        *asked = Instant::now();
        for rank in dead {
            if known.contains(&rank) {
                continue;
            }
            if rank == 0 || !self.tolerates.get() {
                end(&format!("rank {rank} died, which ends the job"));
            }
            known.push(rank);
        }
    }
}

/// How often MPI is asked who died: that is not free.
const LOOK: Duration = Duration::from_millis(20);

/// MPI fails to reach a dead rank somewhat before it knows that it is dead.
const SOON: Duration = Duration::from_secs(2);
const MOMENT: Duration = Duration::from_millis(1);

impl Drop for Mpi {
    fn drop(&mut self) {
        if self.left.get().is_some() {
            // Where a rank has died MPI_Finalize hangs now and then, so the last thing is to see that all are here.
            return self.assemble();
        }
        // SAFETY: it is dropped once, and nothing uses MPI after that.
        unsafe { ManuallyDrop::drop(&mut self.universe) }
    }
}

/// What MPI does about errors on a communicator.
fn on_errors(ranks: &SimpleCommunicator, handler: ffi::MPI_Errhandler) {
    // SAFETY: both are valid.
    unsafe {
        ffi::MPI_Comm_set_errhandler(ranks.as_raw(), handler);
    }
}

/// From now on an error there ends this rank.
fn end_on_errors(ranks: &SimpleCommunicator) {
    extern "C" fn ended(_: *mut ffi::MPI_Comm, code: *mut c_int) {
        // SAFETY: MPI calls this with the error's code.
        fail(unsafe { *code })
    }
    // SAFETY: MPI may hand more to such a function, which this one does not look at. The handler is never freed.
    unsafe {
        let ended = std::mem::transmute::<*const (), ffi::MPI_Comm_errhandler_function>(ended as *const ());
        let mut handler: ffi::MPI_Errhandler = std::mem::zeroed();
        ffi::MPI_Comm_create_errhandler(ended, &mut handler);
        on_errors(ranks, handler);
    }
}

fn fail(code: c_int) -> ! {
    end(&format!("another rank died, or the network failed (MPI's error {code}), which ends the job"))
}

/// Says why this rank ends, and ends it, where the launcher tolerates deaths: the others hear of it from MPI. `MPI_Abort`
/// of the last one that is left would come to code 0 there.
fn end(why: &str) -> ! {
    let rank = launch::find().map_or(0, |launch| launch.rank);
    let why = Error::failed(format!("rank {rank}: {why}"));
    complain(&why);
    // SAFETY: it ends this process at once, whatever other threads are at.
    unsafe { _exit(why.code().into()) }
}

unsafe extern "C" {
    fn _exit(code: c_int) -> !;
}

/// Ends every rank of the job with `code`; returns if MPI is not running.
pub fn abort(code: u8) {
    if ::mpi::is_initialized() && !::mpi::is_finalized() {
        // SAFETY: MPI is running, and the world communicator is valid as long as it does.
        unsafe {
            ffi::MPI_Abort(ffi::RSMPI_COMM_WORLD, code.into());
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
