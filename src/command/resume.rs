//! `resume`: continues a run, or prints the answer of a finished one.

use super::{code, run, show};
use crate::attempt::{Attempt, ResumeFound};
use crate::cli::{Order, Output};
use crate::error::Result;
use crate::run::stop::Stops;
use crate::summary;
use crate::world::{World, agree};
use std::path::Path;

/// Continues the run in the file. Returns the exit code of all ranks.
///
/// # Errors
/// On every rank: if the run file cannot be read or does not fit `order`, or as [`run::carry_out`] fails.
pub fn resume(world: &dyn World, file: &Path, order: Order, stops: &Stops) -> Result<u8> {
    let (began, output) = (run::began(world)?, order.output);
    match Attempt::next(world, file, order, &summary::owner())? {
        ResumeFound::Left(attempt, left) => run::carry_out(world, &attempt, left, stops, began),
        ResumeFound::Answer(file) => answer_again(world, &file, output),
    }
}

/// Prints the answer of a finished run.
fn answer_again(world: &dyn World, file: &Path, output: Output) -> Result<u8> {
    let again = || show::show(file, output).map(code);
    let said = agree(world, world.is_root().then(again).transpose(), |_| 0)?;
    Ok(world.all_max(said.unwrap_or(0).into()) as u8)
}
