//! The program, from what is asked to the exit code: which units, compute, say it. The chapters are in `command/`.

use crate::cli::Request;
use crate::command::{cached, compare, resume, run, say, self_test, start_timeout, verify, words};
use crate::error::Result;
use crate::run::stop::Stops;
use crate::world::{self, World, agree, alone, launch};
use std::process::ExitCode;
use std::time::Instant;

/// Does what is asked since `began`, on all ranks; the exit code of this one.
pub fn program(request: Result<Request>, began: Instant) -> ExitCode {
    match request {
        Ok(request) if is_for_one(&request) => alone(|| say(&request)),
        request => together(request, began),
    }
}

/// Requests that need no other ranks are answered by one rank, without MPI; unless other ranks may have been asked for something
/// else, and wait.
pub fn is_for_one(request: &Request) -> bool {
    !request.needs_ranks() && !launch::has_several_command_lines()
}

/// Whether the answer is in a cache, and this program can read it there as it is.
pub fn is_answered(request: &Request) -> bool {
    matches!(request, Request::Run(order) if cached::has_all(order))
}

/// Runs on all ranks, which end together.
fn together(request: Result<Request>, began: Instant) -> ExitCode {
    let stops = Stops::catch_signals();
    // If the launcher failed, every rank is alone.
    let world = match start_timeout().and_then(world::open) {
        Ok(world) => world,
        Err(why) => return alone(|| Err(why)),
    };
    let world = &*world;
    // If ranks were started with different words, this is where it shows.
    let ready = world::agree_on_words(world, "pcount", &words())
        .and_then(|()| agree(world, request.and_then(|request| Ok((request, stops?))), |_| 0));
    match ready.and_then(|(request, stops)| carry_out(world, request, stops, began)) {
        Ok(code) => ExitCode::from(code),
        Err(why) => world::leave(world, &why),
    }
}

/// Does what was asked on all ranks. Returns the exit code of all.
fn carry_out(world: &dyn World, request: Request, stops: Stops, began: Instant) -> Result<u8> {
    let stops = stops.until(request.time_limit().map(|limit| began + limit));
    match request {
        Request::Run(order) if !order.dry_run => run::begin(world, *order, &stops),
        Request::Compare(order) if !order.comparison.launch => compare::compare(world, *order, &stops),
        Request::Resume { file, order } => resume::resume(world, &file, *order, &stops),
        Request::SelfTest(order) => self_test::self_test(world, &order, &stops),
        Request::Verify(checking) => verify::verify(world, &checking, &stops),
        request => {
            let said = agree(world, world.is_root().then(|| say(&request)).transpose(), |_| 0)?;
            Ok(world.all_max(said.unwrap_or(0).into()) as u8)
        }
    }
}
