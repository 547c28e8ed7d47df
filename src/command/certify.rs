//! `certify`: writes what a run claims as a certificate, which others can check.

use super::target::target;
use super::verify::{blocks, sums};
use crate::error::{Error, Result};
use crate::report;
use crate::report::certificate::seal;
use crate::streams;
use crate::trust::claims;
use std::path::{Path, PathBuf};

/// Writes the certificate of the run in `file` to `out`, or to stdout.
///
/// # Errors
/// If the run is not over or has nothing to be checked, if its blocks do not make its answer, or if it cannot be written.
pub fn certify(file: &Path, out: Option<&PathBuf>) -> Result<()> {
    let written = out.map(|out| target("--out", out, &[file.to_path_buf()])).transpose()?;
    if let Some(out) = out.filter(|out| out.exists())
        && !claims::is_certificate(out)
    {
        let what = "is there and is no certificate: name another file";
        return Err(Error::usage(format!("--out: '{}' {what}", out.display())));
    }
    let at = |why: Error| why.at(&format!("'{}'", file.display()));
    let read = claims::read(file)?;
    let no = |why: &str| Err(Error::usage(format!("'{}' {why}", file.display())));
    let Some(report) = &read.report else { return no("is a certificate already") };
    if read.claim.answer.is_none() {
        let next = if report.state.is_some() { ": resume it first" } else { "" };
        return no(&format!("is of a run that is not over{next}"));
    }
    let adds_up = sums(&read.claim).map_err(at)?;
    let text = read.claim.text();
    match &written {
        Some(target) => target.write(text.as_bytes())?,
        None => report::say(&text)?,
    }
    let blocks = match (blocks(read.claim.blocks.len()), adds_up) {
        (blocks, true) => format!("{blocks}, whose sums make the answer"),
        (blocks, false) => {
            format!("{blocks}, told by SHA-256: only computing all of them again shows whether they make the answer")
        }
    };
    let seal = seal(&text).unwrap_or_default();
    streams::remark(&format!("{blocks}; the certificate ends with {seal}, which tells it from every other"));
    Ok(())
}
