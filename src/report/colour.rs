//! Whether colours may be used on stdout. The only file that names the anstream crate.

use anstream::{AutoStream, ColorChoice};

/// Whether stdout is a terminal that shows colours, and NO_COLOR, CLICOLOR and CLICOLOR_FORCE do not forbid it.
pub fn colours() -> bool {
    AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}
