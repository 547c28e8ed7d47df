//! Faults between a program and the system: what `shim.c` has fail in one folder.

use super::Folder;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// All that come.
pub const FOREVER: u64 = 1 << 40;

/// What stands between a program and the C library; made once by each test program.
pub fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim.so");
        let mine = path.with_extension(std::process::id().to_string());
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/common/shim.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", source, "-ldl", "-o"]).arg(&mine);
        assert!(cc.status().expect("there is a C compiler, or nothing could be built").success());
        // Another test program may be using it.
        fs::rename(&mine, &path).unwrap();
        path
    })
}

/// Of the calls of `function` on files whose names end in `name`, so many from the n-th on fail with the error `what`.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub function: &'static str,
    pub name: &'static str,
    pub first: u64,
    pub count: u64,
    pub what: i32,
}

impl Fault {
    pub fn always(function: &'static str, name: &'static str, what: i32) -> Fault {
        Fault { function, name, first: 1, count: FOREVER, what }
    }

    /// Has it happen to the command in the folder.
    pub fn happen(&self, command: &mut Command, folder: &Folder) {
        let Fault { function, name, first, count, what } = self;
        let place = fs::canonicalize(&folder.0).unwrap();
        command.env("LD_PRELOAD", shim()).env("SHIM_FOLDER", place);
        command.env("SHIM_FAULT", format!("{function} {name} {first} {count} {what}"));
    }
}
