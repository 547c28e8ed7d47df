//! What an MPI library can do about dead ranks: name them, and make a communicator of the others.
//!
//! The functions (User-Level Failure Mitigation, in Open MPI since 5.0) are looked up when the program runs. For a linker, Open MPI
//! 4 and 5 are the same library, so a program built with one may run with the other. `unsafe` is needed because the binding
//! does not have these functions.

use super::launch;
use ::mpi::ffi::{self, MPI_Comm, MPI_Group};
use std::ffi::{CStr, c_char, c_int, c_void};

/// The functions of the library.
#[derive(Clone, Copy)]
pub struct Ulfm {
    get_failed: unsafe extern "C" fn(MPI_Comm, *mut MPI_Group) -> c_int,
    ack_failed: unsafe extern "C" fn(MPI_Comm, c_int, *mut c_int) -> c_int,
    shrink: unsafe extern "C" fn(MPI_Comm, *mut MPI_Comm) -> c_int,
}

impl Ulfm {
    /// The functions of the library that runs, or why a job under it cannot lose a rank.
    ///
    /// # Errors
    /// Why not.
    pub fn find() -> Result<Ulfm, String> {
        let library = super::library();
        // MPICH has these names too, but the functions fail.
        let found = library.starts_with("Open MPI").then(Ulfm::look_up).flatten();
        match found {
            None => Err(format!("{library} cannot continue without a rank (Open MPI 5 can)")),
            Some(_) if !launch::tolerates_deaths() => {
                Err(format!("{library} continues without a rank only under mpirun --with-ft ulfm"))
            }
            Some(ulfm) => Ok(ulfm),
        }
    }

    fn look_up() -> Option<Ulfm> {
        // SAFETY: the types are those in Open MPI's mpi-ext.h, and `Option` of a function pointer may be null.
        unsafe {
            Some(Ulfm {
                get_failed: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_get_failed"))?,
                ack_failed: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_ack_failed"))?,
                shrink: std::mem::transmute::<*mut c_void, Option<_>>(symbol(c"MPIX_Comm_shrink"))?,
            })
        }
    }

    /// The ranks of `world` that are known to be dead. From now on their deaths cause no more errors when a message from any rank is
    /// looked for.
    pub fn dead(&self, world: MPI_Comm) -> Vec<usize> {
        // SAFETY: the world is valid as long as MPI runs, and the group until it is freed.
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

    /// A communicator of the living ranks, in order, and their numbers in `world`. All living ranks must call it.
    pub fn shrink(&self, world: MPI_Comm) -> Option<(MPI_Comm, Vec<usize>)> {
        // SAFETY: the world is valid as long as MPI runs, the new communicator if the call succeeded, and its group until it is freed.
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

/// The numbers in `world` of the members of a group, in the order of the group.
///
/// # Safety
/// The communicator and the group must be valid.
unsafe fn members(world: MPI_Comm, group: MPI_Group) -> Vec<usize> {
    // SAFETY: the caller says that both are valid; both arrays have as many items as MPI is told.
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

/// The address of a function in any library of this process; null if there is none.
fn symbol(name: &CStr) -> *mut c_void {
    // This is RTLD_DEFAULT in C.
    let any = if cfg!(target_os = "linux") { 0 } else { -2isize };
    // SAFETY: the name ends with a zero byte.
    unsafe { dlsym(any as *mut c_void, name.as_ptr()) }
}
