//! `pcount-full`, the program beside `pcount` that has MPI, HDF5 and libcurl.
//!
//! These libraries bring forty others. The system loads all of them before a program begins, which takes longer than to count up to
//! 10^11. So there are two programs of the same code. `pcount` has no reference to these libraries and starts without them: what
//! needs them is called by a pointer, and only [`load`] sets the pointers. When a request needs one, `pcount-full` takes the place of
//! the process: same number, words, streams and environment. `pcount-full` has everything and also works alone, under any name.
//!
//! That a program without references loads nothing is up to the linker: LLD, which Rust's own builds of itself use on x86-64 from 1.90 on,
//! leaves out libraries that only dead code refers to. GNU's linker keeps them. Then `pcount` loads all of them as `pcount-full` does, and works the same.

use crate::cli::Request;
use crate::error::{Error, Result};
use crate::features;
use crate::kernel;
use crate::placement;
use crate::program::{is_answered, is_for_one};
use crate::run_file;
use crate::streams;
use crate::world::{self, launch};
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// The file, beside `pcount`.
pub const NAME: &str = "pcount-full";

/// Tells `pcount-full` which `pcount` it was: the number of the process, which stays the same, and the build.
const STARTED_BY: &str = "PCOUNT_STARTED_BY";

/// What both must have in common.
const BUILD: &str =
    concat!(env!("CARGO_PKG_VERSION"), " ", env!("PCOUNT_COMMIT"), ", sources ", env!("PCOUNT_SOURCES"));

/// Makes all libraries that are built in available to this program. It is what makes a program load them when it starts.
pub fn load() {
    world::load_mpi();
    run_file::load();
    kernel::load_curl();
}

/// What of the request needs a library, in words; `None` if nothing does.
pub fn needed_for(request: &Result<Request>) -> Option<&'static str> {
    let alone = |request: &Request| request.needs_feature().filter(|_| !is_answered(request));
    let on_ranks = || launch::find().map(|_| ("mpi", "a run on several ranks"));
    let needs = match request {
        Ok(request) if is_for_one(request) => alone(request),
        Ok(request) => on_ranks().or_else(|| alone(request)),
        // All ranks end together.
        Err(_) => on_ranks(),
    };
    needs.filter(|(feature, _)| features::is_built_in(feature)).map(|(_, what)| what)
}

/// Goes on as `pcount-full`, with the same words, because `what` needs it. It returns only if that fails, with the exit code.
pub fn take_over(what: &str) -> ExitCode {
    let why = begin_again(what);
    // On another host the program may be there: then the other ranks wait for this one, and only this one knows why. If it is
    // nowhere, the first rank's line is enough, and the launcher ends the others meanwhile.
    let why = match launch::is_speaker() {
        true => why,
        false => {
            std::thread::sleep(Duration::from_secs(1));
            Error::usage(format!("on {}: {why}", placement::host()))
        }
    };
    world::complain(&why);
    ExitCode::from(why.code())
}

/// Begins again as `pcount-full`. It returns only if that fails, with the reason.
fn begin_again(what: &str) -> Error {
    let needs = |why: String| Error::usage(format!("{what} needs {NAME}, which has the library for it: {why}"));
    if started_by().is_some() {
        return needs(format!(
            "the {NAME} beside this program is a pcount itself: copy the one that was built with it there"
        ));
    }
    let here = match std::env::current_exe() {
        Ok(here) => here,
        Err(why) => return needs(format!("it should be beside this program, but where that is is not known: {why}")),
    };
    let path = here.with_file_name(NAME);
    let mut words = std::env::args_os();
    let mut command = Command::new(&path);
    command
        .arg0(words.next().as_deref().unwrap_or(OsStr::new("pcount")))
        .args(words)
        .env(STARTED_BY, format!("{} {BUILD}", std::process::id()));
    streams::close_for_the_next_program();
    let why = command.exec();
    match why.kind() {
        std::io::ErrorKind::NotFound if !path.exists() => needs(format!(
            "there is no '{}': copy it there from where pcount was built or installed, or run it instead of pcount",
            path.display()
        )),
        _ => needs(format!("'{}': {why}", path.display())),
    }
}

/// Completes a change from `pcount` to this program, if there was one: `ps` and `killall` shall find what was started.
///
/// # Errors
/// If `pcount` is of another build: somebody has copied only one of the two.
pub fn taken_over() -> Result<()> {
    let Some(build) = started_by() else { return Ok(()) };
    // Only Linux has the name in a file; elsewhere the process has that of its program.
    let _ = std::fs::write("/proc/self/comm", "pcount");
    match build == BUILD {
        true => Ok(()),
        false => Err(Error::usage(format!(
            "this pcount is {build}, but the {NAME} beside it is {BUILD}: copy both programs of one build"
        ))),
    }
}

/// The build of the `pcount` that this process was, if it was one. What another process left in the environment is not meant for this one.
fn started_by() -> Option<String> {
    let text = std::env::var(STARTED_BY).ok()?;
    let (process, build) = text.split_once(' ')?;
    (process == std::process::id().to_string()).then(|| build.to_string())
}
