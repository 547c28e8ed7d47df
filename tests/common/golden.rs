//! Known values: tables of tab-separated columns under `tests/golden`, read by one function.

/// The rows of a table, without its comments.
pub fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/golden/{name}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<String>> = lines.map(|line| line.split('\t').map(str::to_string).collect()).collect();
    assert!(rows.len() > 5, "{path} is nearly empty");
    rows
}
