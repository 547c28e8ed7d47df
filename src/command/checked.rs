//! What all ways to `verify` have in common: they show how far they are, and report what differs.

use crate::cli::Checking;
use crate::report::certificate::Claim;
use crate::report::progress::Progress;
use crate::report::{Report, Status};
use crate::run::Watch;
use crate::trust::claims;
use crate::trust::recount::COLUMNS;
use crate::values::{Fact, Reached, Table, Value};

/// Shows how far it is.
pub struct Ticks(pub Progress);

impl Watch for Ticks {
    fn tick(&mut self, reached: Reached) {
        self.0.tick(reached.share);
    }
}

/// The report of a check: what differs, and how it was found.
pub fn report_of(checking: &Checking, claim: &Claim, is_wrong: bool, differ: Table, how: Vec<Fact>) -> Report {
    let mut run = vec![Fact::new("version", Value::text(env!("CARGO_PKG_VERSION")))];
    run.extend(how);
    let status = if is_wrong { Status::Failed } else { Status::Complete };
    Report::of("verify", status, claims::named(claim, &checking.file), run).with_rows(differ, COLUMNS[0])
}
