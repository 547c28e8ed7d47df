//! `pcount-full`: pcount with its libraries, MPI, HDF5 and libcurl, which are loaded when it starts.

#![deny(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::too_many_lines)]

use pcount::{cli, full, program, run_file, world};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let began = Instant::now();
    if let Some(code) = run_file::serve() {
        return code;
    }
    full::load();
    world::abort_on_panic("pcount");
    let request = full::taken_over().and_then(|()| cli::read(std::env::args_os()));
    program::program(request, began)
}
