//! What the environment says of a launcher, before and without MPI.
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
    fn a_batch_script_is_no_launcher() {
        // What Slurm sets for the script itself: tasks are counted, but there is no step of several.
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")]), None);
        assert_eq!(found(&[("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "1")]), None);
        assert_eq!(found(&[("OMPI_COMM_WORLD_SIZE", "two"), ("OMPI_COMM_WORLD_RANK", "0")]), None);
    }
}
