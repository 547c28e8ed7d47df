//! Tells the program which commit and which compiler it was built from, for `--version -v` and the run file, and what
//! the HDF5 library can do.

use std::fs;
use std::path::Path;
use std::process::Command;

fn main() {
    let commit = git(&["describe", "--always", "--dirty", "--abbrev=12"]);
    let rustc = line(Command::new(std::env::var("RUSTC").unwrap_or("rustc".into())).arg("--version"));
    println!("cargo::rustc-env=PCOUNT_COMMIT={}", commit.unwrap_or("unknown".into()));
    println!("cargo::rustc-env=PCOUNT_SOURCES={:08x}", sources(Path::new("src")));
    println!("cargo::rustc-env=PCOUNT_RUSTC={}", rustc.unwrap_or("unknown".into()));
    // What HDF5's binding says of the library that it found: from these on its locks can be turned off.
    println!("cargo::rustc-check-cfg=cfg(hdf5_file_locking)");
    let hdf5 = |version: &str| std::env::var_os(format!("DEP_HDF5_VERSION_{version}")).is_some();
    if hdf5("1_12_1") || hdf5("1_10_7") && !hdf5("1_12_0") {
        println!("cargo::rustc-cfg=hdf5_file_locking");
    }
    // And from these on chunks can be stored as they are.
    println!("cargo::rustc-check-cfg=cfg(hdf5_write_chunk)");
    if hdf5("1_10_3") {
        println!("cargo::rustc-cfg=hdf5_write_chunk");
    }
    // The curl crate would have libcurl made ready before `main`, in every run: see kernel/download/transfer.rs.
    let is_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if is_linux && std::env::var_os("CARGO_FEATURE_DOWNLOAD").is_some() {
        println!("cargo::rustc-link-arg=-Wl,--wrap=curl_global_init");
    }
    let inputs = ["build.rs", "src", "Cargo.lock"].map(String::from);
    for path in inputs.into_iter().chain(commit_files()) {
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// A check value of the sources in a folder: two programs of one commit may be of different changes to it.
fn sources(folder: &Path) -> u32 {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().fold(0, |sum: u32, path| match path.is_dir() {
        true => sum.wrapping_mul(31).wrapping_add(sources(path)),
        false => fs::read(path)
            .unwrap_or_default()
            .iter()
            .fold(sum, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into())),
    })
}

/// The files that change when another commit is checked out or made. Not the index, which Git writes whenever it looks.
fn commit_files() -> Vec<String> {
    let path = |name: &str| git(&["rev-parse", "--git-path", name]);
    let mut files = vec![path("HEAD")];
    if let Some(branch) = git(&["symbolic-ref", "-q", "HEAD"]) {
        let file = path(&branch);
        match file.as_ref().is_some_and(|file| Path::new(file).exists()) {
            true => files.push(file),
            // The branch is packed with others; its next commit has a file of its own.
            false => files.extend([path("packed-refs"), path("refs/heads")]),
        }
    }
    files.into_iter().flatten().collect()
}

/// What Git says, if this is a repository. It must not write anything: what is newer than the build is built again.
fn git(args: &[&str]) -> Option<String> {
    line(Command::new("git").env("GIT_OPTIONAL_LOCKS", "0").args(args))
}

/// The first line that a program prints, if it succeeds.
fn line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.lines().next()?.to_string())
}
