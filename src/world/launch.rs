//! What the environment says of a launcher and of a batch system, before and without MPI.
//!
//! It decides whether MPI is initialised at all, which rank speaks where MPI is not (`--help`, `--version`,
//! `--dry-run`, `show`), and whether the world that MPI then sees is the one that was started.

/// A launcher's trace in the environment of one of its ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub by: &'static str,
    pub rank: usize,
    pub size: usize,
    /// Whether it left what MPI needs to find the other ranks.
    pub speaks_mpi: bool,
    /// What to do if MPI does not find them.
    pub cure: &'static str,
}

struct Launcher {
    by: &'static str,
    rank: &'static str,
    size: &'static str,
    speaks_mpi: bool,
    cure: &'static str,
}

const OWN: &str =
    "use the mpirun that belongs to the MPI library it is built with, or build it again with scripts/setup";

const SRUN: &str = "use srun --mpi=pmix or --mpi=pmi2, whichever srun --mpi=list has for its MPI library, or mpirun";

/// The first one whose variables are there counts: an mpirun inside of a Slurm job leaves both traces.
const LAUNCHERS: &[Launcher] = &[
    Launcher {
        by: "Open MPI's mpirun",
        rank: "OMPI_COMM_WORLD_RANK",
        size: "OMPI_COMM_WORLD_SIZE",
        speaks_mpi: true,
        cure: OWN,
    },
    Launcher {
        by: "MVAPICH2's launcher",
        rank: "MV2_COMM_WORLD_RANK",
        size: "MV2_COMM_WORLD_SIZE",
        speaks_mpi: true,
        cure: OWN,
    },
    Launcher {
        by: "a PMI launcher (MPICH's or Intel's mpiexec, or srun --mpi=pmi2)",
        rank: "PMI_RANK",
        size: "PMI_SIZE",
        speaks_mpi: true,
        cure: OWN,
    },
    Launcher { by: "PALS", rank: "PALS_RANKID", size: "PALS_SIZE", speaks_mpi: true, cure: OWN },
    Launcher {
        by: "Flux",
        rank: "FLUX_TASK_RANK",
        size: "FLUX_JOB_SIZE",
        speaks_mpi: true,
        cure: "use flux run -o pmi=pmix or mpirun",
    },
    Launcher { by: "srun --mpi=pmix", rank: "PMIX_RANK", size: "SLURM_STEP_NUM_TASKS", speaks_mpi: true, cure: SRUN },
    Launcher { by: "srun", rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", speaks_mpi: false, cure: SRUN },
];

/// The launcher that started this process, if one did.
pub fn find() -> Option<Launch> {
    find_in(|name| std::env::var(name).ok())
}

fn find_in(env: impl Fn(&str) -> Option<String>) -> Option<Launch> {
    let number = |name| env(name)?.parse::<usize>().ok();
    LAUNCHERS.iter().find_map(|&Launcher { by, rank, size, speaks_mpi, cure }| {
        let launch = Launch { by, rank: number(rank)?, size: number(size)?, speaks_mpi, cure };
        // A single task without MPI's variables is just a process.
        (speaks_mpi || launch.size > 1).then_some(launch)
    })
}

/// Batch systems that give a job a number, by its variable. Grid Engine's is too common a name to count alone.
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

/// What the batch system calls this job, if it is one.
pub fn job() -> Option<String> {
    job_in(|name| std::env::var(name).ok())
}

fn job_in(env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut jobs = JOBS.iter().filter(|(_, with)| with.is_empty() || env(with).is_some());
    jobs.find_map(|(name, _)| env(name).filter(|job| !job.is_empty()))
}

/// Whether this is a job of Grid Engine, which runs one again that ends with a code of its own.
pub fn is_grid_engine() -> bool {
    is_grid_engine_in(|name| std::env::var(name).ok())
}

fn is_grid_engine_in(env: impl Fn(&str) -> Option<String>) -> bool {
    [GRID_ENGINE, "JOB_ID"].iter().all(|name| env(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the launcher was told to let a job go on when a rank dies: `--with-ft ulfm` of Open MPI's mpirun.
pub fn tolerates_deaths() -> bool {
    tolerates_deaths_in(|name| std::env::var(name).ok())
}

fn tolerates_deaths_in(env: impl Fn(&str) -> Option<String>) -> bool {
    env("OMPI_MCA_mpi_ft_enable").is_some_and(|value| ["1", "true", "yes", "enabled"].contains(&&*value))
}

/// Whether this process is the one to speak: rank 0, or the only one.
pub fn is_speaker() -> bool {
    find().is_none_or(|launch| launch.rank == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(env: &[(&str, &str)]) -> Option<(&'static str, usize, usize, bool)> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
        find_in(env).map(|launch| (launch.by, launch.rank, launch.size, launch.speaks_mpi))
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
    fn a_batch_script_is_no_launcher() {
        // What Slurm sets for the script itself: tasks are counted, but there is no step of several.
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")]), None);
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1")]), None);
        assert_eq!(found(&[("OMPI_COMM_WORLD_SIZE", "two"), ("OMPI_COMM_WORLD_RANK", "0")]), None);
    }
}
