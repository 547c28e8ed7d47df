//! The leaf loops of the formula have no branches that depend on what they find. Compilers may bring such branches back: then a loop
//! takes twice as long, and no answer changes. Valgrind counts mispredicted branches, the same ones each time.

#![cfg(target_arch = "x86_64")]

mod common;

use std::collections::HashMap;
use std::process::Command;

/// Mispredicted branches in 10,000 instructions of a loop: measured 2 to 17. A loop that counted up to eight words by a ladder of
/// branches had 171.
const MISPREDICTED_MAX: u64 = 50;

#[test]
fn the_leaf_loops_have_no_branches() {
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return common::missing("valgrind");
    }
    let folder = common::Folder::new("branches");
    // Valgrind has no AVX-512.
    let mut names: Vec<_> = pcount::math::lanes::usable().map(|lanes| lanes.name).collect();
    // Some have variants of one name.
    names.dedup();
    for lanes in names.into_iter().filter(|name| *name != "avx512") {
        let file = folder.file(lanes);
        let callgrind = ["--tool=callgrind", "--branch-sim=yes", &format!("--callgrind-out-file={file}")];
        let args = ["pi", "3e11", "-q", "--threads", "1", "--lanes", lanes];
        let mut valgrind = Command::new("valgrind");
        valgrind.args(callgrind).arg(env!("CARGO_BIN_EXE_pcount"));
        let run = common::run(common::quiet(valgrind, &args));
        assert_eq!(run.code, Some(0), "{run:?}");
        let costs = costs(&std::fs::read_to_string(&file).unwrap());
        for name in ["sum", "pick", "recount", "stride"] {
            let in_lanes =
                |function: &&String| function.contains("::lanes::") && function.ends_with(&format!("::{name}"));
            let (mut instructions, mut mispredicted) = (0, 0);
            for function in costs.keys().filter(in_lanes).filter(|function| !function.contains("segment")) {
                instructions += costs[function].0;
                mispredicted += costs[function].1;
            }
            assert!(instructions > 500_000, "{instructions} instructions in {name} on {lanes}");
            let in_ten_thousand = 10_000 * mispredicted / instructions;
            assert!(
                in_ten_thousand <= MISPREDICTED_MAX,
                "{in_ten_thousand} mispredicted branches in {name} on {lanes}"
            );
        }
    }
}

/// Of each function the instructions and the mispredicted conditional branches, without those of the functions that it calls.
fn costs(profile: &str) -> HashMap<String, (u64, u64)> {
    assert!(profile.contains("events: Ir Bc Bcm "));
    let (mut names, mut costs) = (HashMap::new(), HashMap::<String, (u64, u64)>::new());
    let (mut at, mut is_call) = (String::new(), false);
    for line in profile.lines() {
        // The first time a function has a number and a name, later the number only.
        if let Some(function) = line.strip_prefix("fn=").or(line.strip_prefix("cfn=")) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            let known = names.entry(number.to_string()).or_insert(name.to_string());
            if line.starts_with("fn=") {
                at = known.clone();
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let counts: Vec<u64> = line.split(' ').skip(1).map(|count| count.parse().unwrap()).collect();
            if !std::mem::take(&mut is_call) {
                let cost = costs.entry(at.clone()).or_default();
                *cost = (cost.0 + counts[0], cost.1 + counts.get(2).unwrap_or(&0));
            }
        }
    }
    costs
}
