//! Tells the program which commit and which compiler it was built from, for `--version -v` and the run file, and what
//! the HDF5 library can do.

use std::process::Command;

fn main() {
    let line = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.lines().next()?.to_string())
    };
    let commit = line("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    let rustc = line(&std::env::var("RUSTC").unwrap_or("rustc".into()), &["--version"]);
    println!("cargo::rustc-env=PCOUNT_COMMIT={}", commit.unwrap_or("unknown".into()));
    println!("cargo::rustc-env=PCOUNT_RUSTC={}", rustc.unwrap_or("unknown".into()));
    // What HDF5's binding says of the library that it found: from these on its locks can be turned off.
    println!("cargo::rustc-check-cfg=cfg(hdf5_file_locking)");
    let hdf5 = |version: &str| std::env::var_os(format!("DEP_HDF5_VERSION_{version}")).is_some();
    if hdf5("1_12_1") || hdf5("1_10_7") && !hdf5("1_12_0") {
        println!("cargo::rustc-cfg=hdf5_file_locking");
    }
    for path in ["build.rs", "src", "Cargo.lock", ".git/HEAD", ".git/index"] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}
