//! What the README shows is what happens: every command in its `console` blocks is run and its output compared.

mod common;

use std::process::Command;

/// The blocks of the README in that language.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

/// Runs a shell command in which `pcount` and `mpirun` are those of this test.
fn shell(line: &str) -> String {
    let template = common::mpirun_of(1, "true", &[]);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_pcount")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path);
    shell.args(["-c", &line.replace("mpirun", &common::launcher()).replace(" pcount", " \"$(command -v pcount)\"")]);
    let run = common::run(shell);
    assert_eq!(run.code, Some(0), "{line}: {run:?}");
    run.out
}

#[test]
fn the_commands_print_what_the_readme_shows() {
    let mut commands = 0;
    for block in blocks("console") {
        for shown in block.split("$ ").skip(1) {
            let (command, output) = shown.split_once('\n').unwrap();
            assert_eq!(shell(command), output, "$ {command}");
            commands += 1;
        }
    }
    assert!(commands >= 5);
}

#[test]
fn the_table_of_examples_tells_the_truth() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let table = text.split("| in Python |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut checked = 0;
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let (command, answer) = (cells[1].trim_matches('`'), cells[2].trim_end_matches(" |"));
        // Only rows whose answer is given in full, as words in quotes and nothing else.
        let words: Vec<&str> = answer.split_whitespace().collect();
        if !words.iter().all(|word| word.starts_with('`') && word.ends_with('`'))
            || words.iter().any(|w| w.contains("rank"))
        {
            continue;
        }
        let expect: Vec<&str> = words.iter().map(|word| word.trim_matches('`')).collect();
        assert_eq!(shell(command).split_whitespace().collect::<Vec<_>>(), expect, "{command}");
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} rows could be checked");
}
