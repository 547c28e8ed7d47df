//! What others can check of a run: shares put together, blocks computed again, certificates, and all of them forged.

mod common;

use common::{Folder, PYTHON, Run, alone, has_h5py, mpirun, run};
use serde_json::Value as Json;
use std::fs;
use std::process::Command;

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn on(ranks: usize, line: &str) -> Run {
    if ranks == 1 { alone(&words(line)) } else { mpirun(ranks, &words(line)) }
}

/// Problems whose blocks are told as integers.
const TOLD: [&str; 7] = [
    "pi 1e10 5000 3",
    "primes 0..3e8 3e8..5e8 1e9..1.1e9",
    "primes 0..2e8 1e9..+5e7 --method sieve",
    "primes 0..30000 50000..60000 --method trial",
    "pi 1e9 --verify --method gourdon",
    "sum-primes 1e12..+1e7 2e12..+1e6",
    "map-reduce 0..3e8 1e9..+1e7",
];

#[test]
fn shares_put_together_are_the_whole_whoever_computed_them() {
    let folder = Folder::new("shares");
    for (case, line) in
        ["primes 0..3e8 5e8..6e8", "pi 1e10 1e9", "is-prime 1..3000", "factorial 200..260"].iter().enumerate()
    {
        let file = |name: &str| folder.file(&format!("{case}-{name}.h5"));
        let share = |index: usize, ranks: usize, more: &str| {
            let out = file(&index.to_string());
            let line = format!("{line} --share {index}/3 -o {out} {more}");
            let run = on(ranks, &line);
            assert_eq!(run.code, Some(0), "{line}: {}", run.err);
            assert!(run.err.contains(&format!("share {index}/3 is done")), "{}", run.err);
            out
        };
        let lanes = if line.starts_with('p') { "--lanes scalar" } else { "" };
        let (one, two) = (share(1, 2, lanes), share(2, 1, "-t 2"));
        let all = file("all");
        let some = alone(&["merge", &one, &two, "--out", &all]);
        assert_eq!(some.code, Some(85), "{}", some.err);
        assert!(some.err.contains("are missing"), "{}", some.err);
        let three = share(3, 3, "--schedule farm");
        let whole = alone(&[&words(line)[..], &["-f", "csv"]].concat()).out;
        for order in [[&one, &two, &three, &one], [&three, &one, &two, &all]] {
            let out = file("whole");
            let merged = alone(&["merge", order[0], order[1], order[2], order[3], "-o", &out, "-f", "csv"]);
            assert_eq!((merged.code, &merged.out), (Some(0), &whole), "{line}: {}", merged.err);
            assert_eq!(alone(&["show", &out, "-f", "csv"]).out, whole);
            let direct = file("direct");
            assert_eq!(alone(&[&words(line)[..], &["-o", &direct]].concat()).code, Some(0));
            let same = alone(&["diff", &direct, &out]);
            assert_eq!(same.code, Some(0), "{}", same.err);
            assert!(same.err.contains("they have the same answer, and the"), "{}", same.err);
        }
        // What is missing can be computed instead.
        let resumed = alone(&["resume", &all, "-f", "csv"]);
        assert_eq!((resumed.code, &resumed.out), (Some(0), &whole), "{}", resumed.err);
    }
}

#[test]
fn a_share_that_was_stopped_is_resumed_and_is_still_a_share() {
    let folder = Folder::new("stopped-share");
    let [one, two, all] = ["one", "two", "all"].map(|name| folder.file(&format!("{name}.h5")));
    let line = "primes 0..2e10 --method sieve --share 1/2 -t 1 --for 500ms -o";
    let stopped = alone(&[&words(line)[..], &[&one]].concat());
    assert_eq!(stopped.code, Some(85), "{}", stopped.err);
    let resumed = alone(&["resume", &one]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.err);
    assert!(resumed.err.contains("share 1/2 is done"), "{}", resumed.err);
    // It is done, and stays so.
    assert_eq!(alone(&["resume", &one]).code, Some(0));
    assert_eq!(alone(&words(&format!("primes 0..2e10 --method sieve --share 2/2 -o {two}"))).code, Some(0));
    let merged = alone(&["merge", &one, &two, "-o", &all, "-q"]);
    // OEIS A007053 and its like: the primes below 2·10^10.
    assert_eq!((merged.code, &*merged.out), (Some(0), "882206716\n"), "{}", merged.err);
}

#[test]
fn shares_that_do_not_belong_together_are_refused() {
    let folder = Folder::new("other-shares");
    let [one, two, other, list] = ["one", "two", "other", "list"].map(|name| folder.file(&format!("{name}.h5")));
    assert_eq!(alone(&words(&format!("primes 0..1e8 --method sieve --share 1/2 -o {one}"))).code, Some(0));
    assert_eq!(alone(&words(&format!("primes 0..1e8 --method sieve --share 2/2 -o {two}"))).code, Some(0));
    assert_eq!(alone(&words(&format!("primes 0..2e8 --method sieve --share 2/2 -o {other}"))).code, Some(0));
    assert_eq!(alone(&words(&format!("primes 0..1e3 --list -o {list}"))).code, Some(0));
    for (args, part) in [
        (vec!["merge", &one, &other, "-o", "x.h5"], "they are not shares of one plan"),
        (vec!["merge", &one, &two, "-o", &one], "is one of the shares"),
        (vec!["merge", &one, &list, "-o", "x.h5"], "has no units that could be put together"),
        (vec!["merge", &one], "--out all.h5"),
        (vec!["diff", &one], "'diff' needs two files"),
        (vec!["primes", "0..9", "--share", "1/2"], "add --out share1.h5"),
        (vec!["primes", "0..9", "--share", "3/2", "-o", "x.h5"], "'3/2' is not a share"),
        (vec!["primes", "0..9", "--list", "--share", "1/2", "-o", "x.h5"], "--share is not for a list"),
        (vec!["diff", &one, &other], "they answer different questions"),
        (vec!["certify", &one], "is of a run that is not over: resume it first"),
        (vec!["certify", &list], "its answer is a list"),
        (vec!["verify", &one, "--fraction", "2"], "'2' is not above 0 and up to 1"),
        (vec!["verify", &one, "--fraction", "nan"], "'nan' is not above 0 and up to 1"),
    ] {
        let run = alone(&args);
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.err);
        assert!(run.err.contains(part) && run.err.lines().count() == 1, "{args:?}: {}", run.err);
    }
    assert!(!std::path::Path::new("x.h5").exists());
}

#[test]
fn blocks_are_computed_again_on_any_ranks() {
    let folder = Folder::new("verify");
    for (case, line) in TOLD.iter().chain(&["is-prime 1..2000", "nth-prime 1..50", "phi 1e9 20"]).enumerate() {
        let [file, cert] = ["run.h5", "run.cert"].map(|name| folder.file(&format!("{case}-{name}")));
        let made = on(1 + case % 3, &format!("{line} -o {file}"));
        assert_eq!(made.code, Some(0), "{line}: {}", made.err);
        let certified = alone(&["certify", &file, "-o", &cert]);
        assert_eq!(certified.code, Some(0), "{line}: {}", certified.err);
        for (ranks, what, fraction) in [(1, &file, "1"), (3, &cert, "1"), (2, &file, "0.2"), (1, &cert, "0.01")] {
            let run = on(ranks, &format!("verify {what} --fraction {fraction}"));
            assert_eq!((run.code, &*run.out), (Some(0), ""), "{line}, {what}: {}", run.err);
            assert!(run.err.contains("computed again by") && run.err.contains("agree"), "{}", run.err);
            // Where all is computed, or sums can be made, the answer is compared; if not, that is said.
            let compared = ["make the answer", "makes the answer"].iter().any(|words| run.err.contains(words));
            assert!(compared || fraction != "1" && run.err.contains("was not compared"), "{line}: {}", run.err);
        }
        let json = alone(&["verify", &file, "--fraction", "1", "-f", "json"]).json();
        assert_eq!((&json["status"], &json["answer"]["rows"]), (&"complete".into(), &Json::Array(vec![])));
        let asked = alone(&["show", &file, "-f", "json"]).json();
        assert_eq!((&json["problem"]["asked"], &json["problem"]["command"]), (&asked["problem"], &asked["kernel"]));
        let same = alone(&["diff", &file, &cert]);
        assert_eq!((same.code, &*same.out), (Some(0), ""), "{line}: {}", same.err);
    }
}

/// Other methods find primes otherwise, and most have other units.
#[test]
fn other_methods_agree_and_find_what_is_forged() {
    let folder = Folder::new("other-methods");
    let [file, forged] = ["run.h5", "forged.cert"].map(|name| folder.file(name));
    for (line, methods) in [
        ("pi 1e9 10 --method gourdon", &["other", "sieve", "lmo"][..]),
        ("pi 1e8 --method legendre", &["other", "gourdon"]),
        ("sum-primes 0..1e6 1e12..+1e4 --power 2", &["other"]),
        ("sum-primes 0..1e10", &["other"]),
        ("primes 2^64-1e4..2^64 2^64..+1000 10^24..+1000 --method sieve", &["other"]),
        ("primes 0..1e6 7..8 --gaps", &["other"]),
        ("primes 0..1e6 --gaps 100", &["other"]),
        ("primes 0..1e6 1e12..+1e4 --tuplet 3", &["other"]),
        ("primes 0..1e6 --tuplet 0,4,34", &["other"]),
        ("primes 0..1e6 --residues 999983", &["other"]),
        ("primes 0..1e6 --residues 4 --race", &["other"]),
        ("primes 0..1e5 --every 1e4", &["other", "trial"]),
        ("nth-prime 1 10000 10001 1e6 1e10", &["other"]),
        ("phi 1e10 100", &["other"]),
        ("phi 1e11 5000", &["other"]),
        ("phi 1e10 1e9", &["other"]),
        ("primes 0..3e6 5e6..6e6 --method sieve", &["other", "trial", "legendre", "lmo", "gourdon"]),
    ] {
        let _ = fs::remove_file(&file);
        let made = alone(&[&words(line)[..], &["-o", &file]].concat());
        assert_eq!(made.code, Some(0), "{line}: {}", made.err);
        for (index, method) in methods.iter().enumerate() {
            let run = on(1 + index % 2, &format!("verify {file} --method {method}"));
            assert_eq!((run.code, &*run.out), (Some(0), ""), "{line} by {method}: {}", run.err);
            assert!(run.err.contains("computed again by") && run.err.lines().count() == 1, "{line}: {}", run.err);
        }
    }
    // A forger who does all sums: nothing but computing finds it.
    let mut lines = bare(&alone(&["certify", &file]).out);
    let block = lines.iter().position(|line| line.contains("\"numbers\"")).unwrap();
    // OEIS A006880 and its like: the primes below 3·10^6, and those with the other range.
    for (index, from, to) in [(1, "\"216816\"", "\"216817\""), (1, "\"281152\"", "\"281153\"")] {
        assert!(lines[index].contains(from), "{}", lines[index]);
        lines[index] = lines[index].replacen(from, to, 1);
    }
    let place = integers(&lines[block]).pop().unwrap();
    let number: u64 = lines[block][place.clone()].parse().unwrap();
    lines[block] = format!("{}{}{}", &lines[block][..place.start], number + 1, &lines[block][place.end..]);
    fs::write(&forged, chained(&lines)).unwrap();
    for (method, rows) in [("other --fraction 1", 1), ("lmo", 2), ("trial", 2)] {
        for ranks in [1, 2] {
            let run = on(ranks, &format!("verify {forged} --method {method} -f csv"));
            assert_eq!((run.code, run.out.lines().count()), (Some(3), 1 + rows), "{method}: {}{}", run.out, run.err);
        }
    }
    let is_prime = folder.file("is-prime.h5");
    assert_eq!(alone(&words(&format!("is-prime 1..9 -o {is_prime}"))).code, Some(0));
    for (args, part) in [
        (vec![&*file, "--method", "sieve"], "that is the method of the run"),
        (vec![&file, "--method", "lmo", "--fraction", "0.5"], "--fraction is for a share of the blocks"),
        (vec![&file, "--method", "other", "--lanes", "scalar"], "--lanes is not for --method other"),
        (vec![&file, "--method", "tests"], "'tests'"),
        (vec![&is_prime, "--method", "other"], "'is-prime' has one method only"),
    ] {
        let run = alone(&[&["verify"], &args[..]].concat());
        assert_eq!((run.code, run.err.lines().count()), (Some(2), 1), "{args:?}: {}", run.err);
        assert!(run.err.contains(part), "{args:?}: {}", run.err);
    }
}

/// The lines of a certificate without their chains.
fn bare(text: &str) -> Vec<String> {
    let bare = |line: &str| format!("{}}}", line.rsplit_once(",\"chain\":\"").unwrap().0);
    text.lines().map(bare).collect()
}

/// A certificate of these lines, with chains that fit.
fn chained(lines: &[String]) -> String {
    use sha2::{Digest, Sha256};
    let (mut chain, mut text) = ("0".repeat(64), String::new());
    for line in lines {
        let line = &line[..line.len() - 1];
        chain = Sha256::digest(format!("{chain}{line}")).iter().map(|byte| format!("{byte:02x}")).collect();
        text += &format!("{line},\"chain\":\"{chain}\"}}\n");
    }
    text
}

/// The places of integers in a line of JSON, as texts or as numbers.
fn integers(line: &str) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut at) = (vec![], 0);
    let bytes = line.as_bytes();
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0
            && !bytes[at - 1].is_ascii_alphanumeric()
            && !bytes.get(at + digits).is_some_and(u8::is_ascii_alphabetic)
        {
            found.push(at..at + digits);
        }
        at += digits.max(1);
    }
    found
}

/// Each number of a certificate is changed, and the chain made to fit. What the answer and the blocks say is then found by their sums; what is
/// left are facts of attempts, which nobody can check.
#[test]
fn a_forged_number_is_found_though_its_chain_fits() {
    let folder = Folder::new("forged-numbers");
    let (file, forged) = (folder.file("run.h5"), folder.file("forged.cert"));
    for line in ["primes 0..3e8 5e8..6e8 --method sieve", "pi 2e10"] {
        assert_eq!(alone(&[&words(line)[..], &["-o", &file]].concat()).code, Some(0));
        let lines = bare(&alone(&["certify", &file]).out);
        assert_eq!(chained(&lines), alone(&["certify", &file]).out);
        let mut tried = 0;
        for (index, told) in lines.iter().enumerate().filter(|(_, told)| !told.starts_with("{\"attempt\"")) {
            let places = integers(told);
            // Of many blocks some are enough.
            if told.starts_with("{\"units\"") && index % 5 != 0 {
                continue;
            }
            for place in places {
                let number: u128 = told[place.clone()].parse().unwrap();
                // The number of ranks decides nothing here.
                if told[..place.start].ends_with("\"ranks\":") || told[..place.start].ends_with("pcount/") {
                    continue;
                }
                let other = format!("{}{}{}", &told[..place.start], number + 1, &told[place.end..]);
                let mut all = lines.clone();
                all[index] = other;
                fs::write(&forged, chained(&all)).unwrap();
                // Some numbers of a block do not matter for the answer: then the block must be computed.
                let run = alone(&["verify", &forged, "--fraction", "1"]);
                assert!(
                    matches!(run.code, Some(1..=3)),
                    "line {index} with {}: {:?} {}",
                    all[index],
                    run.code,
                    run.err
                );
                assert_eq!(run.err.lines().count(), 1, "{}", run.err);
                // Nothing but the blocks is found by computing.
                assert!(run.out.is_empty() || told.starts_with("{\"units\""), "{}", run.out);
                tried += 1;
            }
        }
        assert!(tried > 20, "{tried}");
    }
}

/// Who forges two blocks so that their sums are right is found by who computes one of them.
#[test]
fn a_forger_who_does_all_sums_is_found_by_computing() {
    let folder = Folder::new("forged-sums");
    let (file, forged, honest) = (folder.file("run.h5"), folder.file("forged.cert"), folder.file("honest.cert"));
    assert_eq!(alone(&words(&format!("primes 0..2e9 --method sieve -o {file}"))).code, Some(0));
    assert_eq!(alone(&["certify", &file, "-o", &honest]).code, Some(0));
    let mut lines = bare(&fs::read_to_string(&honest).unwrap());
    let blocks: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].contains("\"numbers\"")).collect();
    for (index, by) in [(blocks[0], 1), (blocks[1], -1)] {
        let place = integers(&lines[index]).pop().unwrap();
        let number: i64 = lines[index][place.clone()].parse().unwrap();
        lines[index] = format!("{}{}{}", &lines[index][..place.start], number + by, &lines[index][place.end..]);
    }
    fs::write(&forged, chained(&lines)).unwrap();
    for ranks in [1, 3] {
        let found = on(ranks, &format!("verify {forged} --fraction 1 -f csv"));
        assert_eq!(found.code, Some(3), "{}", found.err);
        assert_eq!(found.out.lines().count(), 3, "{}", found.out);
        assert!(found.err.contains("2 of") && found.err.contains("came to something else"), "{}", found.err);
    }
    let differ = alone(&["diff", &honest, &forged, "-f", "csv"]);
    assert_eq!((differ.code, differ.out.lines().count()), (Some(3), 3), "{}", differ.out);
    assert!(differ.err.contains("2 of the") && differ.err.contains("they have the same answer"), "{}", differ.err);
}

/// What the answer says is compared with the blocks, also where these are told by their bytes, or by the digests of long ones.
#[test]
fn a_forged_answer_is_found_where_blocks_are_no_numbers() {
    let folder = Folder::new("forged-answers");
    let (file, forged) = (folder.file("run.h5"), folder.file("forged.cert"));
    for (line, from, to) in [
        ("is-prime 97 98", "\"yes\"", "\"no\""),
        ("primes 0..1e6 --gaps", "\"114\"", "\"118\""),
        ("primes 0..100 --tuplet 2 --brun", "\"1.33", "\"1.34"),
        ("sum-primes 0..1e7", "\"3203324994356\"", "\"3203324994357\""),
        ("primes 0..1e6 0..1e6 --method sieve", "\"78498\"", "\"78499\""),
        ("factorial 20", "2432902008176640000", "2432902008176640001"),
        ("factorial 5000", "\"16326\"", "\"16327\""),
    ] {
        let _ = fs::remove_file(&file);
        assert_eq!(alone(&[&words(line)[..], &["-o", &file]].concat()).code, Some(0), "{line}");
        let right = alone(&["verify", &file, "--fraction", "1"]);
        assert_eq!(right.code, Some(0), "{line}: {}", right.err);
        let mut lines = bare(&alone(&["certify", &file]).out);
        assert!(lines[1].contains(from), "{}", lines[1]);
        lines[1] = lines[1].replacen(from, to, 1);
        fs::write(&forged, chained(&lines)).unwrap();
        let are_long = line.ends_with("5000");
        assert_eq!(lines.iter().any(|line| line.contains("\"sha256\":\"") && line.contains("\"units\"")), are_long);
        for ranks in [1, 2] {
            let run = on(ranks, &format!("verify {forged} --fraction {}", if are_long { "1" } else { "0.01" }));
            assert_eq!(run.code, Some(3), "{line}: {}", run.err);
            let what = ["what its blocks came to does not make its answer", "its answer is not what its blocks make"];
            assert!(run.err.contains(what[usize::from(are_long)]), "{line}: {}", run.err);
        }
    }
}

#[test]
fn what_is_no_certificate_is_neither_read_nor_replaced() {
    let folder = Folder::new("no-certificates");
    let [file, share, notes, pipe] = ["run.h5", "share.h5", "notes.txt", "pipe"].map(|name| folder.file(name));
    assert_eq!(alone(&["primes", "0..1e6", "--method", "sieve", "-o", &file]).code, Some(0));
    assert_eq!(alone(&["primes", "0..1e6", "--method", "sieve", "--share", "1/2", "-o", &share]).code, Some(0));
    fs::write(&notes, "mine").unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (args, part) in [
        (vec!["certify", &file, "-o", &share], "is there and is no certificate"),
        (vec!["certify", &file, "-o", &notes], "is there and is no certificate"),
        (vec!["certify", &file, "-o", &file], "is a file that is read"),
        (vec!["verify", &pipe], "is not a plain file"),
        (vec!["diff", &pipe, &file], "is not a plain file"),
        (vec!["sum", "--list", &pipe, "--column", "1"], "no plain file"),
        (vec!["verify", &file, "-f", "npy"], "is for rows of numbers"),
        (vec!["diff", &file, &file, "-f", "bfile"], "is for rows of numbers"),
        (vec!["resume", &share, "--share", "2/2"], "--share is not for 'resume'"),
        (vec!["resume", &share, "--double-check"], "--double-check is not for 'resume'"),
    ] {
        let run = alone(&args);
        assert_eq!((run.code, run.err.lines().count()), (Some(2), 1), "{args:?}: {}", run.err);
        assert!(run.err.contains(part), "{args:?}: {}", run.err);
    }
    assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    assert_eq!(alone(&["resume", &share]).code, Some(0));
    // A certificate is replaced by one.
    let cert = folder.file("run.cert");
    for _ in 0..2 {
        assert_eq!(alone(&["certify", &file, "-o", &cert]).code, Some(0));
    }
}

/// Who counts everything twice by two methods has units that are cut differently, and one answer.
#[test]
fn runs_by_two_methods_are_compared() {
    let folder = Folder::new("two-methods");
    let [one, two, other] = ["one.h5", "two.h5", "other.h5"].map(|name| folder.file(name));
    for (range, method, file) in [("0..1e8", "sieve", &one), ("0..1e8", "gourdon", &two), ("0..2e8", "gourdon", &other)]
    {
        assert_eq!(alone(&["primes", range, "--method", method, "-o", file]).code, Some(0));
    }
    let same = alone(&["diff", &one, &two]);
    assert_eq!((same.code, &*same.out), (Some(0), ""), "{}", same.err);
    assert!(same.err.contains("they have the same answer; their units were cut differently"), "{}", same.err);
    assert_eq!(alone(&["diff", &one, &other]).code, Some(2));
}

/// A forger who leaves out what would show it.
#[test]
fn nothing_is_hidden_in_a_certificate() {
    let folder = Folder::new("hidden");
    let [file, forged] = ["run.h5", "forged.cert"].map(|name| folder.file(name));
    let bare_of = |line: &str| {
        let _ = fs::remove_file(&file);
        let made = alone(&[&words(line)[..], &["-o", &file]].concat());
        assert_eq!(made.code, Some(0), "{line}: {}", made.err);
        bare(&alone(&["certify", &file]).out)
    };
    let refused = |lines: &[String], what: &str| {
        fs::write(&forged, chained(lines)).unwrap();
        let run = alone(&["verify", &forged]);
        assert_eq!((run.code, run.err.lines().count()), (Some(3), 1), "{what}: {}", run.err);
        if has_h5py() && what.starts_with("primes 0..3e8") {
            let check = run_checker(&forged);
            assert_eq!(check.code, Some(3), "{what}: {}", check.out);
        }
        run.err
    };
    let count = "primes 0..3e8 --method sieve";
    let lines = bare_of(count);
    let mut hidden = lines.clone();
    // OEIS A006880 and its like: the primes below 3·10^8.
    hidden[1] = hidden[1].replace("16252325", "16252326");
    let last = hidden.iter().rposition(|line| line.contains("\"numbers\"")).unwrap();
    let before = hidden[last].split(",\"numbers\"").next().unwrap().to_string();
    hidden[last] = format!("{before},\"sha256\":\"{}\"}}", "ab".repeat(32));
    assert!(refused(&hidden, count).contains("what they came to is hidden"));
    let mut twice = lines.clone();
    twice[1] = twice[1].replacen("\"count\":", "\"count\":\"1\",\"count\":", 1);
    assert!(refused(&twice, count).contains("a name stands twice in one object"));
    // What is told by its bytes makes the answer, too.
    for line in [
        "primes 0..1e6 --tuplet 2",
        "primes 0..1e6 --residues 4",
        "primes 0..1e6 --residues 4 --race",
        "primes 0..1e6 --every 1e5",
        "sum-primes 0..1e9",
        "nth-prime 1000..1100",
        "phi 1e9 20",
        "is-prime 1..2000",
    ] {
        let mut lines = bare_of(line);
        let answer = integers(&lines[1]).pop().unwrap();
        let digit = if lines[1][answer.clone()].starts_with('1') { "2" } else { "1" };
        lines[1].replace_range(answer.start..answer.start + 1, digit);
        refused(&lines, line);
    }
}

fn run_checker(path: &str) -> Run {
    run(common::quiet(Command::new(PYTHON), &["examples/check_certificate.py", path]))
}

/// The other checker, which knows nothing of pcount but `docs/certificates.md`.
#[test]
fn a_checker_in_python_agrees() {
    if !has_h5py() {
        return common::ignored("no Python");
    }
    let folder = Folder::new("python-checker");
    let check = run_checker;
    for (case, line) in TOLD.iter().enumerate() {
        let [file, cert] = ["run.h5", "run.cert"].map(|name| folder.file(&format!("{case}-{name}")));
        assert_eq!(alone(&[&words(line)[..], &["-o", &file]].concat()).code, Some(0));
        assert_eq!(alone(&["certify", &file, "-o", &cert]).code, Some(0));
        let checked = check(&cert);
        assert_eq!(checked.code, Some(0), "{line}: {}", checked.err);
        assert!(checked.out.contains("make the answer"), "{line}: {}", checked.out);
        let text = fs::read_to_string(&cert).unwrap();
        fs::write(&cert, text.replacen("units", "unita", 1)).unwrap();
        assert_eq!(check(&cert).code, Some(3));
        for answer in [r#"{"answer":{}}"#, r#"{"answer":{"rows":[],"total":"0"}}"#, r#"{"answer":null}"#] {
            let mut lines = bare(&text);
            lines[1] = answer.into();
            fs::write(&cert, chained(&lines)).unwrap();
            let forged = check(&cert);
            assert_eq!((forged.code, forged.err.lines().count()), (Some(3), 1), "{line}, {answer}: {}", forged.out);
        }
        // Each answer is one more, with a chain that fits.
        let mut lines = bare(&text);
        let place = integers(&lines[1]).pop().unwrap();
        let number: u128 = lines[1][place.clone()].parse().unwrap();
        lines[1] = format!("{}{}{}", &lines[1][..place.start], number + 1, &lines[1][place.end..]);
        fs::write(&cert, chained(&lines)).unwrap();
        let forged = check(&cert);
        assert_eq!(forged.code, Some(3), "{line}: {}", forged.err);
    }
}

/// What is not the same on every machine and at every time: chains, and the lanes of a CPU.
fn same_everywhere(text: &str) -> String {
    let is_chain = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lanes = ["scalar", "avx2", "avx512"];
    text.split_inclusive(|letter: char| !letter.is_alphanumeric())
        .map(|part| part.split_at(part.trim_end_matches(|letter: char| !letter.is_alphanumeric()).len()))
        .map(|(word, end)| match word {
            _ if is_chain(word) => format!("CHAIN{end}"),
            _ if lanes.contains(&word) => format!("LANES{end}"),
            _ => format!("{word}{end}"),
        })
        .collect()
}

/// Each command of the page of certificates that is shown with what it prints.
#[test]
fn the_page_of_certificates_shows_what_happens() {
    if !has_h5py() {
        return common::ignored("no Python");
    }
    let folder = Folder::new("certificates-page");
    let page = fs::read_to_string("docs/certificates.md").unwrap();
    let shown = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands = shown.flat_map(|block| block.split("$ ").skip(1)).map(|shown| shown.split_once('\n').unwrap());
    let mut compared = 0;
    for (command, output) in commands.filter(|(_, output)| !output.is_empty()) {
        let line = command.replace("examples/", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/"));
        let mut shell = common::quiet(Command::new("sh"), &["-c", &format!("{{ {line}\n}} 2>&1")]);
        let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_pcount")).parent().unwrap();
        shell.env("PATH", format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap())).current_dir(&folder.0);
        let run = run(shell);
        let found: String = run.out.split_inclusive('\n').filter(|line| !common::is_progress(line)).collect();
        assert_eq!(same_everywhere(&found), same_everywhere(output), "$ {command}");
        compared += 1;
    }
    assert_eq!(compared, 6);
}

#[test]
fn what_is_computed_twice_is_the_same_on_any_ranks() {
    let folder = Folder::new("twice");
    for (case, line) in
        ["primes 0..3e8 5e8..6e8", "pi 1e10 5000", "factorial 50..90", "square 1..40", "primes 0..1e8 --gaps"]
            .iter()
            .enumerate()
    {
        let once = alone(&[&words(line)[..], &["-f", "csv"]].concat()).out;
        let file = folder.file(&format!("{case}.h5"));
        for (ranks, more) in [
            (1, String::new()),
            (3, "--schedule farm".into()),
            (2, "--schedule fixed".into()),
            (2, format!("-o {file}")),
        ] {
            let run = on(ranks, &format!("{line} --double-check -f csv {more}"));
            assert_eq!((run.code, &run.out), (Some(0), &once), "{line} on {ranks} {more}: {}", run.err);
        }
        let json = alone(&["show", &file, "-f", "json"]).json();
        assert!(json["run"]["double_check"].is_string(), "{json}");
        // It is kept as if it had been computed once.
        let checked = alone(&["verify", &file]);
        assert_eq!(checked.code, Some(0), "{}", checked.err);
    }
}

#[test]
fn a_double_check_is_stopped_and_resumed() {
    let folder = Folder::new("twice-stopped");
    let file = folder.file("run.h5");
    let stopped = alone(&words(&format!("primes 0..2e10 --method sieve --double-check -t 1 --for 1s -o {file}")));
    assert_eq!(stopped.code, Some(85), "{}", stopped.err);
    let resumed = mpirun(2, &["resume", &file, "-q"]);
    assert_eq!((resumed.code, &*resumed.out), (Some(0), "882206716\n"), "{}", resumed.err);
}

#[test]
fn a_machine_is_tested_alone_and_on_ranks() {
    let run = alone(&words("self-test --for 1s -f json"));
    assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
    let json = run.json();
    let rows = json["answer"]["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["check"].as_str().unwrap()).collect();
    for part in ["lanes scalar", "schedule fixed", "schedule farm", "save and resume", "core ", "memory"] {
        assert!(names.iter().any(|name| name.starts_with(part)), "{part}: {names:?}");
    }
    assert!(rows.iter().all(|row| row["result"].as_str().unwrap().starts_with("right: ")), "{rows:?}");
    let several = mpirun(2, &words("self-test --for 1s -f csv"));
    assert_eq!(several.code, Some(0), "{}", several.err);
    for rank in ["rank 0 on ", "rank 1 on "] {
        assert!(
            several.out.lines().any(|line| line.starts_with(rank) && line.contains("lanes scalar")),
            "{}",
            several.out
        );
    }
    let wrong = alone(&["self-test", "--for", "soon"]);
    assert_eq!((wrong.code, wrong.err.lines().count()), (Some(2), 1), "{}", wrong.err);
}

/// Programs that read CSV find its heading, also where nothing differs.
#[test]
fn what_agrees_has_a_heading_and_what_cannot_be_checked_is_told() {
    let folder = Folder::new("agrees");
    let [one, other, delay] = ["one.h5", "other.h5", "delay.h5"].map(|name| folder.file(name));
    for out in [&one, &other] {
        assert_eq!(alone(&["primes", "0..1e7", "-q", "--out", out]).code, Some(0));
    }
    assert_eq!(alone(&["delay", "0", "-q", "--out", &delay]).code, Some(0));
    for (args, heading) in [
        (&["diff", &*one, &other][..], "unit,left,right\n"),
        (&["verify", &one], "unit,recorded,recomputed\n"),
        (&["verify", &one, "--method", "other"], "unit,recorded,recomputed\n"),
    ] {
        let csv = alone(&[args, &["-f", "csv"]].concat());
        assert_eq!((csv.code, &*csv.out), (Some(0), heading), "{args:?}: {csv:?}");
        assert_eq!(alone(args).out, "", "{args:?}");
    }
    let none = folder.file("none");
    for (args, why) in [
        (["verify", &*none], format!("'{none}': there is no such file")),
        (["verify", &delay], "what 'delay' answers depends on more than numbers".into()),
    ] {
        let told = alone(&args);
        assert!(told.code == Some(2) && told.said().len() == 1 && told.err.contains(&why), "{args:?}: {told:?}");
    }
}
