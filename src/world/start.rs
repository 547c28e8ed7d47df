//! Starts ranks: this process becomes their launcher.

use crate::error::Error;
use crate::streams;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The environment variable that names the launcher.
pub const LAUNCHER: &str = "PCOUNT_MPIRUN";

/// What Open MPI 4 and 5 need to know, unless somebody has said it: ranks may share cores, and none is bound to one.
const OPEN_MPI: [(&str, &str); 4] = [
    ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ("OMPI_MCA_hwloc_base_binding_policy", "none"),
    ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
    ("PRTE_MCA_hwloc_default_binding_policy", "none"),
];

/// Goes on as the launcher of so many ranks of this program with these words. It returns only if that fails, with the reason.
pub fn become_launcher(ranks: usize, words: impl IntoIterator<Item = OsString>) -> Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(why) => return Error::failed(format!("cannot start ranks: where this program is is not known: {why}")),
    };
    let mut command = launcher(ranks);
    command.arg(program).args(words);
    streams::close_for_the_next_program();
    let why = command.exec();
    let launcher = command.get_program().to_string_lossy();
    Error::Launch(match why.kind() {
        std::io::ErrorKind::NotFound => {
            format!("there is no '{launcher}' to start ranks with: put mpirun on the PATH, or its name into {LAUNCHER}")
        }
        _ => format!("cannot start ranks with '{launcher}': {why}"),
    })
}

/// This machine's launcher for so many ranks of a program, whose name and words are still to be added.
pub fn launcher(ranks: usize) -> Command {
    let launcher = std::env::var_os(LAUNCHER).filter(|name| !name.is_empty()).unwrap_or_else(|| "mpirun".into());
    let mut command = Command::new(launcher);
    command.arg("-n").arg(ranks.to_string());
    command.envs(OPEN_MPI.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()));
    command
}
