//! What the README and the pages in `docs/` show is what happens: every command in their `console` blocks is run and its
//! output compared, `mpirun` ones too, with nothing in the environment but what the page tells its readers to export.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The README and the pages in `docs/`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    [root.join("README.md")].into_iter().chain(pages).collect()
}

/// The blocks of a page in that language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Runs a shell command of a page in which `pcount` is that of this test, and the environment that of a reader who has
/// typed what the page says should be exported.
fn shell(page: &str, line: &str) -> String {
    let mut shell = Command::new("sh");
    // What root must say anyway, and that no rank is bound to a core: tests run beside each other.
    let template = common::mpirun_of(1, "true", &[]);
    let needed = |name: &str| !name.contains("oversubscribe");
    shell.envs(
        template
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)))
            .filter(|(name, _)| needed(name.to_str().unwrap())),
    );
    shell.env_remove("OMPI_MCA_rmaps_base_oversubscribe").env_remove("PRTE_MCA_rmaps_default_mapping_policy");
    for export in
        blocks(page, "sh").iter().flat_map(|block| block.lines()).filter_map(|line| line.strip_prefix("export OMPI_"))
    {
        let (name, value) = export.split_once('=').unwrap();
        shell.env(format!("OMPI_{name}"), value);
    }
    let folder = Path::new(env!("CARGO_BIN_EXE_pcount")).parent().unwrap();
    shell.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
    shell.args(["-c", &line.replace("mpirun", &common::launcher())]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let run = common::run(shell);
    assert_eq!(run.code, Some(0), "{line}: {run:?}");
    run.out
}

#[test]
fn the_commands_print_what_the_pages_show() {
    let mut commands = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for shown in blocks(&page, "console").iter().flat_map(|block| block.split("$ ").skip(1)) {
            let (command, output) = shown.split_once('\n').unwrap();
            assert_eq!(shell(&page, command), output, "{}: $ {command}", path.display());
            commands += 1;
        }
    }
    assert!(commands >= 20, "only {commands}");
}

#[test]
fn the_table_of_examples_tells_the_truth() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tutorials.md")).unwrap();
    let table = page.split("| in Python |").nth(1).unwrap().split("\n\n").next().unwrap();
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
        assert_eq!(shell(&page, command).split_whitespace().collect::<Vec<_>>(), expect, "{command}");
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} rows could be checked");
}

/// A page that is named is there, and every page is named in the README.
#[test]
fn the_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for path in pages().into_iter().chain([root.join("examples/README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let there = link.starts_with("http") || path.with_file_name(link.split('#').next().unwrap()).exists();
            assert!(there, "{}: {link}", path.display());
        }
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        assert!(
            name == "README.md" || readme.contains(&format!("({})", name.trim_end_matches("/README.md"))),
            "{name}"
        );
    }
}
