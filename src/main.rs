//! `pcount`: all mathematics on the threads of one machine. It starts fast, because it has no reference to MPI, HDF5 or libcurl; what
//! needs one of them is for `pcount-full` (see `full.rs`).

#![deny(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::too_many_lines)]

use pcount::world::abort_on_panic;
use pcount::{cli, full, program};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let began = Instant::now();
    abort_on_panic("pcount");
    let request = cli::read(std::env::args_os());
    match full::needed_for(&request) {
        None => program::program(request, began),
        Some(what) => full::take_over(what),
    }
}
