//! What an MPI library can do about ranks that die: say which, and make a communicator of the others.
//!
//! The functions (User-Level Failure Mitigation, in Open MPI since 5.0) are looked up when the program runs: to a linker
//! Open MPI 4 and 5 are the same library, so what is built with one may run with the other. `unsafe` is here because
//! the binding does not have them.

use super::launch;
use ::mpi::ffi::{self, MPI_Comm, MPI_Group};
use std::ffi::{CStr, c_char, c_int, c_void};

/// The library's functions, as found.
#[derive(Clone, Copy)]
pub struct Ulfm {
    get_failed: unsafe extern "C" fn(MPI_Comm, *mut MPI_Group) -> c_int,
    ack_failed: unsafe extern "C" fn(MPI_Comm, c_int, *mut c_int) -> c_int,
    shrink: unsafe extern "C" fn(MPI_Comm, *mut MPI_Comm) -> c_int,
}

impl Ulfm {
    /// The functions of the library that runs, or why a job under it cannot lose a rank.
    pub fn find() -> Result<Ulfm, String> {
        let library = super::library();
        // MPICH has the names too, but they fail.
        let found = library.starts_with("Open MPI").then(Ulfm::look_up).flatten();
        match found {
            None => Err(format!("{library} cannot go on without a rank (Open MPI 5 can)")),
            Some(_) if !launch::tolerates_deaths() => {
                Err(format!("{library} goes on without a rank only under mpirun --with-ft ulfm"))
            }
            Some(ulfm) => Ok(ulfm),
        }
    }

    fn look_up() -> Option<Ulfm> {
        // SAFETY: the types are those of Open MPI's mpi-ext.h, and a function pointer may be null as an option.
        unsafe {
            Some(Ulfm {
                get_failed: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_get_failed"))?,
                ack_failed: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_ack_failed"))?,
                shrink: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_shrink"))?,
            })
        }
    }

    /// The ranks of `world` that are known to be dead. From now on their deaths are no errors any more where a message
    /// from anyone is looked for.
    pub fn dead(&self, world: MPI_Comm) -> Vec<usize> {
        // SAFETY: the world is valid as long as MPI runs, and so is the group until it is freed.
        unsafe {
            let mut group: MPI_Group = ffi::RSMPI_GROUP_NULL;
            if (self.get_failed)(world, &mut group) != 0 {
                return Vec::new();
            }
            let dead = members(world, group);
            ffi::MPI_Group_free(&mut group);
            let mut acknowledged = 0;
            (self.ack_failed)(world, dead.len() as c_int, &mut acknowledged);
            dead
        }
    }

    /// A communicator of the ranks that live, in their order, and their numbers in `world`. All of them call it.
    pub fn shrink(&self, world: MPI_Comm) -> Option<(MPI_Comm, Vec<usize>)> {
        // SAFETY: as above; the new communicator is valid if the call says so.
        unsafe {
            let mut living: MPI_Comm = ffi::RSMPI_COMM_NULL;
            if (self.shrink)(world, &mut living) != 0 {
                return None;
            }
            let mut group: MPI_Group = ffi::RSMPI_GROUP_NULL;
            ffi::MPI_Comm_group(living, &mut group);
            let numbers = members(world, group);
            ffi::MPI_Group_free(&mut group);
            Some((living, numbers))
        }
    }
}

/// The numbers in `world` of a group's members, in the group's order.
///
/// # Safety
/// Both must be valid.
unsafe fn members(world: MPI_Comm, group: MPI_Group) -> Vec<usize> {
    // SAFETY: the caller says that both are valid; the arrays are as long as MPI is told.
    unsafe {
        let mut size = 0;
        ffi::MPI_Group_size(group, &mut size);
        let mut all: MPI_Group = ffi::RSMPI_GROUP_NULL;
        ffi::MPI_Comm_group(world, &mut all);
        let inside: Vec<c_int> = (0..size).collect();
        let mut numbers = vec![0; inside.len()];
        ffi::MPI_Group_translate_ranks(group, size, inside.as_ptr(), all, numbers.as_mut_ptr());
        ffi::MPI_Group_free(&mut all);
        numbers.into_iter().map(|number| number as usize).collect()
    }
}

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Where a function of that name is among all libraries of this process; null if it is nowhere.
fn symbol(name: &CStr) -> *mut c_void {
    // What C calls RTLD_DEFAULT.
    let any = if cfg!(target_os = "linux") { 0 } else { -2isize };
    // SAFETY: the name ends with a zero byte.
    unsafe { dlsym(any as *mut c_void, name.as_ptr()) }
}
