//! What the environment says about a launcher and a batch system, before and without MPI.
//!
//! It decides whether MPI is initialised, which rank prints where MPI is not used (`--help`, `--version`, `--dry-run`, `show`),
//! and whether MPI sees the same ranks that were started.

use std::collections::BTreeSet;

/// What a launcher says in the environment of one of its ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The launcher's name.
    pub by: &'static str,
    /// This process's rank.
    pub rank: usize,
    /// How many ranks there are.
    pub size: usize,
    /// Whether it left what MPI needs to find the other ranks.
    pub speaks_mpi: bool,
    /// What to do if MPI does not find them.
    pub cure: &'static str,
    /// Its variables for the rank and the number of ranks.
    pub variables: [&'static str; 2],
    /// How many ranks it started on this host, if it says so.
    pub ranks_here: Option<usize>,
}

struct Launcher {
    by: &'static str,
    rank: &'static str,
    size: &'static str,
    /// Its variable for the number of ranks of one host, if it has one.
    here: &'static str,
    speaks_mpi: bool,
    cure: &'static str,
    /// Whether these variables may come from Slurm's srun.
    slurm: bool,
}

const OWN: &str =
    "use the mpirun that belongs to the MPI library it is built with, or build it again with scripts/setup";

const SRUN: &str = "use srun --mpi=pmix or --mpi=pmi2, whichever srun --mpi=list has for its MPI library, or mpirun";

/// The first launcher whose variables are there counts: an mpirun inside of a Slurm job leaves those of both.
const LAUNCHERS: &[Launcher] = &[
    Launcher {
        by: "Open MPI's mpirun",
        rank: "OMPI_COMM_WORLD_RANK",
        size: "OMPI_COMM_WORLD_SIZE",
        here: "OMPI_COMM_WORLD_LOCAL_SIZE",
        speaks_mpi: true,
        cure: OWN,
        slurm: false,
    },
    Launcher {
        by: "MVAPICH2's launcher",
        rank: "MV2_COMM_WORLD_RANK",
        size: "MV2_COMM_WORLD_SIZE",
        here: "MV2_COMM_WORLD_LOCAL_SIZE",
        speaks_mpi: true,
        cure: OWN,
        slurm: false,
    },
    Launcher {
        by: "a PMI launcher (MPICH's or Intel's mpiexec, or srun --mpi=pmi2)",
        rank: "PMI_RANK",
        size: "PMI_SIZE",
        here: "MPI_LOCALNRANKS",
        speaks_mpi: true,
        cure: OWN,
        slurm: true,
    },
    Launcher {
        by: "PALS",
        rank: "PALS_RANKID",
        size: "PALS_SIZE",
        here: "",
        speaks_mpi: true,
        cure: OWN,
        slurm: false,
    },
    Launcher {
        by: "Flux",
        rank: "FLUX_TASK_RANK",
        size: "FLUX_JOB_SIZE",
        here: "",
        speaks_mpi: true,
        cure: "use flux run -o pmi=pmix or mpirun",
        slurm: false,
    },
    Launcher {
        by: "srun --mpi=pmix",
        rank: "PMIX_RANK",
        size: "SLURM_STEP_NUM_TASKS",
        here: "",
        speaks_mpi: true,
        cure: SRUN,
        slurm: true,
    },
    Launcher {
        by: "srun",
        rank: "SLURM_PROCID",
        size: "SLURM_STEP_NUM_TASKS",
        here: "",
        speaks_mpi: false,
        cure: SRUN,
        slurm: true,
    },
];

/// The launcher that started this process as one of several ranks. `None` for a single rank, which needs no launcher and no MPI.
pub fn find() -> Option<Launch> {
    find_in(|name| std::env::var(name).ok(), is_task_of_slurm)
}

/// Whether a launcher started this process, be it as the only rank.
pub fn is_task() -> bool {
    any_in(|name| std::env::var(name).ok(), is_task_of_slurm).is_some()
}

fn find_in(env: impl Fn(&str) -> Option<String>, is_task: impl Fn() -> bool) -> Option<Launch> {
    any_in(env, is_task).filter(|launch| launch.size > 1)
}

fn any_in(env: impl Fn(&str) -> Option<String>, is_task: impl Fn() -> bool) -> Option<Launch> {
    let number = |name| env(name)?.parse::<usize>().ok();
    let launch = |launcher: &Launcher| {
        let &Launcher { by, rank, size, here, speaks_mpi, cure, .. } = launcher;
        let variables = [rank, size];
        let (rank, size, ranks_here) = (number(rank)?, number(size)?, number(here));
        let launch = Launch { by, rank, size, speaks_mpi, cure, variables, ranks_here };
        // Slurm counts the tasks of an interactive step, but only the first task has the terminal and its shell. A program that this
        // shell starts by srun has these variables too, and is a task.
        let by_srun = launcher.slurm && env("MPI_LOCALNRANKS").is_none();
        let in_a_shell = by_srun && launch.rank == 0 && env("SLURM_PTY_PORT").is_some() && !is_task();
        Some(launch).filter(|_| !in_a_shell)
    };
    LAUNCHERS.iter().find_map(launch)
}

/// Whether Slurm started this process, or one of its parents, without a terminal.
#[cfg(target_os = "linux")]
fn is_task_of_slurm() -> bool {
    let Some(Process { mut parent, has_terminal, .. }) = Process::read("self") else { return false };
    while let Some(above) = Process::read(&parent).filter(|_| !has_terminal) {
        if above.name.contains("slurmstepd") {
            return true;
        }
        parent = above.parent;
    }
    false
}

#[cfg(not(target_os = "linux"))]
fn is_task_of_slurm() -> bool {
    false
}

/// What one look at the processes of this host finds of this job's ranks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RanksHere {
    /// Whether a rank with a lower number runs this program too, so that it prints for both.
    pub has_speaker: bool,
    /// How many of the ranks that the launcher started here have certainly ended.
    pub ended: usize,
}

/// Looks at the processes of this host. Costs some milliseconds.
pub fn ranks_here(launch: &Launch) -> RanksHere {
    let Ok(processes) = std::fs::read_dir("/proc") else { return RanksHere::default() };
    let pids: Vec<String> = processes
        .flatten()
        .filter_map(|process| process.file_name().into_string().ok())
        .filter(|name| is_pid(name))
        .collect();
    let program = |pid: &str| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let same_program = |pid: &str| program(pid).is_some_and(|other| Some(other) == program("self"));
    ranks_among(launch, &std::process::id().to_string(), &pids, &Process::read, &variable_of, &same_program)
}

fn is_pid(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

fn ranks_among(
    launch: &Launch,
    this: &str,
    pids: &[String],
    process: &dyn Fn(&str) -> Option<Process>,
    variable: &dyn Fn(&str, &str) -> Variable,
    same_program: &dyn Fn(&str) -> bool,
) -> RanksHere {
    let [rank_is, size_is] = launch.variables;
    // The nearest parent that is not a rank and was not started by one: it started the ranks of its job on this host. A parent whose
    // environment may not be read can be a rank's own wrapper, such as that of a container.
    let launcher_of = |pid: &str| {
        let mut above = process(pid)?.parent;
        loop {
            match variable(&above, rank_is) {
                Variable::Is(_) => above = process(&above)?.parent,
                Variable::Absent => return Some(above),
                Variable::Unreadable => return None,
            }
        }
    };
    let Some(launcher) = launcher_of(this) else { return RanksHere::default() };
    let rank_of = |pid: &str| match (variable(pid, rank_is), variable(pid, size_is)) {
        // Another job of this size may run here too. Not all launchers name their jobs.
        (Variable::Is(rank), Variable::Is(size)) if size == launch.size.to_string() => {
            rank.parse::<usize>().ok().filter(|_| launcher_of(pid).as_ref() == Some(&launcher))
        }
        _ => None,
    };
    let (mut live, mut unknown, mut has_speaker) = (BTreeSet::new(), 0, false);
    for pid in pids {
        match rank_of(pid) {
            Some(rank) => {
                has_speaker |= rank < launch.rank && same_program(pid);
                live.insert(rank);
            }
            // It may be a rank that has not begun its program yet, or one that nobody may look at.
            None if process(pid).is_some_and(|process| process.parent == launcher && process.state != "Z") => {
                unknown += 1
            }
            None => (),
        }
    }
    // If this process does not see itself, or no launcher, it does not see others either.
    let sees = live.contains(&launch.rank) && launcher != "1";
    let ended = launch.ranks_here.filter(|_| sees).map_or(0, |started| started.saturating_sub(live.len() + unknown));
    RanksHere { has_speaker, ended }
}

/// A variable in the environment of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    Is(String),
    Absent,
    /// This process may not read the environment.
    Unreadable,
}

fn variable_of(pid: &str, name: &str) -> Variable {
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return Variable::Unreadable };
    let mut variables = environment.split(|&byte| byte == 0).filter_map(|line| std::str::from_utf8(line).ok());
    let value = variables.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.map_or(Variable::Absent, |value| Variable::Is(value.into()))
}

/// What Linux tells about a process.
struct Process {
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    name: String,
    state: String,
    parent: String,
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    has_terminal: bool,
}

impl Process {
    fn read(pid: &str) -> Option<Process> {
        // The name is in brackets and may contain anything. Then come the state, the parent, and three more numbers before the terminal.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        let rest: Vec<&str> = rest.split_whitespace().collect();
        let [state, parent] = [0, 1].map(|index| rest.get(index).map(ToString::to_string));
        Some(Process { name: name.into(), state: state?, parent: parent?, has_terminal: *rest.get(4)? != "0" })
    }
}

/// The variables with the job numbers of batch systems. Grid Engine's is too common a name to count alone.
const JOBS: [(&str, &str); 7] = [
    ("SLURM_JOB_ID", ""),
    ("PBS_JOBID", ""),
    ("LSB_JOBID", ""),
    ("FLUX_JOB_ID", ""),
    ("COBALT_JOBID", ""),
    ("JOB_ID", GRID_ENGINE),
    ("OAR_JOB_ID", ""),
];

const GRID_ENGINE: &str = "SGE_ROOT";

/// The name of this job in the batch system, if it is one.
pub fn job() -> Option<String> {
    job_in(|name| std::env::var(name).ok())
}

fn job_in(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut jobs = JOBS.iter().filter(|(_, with)| with.is_empty() || env(with).is_some());
    jobs.find_map(|(name, _)| env(name).filter(|job| !job.is_empty()))
}

/// Whether this is a job of Grid Engine, which starts a job again that ends with a special code.
pub fn is_grid_engine() -> bool {
    is_grid_engine_in(|name| std::env::var(name).ok())
}

fn is_grid_engine_in(env: impl Fn(&str) -> Option<String>) -> bool {
    [GRID_ENGINE, "JOB_ID"].iter().all(|name| env(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the launcher lets a job continue when a rank dies: `--with-ft ulfm` of Open MPI's mpirun.
pub fn tolerates_deaths() -> bool {
    tolerates_deaths_in(|name| std::env::var(name).ok())
}

fn tolerates_deaths_in(env: impl Fn(&str) -> Option<String>) -> bool {
    env("OMPI_MCA_mpi_ft_enable").is_some_and(|value| ["1", "true", "yes", "enabled"].contains(&&*value))
}

/// Whether the launcher got several command lines, so that ranks may be asked for different things. Only Open MPI tells.
pub fn has_several_command_lines() -> bool {
    has_several_command_lines_in(|name| std::env::var(name).ok())
}

fn has_several_command_lines_in(env: impl Fn(&str) -> Option<String>) -> bool {
    env("OMPI_NUM_APP_CTX").and_then(|count| count.parse().ok()).is_some_and(|count: usize| count > 1)
}

/// Whether this process prints: it is rank 0, or the only rank.
pub fn is_speaker() -> bool {
    find().is_none_or(|launch| launch.rank == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(env: &[(&str, &str)]) -> Option<(&'static str, usize, usize, bool)> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        find_in(env, || false).map(|launch| (launch.by, launch.rank, launch.size, launch.speaks_mpi))
    }

    #[test]
    fn launchers_are_known_by_their_variables() {
        assert_eq!(found(&[]), None);
        let slurm = [("SLURM_PROCID", "2"), ("SLURM_STEP_NUM_TASKS", "4"), ("SLURM_NTASKS", "4")];
        assert_eq!(found(&slurm), Some(("srun", 2, 4, false)));
        let pmix = [&slurm[..], &[("PMIX_RANK", "2")]].concat();
        assert_eq!(found(&pmix), Some(("srun --mpi=pmix", 2, 4, true)));
        let mpirun = [&slurm[..], &[("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "8")]].concat();
        assert_eq!(found(&mpirun), Some(("Open MPI's mpirun", 1, 8, true)));
    }

    #[test]
    fn a_world_of_one_needs_no_launcher() {
        assert_eq!(found(&[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(found(&[("PMI_RANK", "0"), ("PMI_SIZE", "1")]), None);
        // Whatever the step is that the launcher was started in.
        let outer = [("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "4")];
        assert_eq!(
            found(&[&outer[..], &[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "1")]].concat()),
            None
        );
    }

    #[test]
    fn an_interactive_step_is_no_job_of_several_but_what_it_starts_is() {
        let shell = [("SLURM_PTY_PORT", "41234"), ("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "4")];
        let with = |more: &[(&'static str, &'static str)]| [&shell[..], more].concat();
        assert_eq!(found(&shell), None);
        assert_eq!(found(&with(&[("PMIX_RANK", "0")])), None);
        assert_eq!(found(&with(&[("PMI_RANK", "0"), ("PMI_SIZE", "4")])), None);
        // Launchers of its own.
        let mpirun = with(&[("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "8")]);
        assert_eq!(found(&mpirun), Some(("Open MPI's mpirun", 0, 8, true)));
        let hydra = with(&[("PMI_RANK", "0"), ("PMI_SIZE", "8"), ("MPI_LOCALNRANKS", "8")]);
        assert_eq!(found(&hydra).map(|(_, rank, size, _)| (rank, size)), Some((0, 8)));
        // And srun again, which hands these variables on to its tasks.
        let env = |name: &str| shell.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        assert_eq!(find_in(env, || true).map(|launch| launch.size), Some(4));
        let second = |name: &str| if name == "SLURM_PROCID" { Some("1".into()) } else { env(name) };
        assert_eq!(find_in(second, || false).map(|launch| launch.rank), Some(1));
    }

    /// A process: its number, its state, its parent, and its rank of a job of three; `None` if nobody may look.
    type Seen = (&'static str, &'static str, &'static str, Option<&'static str>);

    /// What rank 1, which is process 11, finds in the processes. The launcher has started three ranks here.
    fn found_among(processes: &[Seen]) -> (bool, usize) {
        let launch = find_in(
            |name| match name {
                "OMPI_COMM_WORLD_RANK" => Some("1".into()),
                "OMPI_COMM_WORLD_SIZE" | "OMPI_COMM_WORLD_LOCAL_SIZE" => Some("3".into()),
                _ => None,
            },
            || false,
        );
        let seen = |pid: &str| processes.iter().find(|seen| seen.0 == pid);
        let process = |pid: &str| {
            let (_, state, parent, _) = seen(pid)?;
            Some(Process {
                name: "x".into(),
                state: state.to_string(),
                parent: parent.to_string(),
                has_terminal: false,
            })
        };
        let variable = |pid: &str, name: &str| match seen(pid).map(|seen| seen.3) {
            None | Some(None) => Variable::Unreadable,
            Some(Some("")) => Variable::Absent,
            Some(Some(rank)) => Variable::Is(if name == "OMPI_COMM_WORLD_SIZE" { "3".into() } else { rank.into() }),
        };
        let pids: Vec<String> = processes.iter().map(|seen| seen.0.to_string()).collect();
        let RanksHere { has_speaker, ended } =
            ranks_among(&launch.unwrap(), "11", &pids, &process, &variable, &|_| true);
        (has_speaker, ended)
    }

    #[test]
    fn ranks_have_ended_only_if_that_is_certain() {
        let init = ("1", "S", "0", Some(""));
        let launcher = ("5", "S", "1", Some(""));
        let [first, second, third] =
            [("10", "R", "5", Some("0")), ("11", "R", "5", Some("1")), ("12", "R", "5", Some("2"))];
        assert_eq!(found_among(&[init, launcher, first, second, third]), (true, 0));
        assert_eq!(found_among(&[init, launcher, second, third]), (false, 1));
        // One that has ended is there until the launcher asks for it.
        assert_eq!(found_among(&[init, launcher, ("10", "Z", "5", Some("")), second, third]), (false, 1));
        // A shell may stand between a rank and its launcher.
        assert_eq!(
            found_among(&[init, launcher, ("10", "S", "5", Some("0")), ("13", "R", "10", Some("0")), second]),
            (true, 1)
        );
        // A rank that has not begun its program yet has the launcher's environment.
        assert_eq!(found_among(&[init, launcher, ("10", "R", "5", Some("")), second, third]), (false, 0));
        // Nobody may look at the other ranks, or at this one.
        assert_eq!(found_among(&[init, launcher, ("10", "R", "5", None), second, ("12", "R", "5", None)]), (false, 0));
        assert_eq!(found_among(&[init, launcher, first, ("11", "R", "5", None), third]).1, 0);
        // Each rank has a wrapper that nobody may look at, such as that of a container.
        assert_eq!(
            found_among(&[init, launcher, ("8", "S", "5", None), ("9", "S", "5", None), ("11", "R", "9", Some("1"))]).1,
            0
        );
        // Ranks of another job of the same size do not count, neither as live nor as speakers.
        let other = [("6", "S", "1", Some("")), ("20", "R", "6", Some("0"))];
        assert_eq!(found_among(&[init, launcher, other[0], other[1], second, third]), (false, 1));
        // In a container of its own a rank sees no launcher.
        assert_eq!(found_among(&[("1", "S", "0", Some("")), ("11", "R", "1", Some("1"))]).1, 0);
    }

    #[test]
    fn jobs_are_known_by_their_variables() {
        let env = |vars: &'static [(&str, &str)]| {
            move |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        };
        assert_eq!(job_in(env(&[])), None);
        assert_eq!(job_in(env(&[("SLURM_JOB_ID", "17")])), Some("17".into()));
        assert_eq!(job_in(env(&[("JOB_ID", "17")])), None);
        let grid: &[_] = &[("JOB_ID", "17"), ("SGE_ROOT", "/opt/sge")];
        assert_eq!((job_in(env(grid)), is_grid_engine_in(env(grid))), (Some("17".into()), true));
        assert!(!is_grid_engine_in(env(&[("SGE_ROOT", "/opt/sge")])));
    }

    #[test]
    fn deaths_are_tolerated_where_the_launcher_says_so() {
        for (value, tolerates) in [(None, false), (Some("1"), true), (Some("true"), true), (Some("0"), false)] {
            assert_eq!(tolerates_deaths_in(|_| value.map(str::to_string)), tolerates, "{value:?}");
        }
    }

    #[test]
    fn several_command_lines_are_known_by_their_number() {
        for (value, several) in [(None, false), (Some("1"), false), (Some("2"), true), (Some("x"), false)] {
            assert_eq!(has_several_command_lines_in(|_| value.map(str::to_string)), several, "{value:?}");
        }
    }

    #[test]
    fn a_batch_script_is_no_launcher() {
        // What Slurm sets for the script itself: tasks are counted, but there is no step of several.
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")]), None);
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1")]), None);
        assert_eq!(found(&[("OMPI_COMM_WORLD_SIZE", "two"), ("OMPI_COMM_WORLD_RANK", "0")]), None);
    }
}
