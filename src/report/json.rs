//! JSON, schema `pcount/1`: every integer of the problem and the answer is a string, because they outgrow
//! the 53 bits that JSON readers keep; seconds and numbers of ranks are numbers.

use super::{Format, Frame, Kind, List, Report, Status};
use crate::escaped;
use crate::values::{Column, Fact, Table, Value};
pub(super) use serde_json::{Map, Value as Json, from_str as parsed, json};

/// A JSON document, for programs.
pub const JSON: Format =
    Format { name: "json", is_document: true, is_whole: false, kind: Kind::Text { fits: |_| Ok(()), write, frame } };

/// A document in which no object has a name twice: readers do not agree which of the two counts. Or what is wrong with it.
pub(super) fn strict(text: &str) -> Result<Json, String> {
    let read: Json = parsed(text).map_err(|why| format!("it is no JSON: {why}"))?;
    // Of two members with one name the reader keeps one.
    match members(&read) == colons(text) {
        true => Ok(read),
        false => Err("a name stands twice in one object".into()),
    }
}

/// How many members all objects have.
fn members(json: &Json) -> usize {
    match json {
        Json::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        Json::Array(items) => items.iter().map(members).sum(),
        _ => 0,
    }
}

/// How many colons there are outside of texts: each member of an object has one.
fn colons(document: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for byte in document.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b':' if !inside => count += 1,
            _ => (),
        }
    }
    count
}

fn write(report: &Report) -> String {
    let mut whole = Map::new();
    whole.insert("schema".into(), json!("pcount/1"));
    whole.insert("status".into(), json!(report.status.name()));
    whole.insert("kernel".into(), json!(report.kernel));
    whole.insert("problem".into(), group(&report.problem));
    if report.status != Status::Planned {
        whole.insert("answer".into(), answer(&report.table, report.total.as_deref()));
    }
    whole.insert("run".into(), group(&report.run));
    shown(Json::Object(whole).to_string()) + "\n"
}

/// Facts as an object in one line; a dot in a name makes an object inside it.
pub fn object(facts: &[Fact]) -> String {
    shown(group(facts).to_string()) + "\n"
}

/// The document without characters that terminals obey and JSON allows in texts.
pub(super) fn shown(document: String) -> String {
    if !document.contains(escaped::is_obeyed) {
        return document;
    }
    let each = |c| if escaped::is_obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    document.chars().map(each).collect()
}

pub(super) fn answer(table: &Table, total: Option<&str>) -> Json {
    let mut answer = Map::new();
    if !table.columns.is_empty() {
        let row = |row: &Vec<Value>| {
            let cells = table.columns.iter().zip(row);
            Json::Object(cells.map(|(column, cell)| (column.key.to_string(), value(cell))).collect())
        };
        answer.insert("rows".into(), table.rows.iter().map(row).collect());
    }
    if let Some(total) = total {
        answer.insert("total".into(), json!(total));
    }
    Json::Object(answer)
}

/// The document of a report without rows, cut where the rows belong. Nothing else in it looks like that place, because quotes in texts
/// are escaped.
fn frame(report: &Report, list: &List) -> Frame {
    const ROWS_OPEN: &str = "\"rows\":[";
    let columns = list.columns.iter().map(|column| Column { key: column.key.clone(), unit: "".into() }).collect();
    let whole = write(&Report { table: Table { columns, rows: vec![] }, ..report.clone() });
    let (head, tail) = whole.split_once(ROWS_OPEN).expect("an answer with columns has rows");
    let mut cells = list.cells("{", "\",");
    for (cell, key) in cells.iter_mut().zip(list.keys()) {
        cell.before += &format!("{}:\"", json!(key));
    }
    let head = format!("{head}{ROWS_OPEN}");
    Frame { head, tail: tail.into(), cells, after: "\"}", between: ",", first_index: None }
}

fn value(value_: &Value) -> Json {
    match value_ {
        Value::Integer(text) | Value::Text(text) => json!(text),
        Value::Count(count) => json!(count),
        // A sum of nothing is -0.
        Value::Seconds(number) | Value::Ratio(number) => json!(number + 0.0),
        Value::List(values) => values.iter().map(value).collect(),
        Value::Nothing => Json::Null,
    }
}

/// The facts as an object. The part of a name before a dot is an object inside it.
pub(super) fn group(facts: &[Fact]) -> Json {
    let mut whole = Map::new();
    for fact in facts {
        let (name, value) = (fact.name.to_string(), value(&fact.value));
        match fact.name.split_once('.').map(|(outer, inner)| (whole.entry(outer).or_insert_with(|| json!({})), inner)) {
            Some((Json::Object(group), inner)) => group.insert(inner.into(), value),
            _ => whole.insert(name, value),
        };
    }
    Json::Object(whole)
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        for text in ["{}", r#"[1,{"a":":","b\"":{"a":[{"a":null},{"a":1.5}]}}]"#, r#"{"\\":":\\"}"#] {
            assert_eq!(strict(text), Ok(parsed(text).unwrap()));
        }
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"\u0061":1}}]"#, r#"{"a":1"#] {
            assert!(strict(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whatever_texts_hold_no_terminal_obeys_it() {
        let texts = "\u{1b}[2J\n\u{9b}31m\u{7f}\u{202e}";
        let facts = ["seconds.wall", "seconds", "seconds.busy"].map(|name| Fact::new(name, Value::text(texts)));
        let said = write(&Report { problem: facts.to_vec(), ..sample() });
        assert!(!said.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{said}");
        let json: Json = serde_json::from_str(&said).unwrap();
        // If facts contradict each other, all are shown somehow.
        assert_eq!(json["problem"]["seconds"], json!(texts));
    }

    #[test]
    fn it_is_the_schema_that_scripts_parse() {
        let json: Json = serde_json::from_str(&write(&sample())).unwrap();
        assert_eq!(
            json,
            json!({
                "schema": "pcount/1", "status": "failed", "kernel": "primes",
                "problem": {"ranges": ["0..10"]},
                "answer": {
                    "rows": [
                        {"start": "0", "waited": 0.25, "cores": [0, 1, 2, 5], "error": null},
                        {"start": "340282366920938463463374607431768211456", "waited": 1.0,
                         "cores": [0, 1, 2, 5], "error": "a \"b\", c"},
                    ],
                    "total": "4",
                },
                "run": {"version": "0.1.0", "ranks": 8, "seconds": {"wall": 0.5, "busy": 0.25}},
            })
        );
    }
}
