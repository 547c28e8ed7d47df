//! The world that a launcher made. The only file that names MPI, besides `ulfm.rs`.
//!
//! Only the main thread of a rank calls MPI (`THREAD_FUNNELED`). MPI libraries wait in a busy loop, which takes cores from the crews
//! of ranks that still compute. So before every collective there is a barrier that is polled with sleeps: when the collective
//! begins, all ranks are there, and it is short.
//!
//! Ranks may die where that is tolerated; `ulfm.rs` has what MPI says about it. So messages are sent and received by calls that
//! return MPI's error, which the binding drops. Every other MPI error ends the job, which is MPI's default. `unsafe` is needed
//! for those calls, for ending on an error, and for aborting from the thread of a panic.

use super::launch::{self, Launch};
use super::ulfm::Ulfm;
use super::{Library, Patience, World, complain, wait};
use crate::error::{Error, Result};
use crate::placement;
use ::mpi::collective::SystemOperation;
use ::mpi::datatype::PartitionMut;
use ::mpi::environment::Universe;
use ::mpi::ffi;
use ::mpi::topology::{Color, SimpleCommunicator};
use ::mpi::traits::*;
use ::mpi::{Count, Threading};
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static MPI_LOADED: OnceLock<Library> = OnceLock::new();

/// Makes MPI available to this program. Whatever calls it makes the program load the MPI library when it starts.
pub fn load() {
    MPI_LOADED.get_or_init(|| Library { open, abort, name: library });
}

/// MPI, if this program has it.
pub(super) fn loaded() -> Option<&'static Library> {
    MPI_LOADED.get()
}

/// The world of the launcher, after all of its ranks have come.
///
/// # Errors
/// [`Error::Launch`] if MPI sees a world of one where the launcher has started several ranks, or if MPI cannot be
/// started.
fn open(launch: Launch, longest: Option<Duration>) -> Result<Box<dyn World>> {
    if !launch.speaks_mpi {
        return Err(singletons(&launch));
    }
    let began = Instant::now();
    if let Some(lateness) = lateness(&launch, placement::cores_of_host()) {
        placement::let_sleeps_end_late(lateness);
    }
    let watch = wait::watch(launch.clone(), longest, leave_at_once);
    let mut world = Mpi::open()?;
    if world.size() == 1 {
        return Err(singletons(&launch));
    }
    // Some libraries wait for other ranks only when there is something to send.
    world.barrier();
    drop(watch);
    world.starting = began.elapsed();
    Ok(Box::new(world))
}

/// How late sleeps may end for each rank that a core has on average, where it has several. MPI's start and pcount's waits are
/// short sleeps: those of many ranks would fill the cores.
const LATENESS_PER_RANK: Duration = Duration::from_micros(100);

fn lateness(launch: &Launch, cores: Option<usize>) -> Option<Duration> {
    let ranks_of_core = launch.ranks_here? / cores?.max(1);
    (ranks_of_core > 1).then(|| LATENESS_PER_RANK * u32::try_from(ranks_of_core).unwrap_or(u32::MAX).min(100))
}

fn singletons(launch: &Launch) -> Error {
    let Launch { by, size, cure, .. } = launch;
    Error::Launch(format!(
        "{by} started {size} ranks, but MPI sees a world of one: {cure} (this pcount is built with {})",
        library(),
    ))
}

struct Mpi {
    ranks: SimpleCommunicator,
    /// How long it took until all ranks had met.
    starting: Duration,
    /// What ends MPI when it is dropped; `None` in a world of the first ranks.
    universe: ManuallyDrop<Option<Universe>>,
    /// What this MPI can do about dead ranks, or why it can do nothing.
    ulfm: std::result::Result<Ulfm, String>,
    /// Whether deaths are tolerated at the moment.
    tolerates: Cell<bool>,
    /// The dead ranks in the order of their deaths, and when MPI was last asked.
    dead: RefCell<(Vec<usize>, Instant)>,
    /// The ranks that remain after deaths were tolerated.
    left: OnceCell<Survivors>,
}

/// The ranks that remain, and their numbers in the original world.
struct Survivors {
    ranks: ManuallyDrop<SimpleCommunicator>,
    numbers: Vec<usize>,
}

/// The tag of all messages of the schedules.
const TAG: ::mpi::Tag = 7;

/// MPI counts bytes in a C int, so larger gathers are done in rounds of so many bytes at the root.
const GATHER_BYTES: usize = 1 << 30;

impl Mpi {
    fn open() -> Result<Mpi> {
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
        Ok(Mpi::of(ranks, Some(universe), ulfm))
    }

    fn of(ranks: SimpleCommunicator, universe: Option<Universe>, ulfm: std::result::Result<Ulfm, String>) -> Mpi {
        Mpi {
            ranks,
            starting: Duration::ZERO,
            universe: ManuallyDrop::new(universe),
            ulfm,
            tolerates: Cell::new(false),
            dead: RefCell::new((Vec::new(), Instant::now())),
            left: OnceCell::new(),
        }
    }

    /// The ranks that take part in collectives.
    fn all(&self) -> &SimpleCommunicator {
        self.left.get().map_or(&self.ranks, |left| &*left.ranks)
    }

    /// Waits, asleep, until every rank is here.
    fn assemble(&self) {
        let mut all_here = self.all().immediate_barrier();
        let mut patience = Patience::new();
        while let Err(waiting) = all_here.test() {
            all_here = waiting;
            // A barrier does not always notice a death.
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

    fn starting(&self) -> Duration {
        self.starting
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        // SAFETY: `bytes` lives until the call returns, and the communicator as long as `self`.
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
                Err(code) if began.elapsed() >= DEATH_KNOWN_WITHIN => fail(code),
                // The error may be a death that MPI has not been asked about yet.
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
        let piece = (GATHER_BYTES / size).max(1);
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

    fn broadcast(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        self.assemble();
        let root = self.all().process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        for piece in bytes.chunks_mut(GATHER_BYTES) {
            root.broadcast_into(piece);
        }
        bytes
    }

    fn barrier(&self) {
        self.assemble();
    }

    fn all_max(&self, mine: u64) -> u64 {
        self.assemble();
        let mut most = 0;
        self.all().all_reduce_into(&mine, &mut most, SystemOperation::max());
        most
    }

    fn first_ranks(&self, ranks: usize) -> Option<Box<dyn World + '_>> {
        self.assemble();
        let color = if self.rank() < ranks { Color::with_value(0) } else { Color::undefined() };
        // Its ranks are in the order of the world, and it does about errors what the world does.
        let ranks = self.ranks.split_by_color(color)?;
        Some(Box::new(Mpi::of(ranks, None, self.ulfm.clone())))
    }

    fn can_tolerate(&self) -> std::result::Result<(), String> {
        self.ulfm.clone().map(drop)
    }

    fn tolerate(&self) {
        // SAFETY: the operation is a constant of the library.
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
        // SAFETY: MPI has just made this communicator, and nobody else has it.
        let ranks = unsafe { SimpleCommunicator::from_raw(ranks) };
        end_on_errors(&ranks);
        let _ = self.left.set(Survivors { ranks: ManuallyDrop::new(ranks), numbers });
    }
}

impl Mpi {
    /// The greatest of all lengths. All ranks must be here.
    fn longest(&self, mine: usize) -> usize {
        let mut longest = 0u64;
        self.all().all_reduce_into(&(mine as u64), &mut longest, SystemOperation::max());
        longest as usize
    }

    /// The next message, or MPI's error.
    fn receive(&self) -> std::result::Result<Option<(usize, Vec<u8>)>, i32> {
        let ok = |code: i32| if code == 0 { Ok(()) } else { Err(code) };
        // SAFETY: MPI writes to local variables, and to a buffer with as many bytes as it has told.
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
                // The message is incomplete, because its sender died.
                Err(_) if self.turns_out_dead(from) => Ok(None),
                Err(code) => Err(code),
            }
        }
    }

    /// The dead ranks, as MPI knows them now. If the run cannot continue without one of them, the job ends.
    fn look_for_deaths(&self) -> Vec<usize> {
        if let Ok(ulfm) = &self.ulfm {
            self.note(ulfm.dead(self.ranks.as_raw()));
        }
        self.lost()
    }

    /// The same, if no error says that a rank has died.
    fn look_for_deaths_now_and_then(&self) {
        if self.ulfm.is_ok() && self.dead.borrow().1.elapsed() >= DEATH_CHECK_INTERVAL {
            self.look_for_deaths();
        }
    }

    /// Whether a rank that cannot be reached is dead.
    fn turns_out_dead(&self, rank: usize) -> bool {
        let began = Instant::now();
        while !self.look_for_deaths().contains(&rank) {
            if began.elapsed() >= DEATH_KNOWN_WITHIN {
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

/// How often MPI is asked for dead ranks: asking costs time.
const DEATH_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// MPI fails to reach a dead rank a little earlier than it knows that the rank is dead.
const DEATH_KNOWN_WITHIN: Duration = Duration::from_secs(2);
const MOMENT: Duration = Duration::from_millis(1);

impl Drop for Mpi {
    fn drop(&mut self) {
        if self.left.get().is_some() {
            // If a rank has died, MPI_Finalize sometimes hangs. So the last thing is to see that all ranks are here.
            return self.assemble();
        }
        // SAFETY: this is the only drop of the value, and nothing uses MPI after it.
        unsafe { ManuallyDrop::drop(&mut self.universe) }
    }
}

/// Sets what MPI does about errors on a communicator.
fn on_errors(ranks: &SimpleCommunicator, handler: ffi::MPI_Errhandler) {
    // SAFETY: the communicator and the handler are valid.
    unsafe {
        ffi::MPI_Comm_set_errhandler(ranks.as_raw(), handler);
    }
}

/// From now on an error on this communicator ends this rank.
fn end_on_errors(ranks: &SimpleCommunicator) {
    extern "C" fn ended(_: *mut ffi::MPI_Comm, code: *mut c_int) {
        // SAFETY: MPI calls this function with a pointer to the error's code.
        fail(unsafe { *code })
    }
    // SAFETY: the function ignores the further arguments that MPI may pass. The handler is never freed.
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

/// Prints why this rank ends, and ends it, if the launcher tolerates deaths: the others learn of it from MPI. If the last rank
/// called `MPI_Abort`, the exit code would be 0.
fn end(why: &str) -> ! {
    let rank = launch::find().map_or(0, |launch| launch.rank);
    let why = Error::failed(format!("rank {rank}: {why}"));
    complain(&why);
    leave_at_once(why.code())
}

/// Ends this process at once, without MPI, whatever other threads do.
fn leave_at_once(code: u8) -> ! {
    // SAFETY: it does not return, so nothing can rely on cleanup that was skipped.
    unsafe { _exit(code.into()) }
}

unsafe extern "C" {
    fn _exit(code: c_int) -> !;
}

/// Ends every rank of the job with `code`. Returns if MPI is not running.
fn abort(code: u8) {
    if ::mpi::is_initialized() && !::mpi::is_finalized() {
        // SAFETY: MPI is running, and its world communicator is valid until it ends.
        unsafe {
            ffi::MPI_Abort(ffi::RSMPI_COMM_WORLD, code.into());
        }
    }
}

/// The name and version of the MPI library, in one line. MPI need not be running.
fn library() -> String {
    let text = ::mpi::environment::library_version().unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end_matches('\0').trim();
    // MPICH has a tab between words, Open MPI a list of build details behind commas.
    line.split(", package").next().unwrap_or_default().replace('\t', " ")
}
