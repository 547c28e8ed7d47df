//! The content of a run file: groups, attributes and datasets. Each write stands beside its read.

use super::list::list;
use super::{SCHEMA, checked, sense};
use crate::block::Block;
use crate::math::integer;
use crate::report::{Report, RowsSoFar, State, Status};
use crate::values::timeline::Entry;
use crate::values::{Column, Fact, Role, Table, Value};
use crate::wire::{self, Bytes};
use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, Group, H5Type, Location};

pub(super) fn fill(file: File, report: &Report) -> hdf5::Result<()> {
    put_text(&file, "schema", SCHEMA)?;
    put_text(&file, "status", report.status.name())?;
    put_text(&file, "kernel", &report.kernel)?;
    put_facts(&file.create_group("problem")?, &report.problem)?;
    put_facts(&file.create_group("run")?, &report.run)?;
    put_answer(&file.create_group("answer")?, report)?;
    put_timeline(&file.create_group("timeline")?, &report.timeline)?;
    let attempts = file.create_group("attempts")?;
    put(&attempts, "count", &(report.attempts.len() as u64))?;
    for (index, attempt) in report.attempts.iter().enumerate() {
        put_facts(&attempts.create_group(&index.to_string())?, attempt)?;
    }
    let ledger = file.create_group("ledger")?;
    report.state.iter().try_for_each(|state| put_state(&ledger, state))?;
    file.close()
}

/// The report in a file, as far as it may be read and makes sense.
pub(super) fn content(file: &File) -> hdf5::Result<Report> {
    checked::only_hard_links(file)?;
    let status = checked::text(file, "status")?;
    let status = Status::ALL.into_iter().find(|known| known.name() == status);
    let answers = checked::group(file, "answer")?;
    let total = checked::attribute(&answers, "total")?;
    let report = Report {
        status: status.ok_or("an unknown status")?,
        kernel: checked::text(file, "kernel")?,
        problem: facts(&checked::group(file, "problem")?)?,
        table: answer(&answers)?,
        total: total.map(|total| checked::text_of(&total)).transpose()?,
        bare: checked::text(&answers, "bare")?,
        run: facts(&checked::group(file, "run")?)?,
        attempts: attempts(&checked::group(file, "attempts")?)?,
        timeline: timeline(&checked::group(file, "timeline")?)?,
        list: match checked::attribute(file, "list")? {
            Some(keys) => Some(list(&checked::text_of(&keys)?, file)?),
            None => None,
        },
        state: state(&checked::group(file, "ledger")?)?,
    };
    sense::check(&report)?;
    Ok(report)
}

fn string(text: &str) -> hdf5::Result<VarLenUnicode> {
    text.parse().map_err(|why| hdf5::Error::from(format!("text that HDF5 cannot hold: {why}")))
}

pub(super) fn put_text(place: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    put(place, name, &string(text)?)
}

fn put<T: H5Type>(place: &Location, name: &str, value: &T) -> hdf5::Result<()> {
    place.new_attr::<T>().create(name)?.write_scalar(value)
}

fn attempts(group: &Group) -> hdf5::Result<Vec<Vec<Fact>>> {
    let count = checked::count(group, "count")?;
    if count > group.len() {
        return Err("runs that it went on from are missing".into());
    }
    (0..count).map(|index| facts(&checked::group(group, &index.to_string())?)).collect()
}

/// Single values are attributes, lists are datasets, because an attribute has at most 64 KiB.
fn put_facts(group: &Group, facts: &[Fact]) -> hdf5::Result<()> {
    let names: Vec<&str> = facts.iter().map(|fact| fact.name.as_ref()).collect();
    put_text(group, "order", &names.join(","))?;
    // Times and ratios are numbers of the same type.
    let ratios = facts.iter().filter(|fact| matches!(fact.value, Value::Ratio(_)));
    let ratios: Vec<&str> = ratios.map(|fact| fact.name.as_ref()).collect();
    if !ratios.is_empty() {
        put_text(group, RATIOS, &ratios.join(","))?;
    }
    for Fact { name, value } in facts {
        match value {
            Value::Count(count) => put(group, name, count)?,
            Value::Seconds(number) | Value::Ratio(number) => put(group, name, number)?,
            Value::List(values) => drop(put_values(group, name, &values.iter().collect::<Vec<_>>())?),
            value => put_text(group, name, &value.to_string())?,
        }
    }
    Ok(())
}

/// The attribute that names the facts that are ratios, if there are any.
const RATIOS: &str = "ratios";

fn facts(group: &Group) -> hdf5::Result<Vec<Fact>> {
    let ratios = checked::attribute(group, RATIOS)?.map(|names| checked::text_of(&names)).transpose()?;
    let is_ratio = |name: &str| ratios.iter().flat_map(|names| names.split(',')).any(|ratio| ratio == name);
    let there = |value| if value == Value::Nothing { Value::text("") } else { value };
    let fact = |name: &str| {
        let value = match checked::attribute(group, checked::named(name)?)? {
            // These lists have no missing values: what reads like one was empty text.
            None => Value::List(values(&checked::dataset(group, name)?)?.into_iter().map(there).collect()),
            Some(count) if checked::is::<u64>(&count)? => Value::Count(checked::scalar(&count)?),
            Some(ratio) if is_ratio(name) => Value::Ratio(checked::scalar(&ratio)?),
            Some(seconds) if checked::is::<f64>(&seconds)? => Value::Seconds(checked::scalar(&seconds)?),
            Some(text) => Value::Text(checked::text_of(&text)?),
        };
        Ok(Fact::new(name.to_string(), value))
    };
    checked::text(group, "order")?.split(',').filter(|name| !name.is_empty()).map(fact).collect()
}

fn put_answer(group: &Group, report: &Report) -> hdf5::Result<()> {
    let table = &report.table;
    let keys: Vec<&str> = table.columns.iter().map(|column| column.key.as_ref()).collect();
    put_text(group, "order", &keys.join(","))?;
    put_text(group, "bare", &report.bare)?;
    if let Some(total) = &report.total {
        put_text(group, "total", total)?;
    }
    for (index, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Value> = table.rows.iter().map(|row| &row[index]).collect();
        let dataset = put_values(group, &column.key, &cells)?;
        put_text(&dataset, "unit", &column.unit)?;
        if column.role() == Role::Long {
            put_bytes(group, &column.key, &cells)?;
        }
    }
    Ok(())
}

/// Long integers also as bytes, because readers take long to convert many digits: the magnitudes, little-endian, end to end, and where each
/// begins and the last one ends. A cell without a value has no bytes. They are not read again: the digits say the same.
fn put_bytes(group: &Group, key: &str, cells: &[&Value]) -> hdf5::Result<()> {
    let (mut bytes, mut offsets) = (vec![], vec![0u64]);
    for cell in cells {
        match cell {
            Value::Integer(digits) if !digits.starts_with('-') => {
                let value = integer::decimal(digits).ok_or("an integer of no digits")?;
                bytes.extend(integer::to_bytes(&value));
            }
            Value::Nothing => (),
            // What has a sign, or is no integer, is text only.
            _ => return Ok(()),
        }
        offsets.push(bytes.len() as u64);
    }
    group.new_dataset_builder().with_data(&bytes).create(&*format!("{key}_bytes"))?;
    group.new_dataset_builder().with_data(&offsets).create(&*format!("{key}_offsets")).map(drop)
}

fn answer(group: &Group) -> hdf5::Result<Table> {
    let (mut columns, mut cells) = (Vec::new(), Vec::new());
    for key in checked::text(group, "order")?.split(',').filter(|key| !key.is_empty()) {
        let dataset = checked::dataset(group, key)?;
        columns.push(Column { key: key.to_string().into(), unit: checked::text(&dataset, "unit")?.into() });
        cells.push(values(&dataset)?.into_iter());
    }
    let count = cells.first().map_or(0, ExactSizeIterator::len);
    if cells.iter().any(|column| column.len() != count) {
        return Err("an answer whose columns differ in length".into());
    }
    let row = |_| cells.iter_mut().map(|column| column.next().expect("columns are equally long")).collect();
    Ok(Table { columns, rows: (0..count).map(row).collect() })
}

/// The kind of the values of a list or a column, in the attribute `kind` of its dataset. A missing value is empty text, or not a
/// number.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Count,
    Seconds,
    Ratio,
    Text,
    /// Lists of counts, as text: `0,1,2,8`.
    Counts,
}

const KINDS: [(Kind, &str); 6] = [
    (Kind::Integer, "integer"),
    (Kind::Count, "count"),
    (Kind::Seconds, "seconds"),
    (Kind::Ratio, "ratio"),
    (Kind::Text, "text"),
    (Kind::Counts, "counts"),
];

fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Integer(_) => Some(Kind::Integer),
        Value::Count(_) => Some(Kind::Count),
        Value::Seconds(_) => Some(Kind::Seconds),
        Value::Ratio(_) => Some(Kind::Ratio),
        Value::Text(_) => Some(Kind::Text),
        Value::List(_) => Some(Kind::Counts),
        Value::Nothing => None,
    }
}

fn put_values(group: &Group, name: &str, values: &[&Value]) -> hdf5::Result<Dataset> {
    let kind = values.iter().find_map(|value| kind(value)).unwrap_or(Kind::Text);
    let new = group.new_dataset_builder();
    let dataset = match kind {
        Kind::Count => {
            let counts: Vec<u64> =
                values.iter().map(|value| if let Value::Count(n) = value { *n } else { 0 }).collect();
            new.with_data(&counts).create(name)?
        }
        Kind::Seconds | Kind::Ratio => {
            let number = |value: &&Value| match value {
                Value::Seconds(number) | Value::Ratio(number) => *number,
                _ => f64::NAN,
            };
            new.with_data(&values.iter().map(number).collect::<Vec<f64>>()).create(name)?
        }
        Kind::Integer | Kind::Text | Kind::Counts => {
            let word = |value: &&Value| match value {
                Value::List(values) => string(&values.iter().map(Value::to_string).collect::<Vec<_>>().join(",")),
                value => string(&value.to_string()),
            };
            let words: Vec<VarLenUnicode> = values.iter().map(word).collect::<hdf5::Result<_>>()?;
            new.with_data(&words).create(name)?
        }
    };
    let kind = KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name);
    put_text(&dataset, "kind", kind)?;
    Ok(dataset)
}

fn values(dataset: &Dataset) -> hdf5::Result<Vec<Value>> {
    let name = checked::text(dataset, "kind")?;
    let kind = KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    let kind = kind.ok_or_else(|| hdf5::Error::from(format!("values of the unknown kind '{name}'")))?;
    let value = |word: String| match (kind, &*word) {
        (Kind::Counts, words) => {
            let counts = words.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().map(Value::Count));
            counts
                .collect::<std::result::Result<_, _>>()
                .map(Value::List)
                .map_err(|_| hdf5::Error::from("a list of no counts"))
        }
        (_, "") => Ok(Value::Nothing),
        (Kind::Integer, _) => Ok(Value::Integer(word)),
        _ => Ok(Value::Text(word)),
    };
    match kind {
        Kind::Count => Ok(checked::numbers_of(dataset)?.into_iter().map(Value::Count).collect()),
        Kind::Seconds | Kind::Ratio => {
            let numbers = checked::numbers_of::<f64>(dataset)?.into_iter();
            let some = if kind == Kind::Seconds { Value::Seconds } else { Value::Ratio };
            Ok(numbers.map(|number| if number.is_nan() { Value::Nothing } else { some(number) }).collect())
        }
        _ => checked::words_of(dataset)?.into_iter().map(value).collect(),
    }
}

fn put_timeline(group: &Group, timeline: &[Entry]) -> hdf5::Result<()> {
    let counts = |name, pick: fn(&Entry) -> u64| {
        let values: Vec<u64> = timeline.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    let seconds = |name, pick: fn(&Entry) -> f64| {
        let values: Vec<f64> = timeline.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    counts("first_unit", |entry| entry.first_unit)?;
    counts("units", |entry| entry.units)?;
    counts("rank", |entry| entry.rank)?;
    counts("thread", |entry| entry.thread)?;
    seconds("start", |entry| entry.start)?;
    seconds("seconds", |entry| entry.seconds)?;
    counts("attempt", |entry| entry.attempt)
}

fn timeline(group: &Group) -> hdf5::Result<Vec<Entry>> {
    let counts = |name| checked::numbers::<u64>(group, name);
    let seconds = |name| checked::numbers::<f64>(group, name);
    let (first, units, rank, thread) = (counts("first_unit")?, counts("units")?, counts("rank")?, counts("thread")?);
    let (start, seconds, attempt) = (seconds("start")?, seconds("seconds")?, counts("attempt")?);
    if [units.len(), rank.len(), thread.len(), start.len(), seconds.len(), attempt.len()] != [first.len(); 6] {
        return Err("a timeline whose columns differ in length".into());
    }
    let entry = |index: usize| Entry {
        first_unit: first[index],
        units: units[index],
        rank: rank[index],
        thread: thread[index],
        start: start[index],
        seconds: seconds[index],
        attempt: attempt[index],
    };
    Ok((0..first.len()).map(entry).collect())
}

fn put_state(group: &Group, state: &State) -> hdf5::Result<()> {
    put(group, "fingerprint", &state.fingerprint)?;
    put(group, "units", &state.units)?;
    put(group, "done", &state.done)?;
    put(group, "ranks", &state.ranks)?;
    let words = |words: &[String]| words.iter().map(|word| string(word)).collect::<hdf5::Result<Vec<_>>>();
    group.new_dataset_builder().with_data(&words(&state.arguments)?).create("arguments")?;
    group.new_dataset_builder().with_data(&words(&state.list)?).create("list")?;
    let counts = |name, pick: fn(&(Block, Bytes)) -> u64| {
        let values: Vec<u64> = state.blocks.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    counts("level", |(block, _)| block.level.into())?;
    counts("index", |(block, _)| block.index)?;
    counts("size", |(_, part)| part.0.len() as u64)?;
    let parts: Vec<u8> = state.blocks.iter().flat_map(|(_, part)| part.0.iter().copied()).collect();
    group.new_dataset_builder().with_data(&parts).create("parts")?;
    state.rows.as_ref().map_or(Ok(()), |rows| put_rows(&group.create_group("rows")?, rows))
}

/// The rows of a list that is not over.
fn put_rows(group: &Group, rows: &RowsSoFar) -> hdf5::Result<()> {
    put_text(group, "file", &rows.file)?;
    put_text(group, "order", &rows.keys.join(","))?;
    put_text(group, "sha256", &rows.digests.join(","))?;
    put(group, "chunk", &rows.chunk)?;
    group.new_dataset_builder().with_data(&rows.sizes).create("sizes")?;
    group.new_dataset_builder().with_data(&wire::bytes(&rows.rest)).create("rest").map(drop)
}

fn rows(group: &Group) -> hdf5::Result<RowsSoFar> {
    let words = |name| Ok::<_, hdf5::Error>(checked::text(group, name)?.split(',').map(str::to_string).collect());
    let rest = wire::value(&checked::numbers::<u8>(group, "rest")?);
    Ok(RowsSoFar {
        file: checked::text(group, "file")?,
        keys: words("order")?,
        digests: words("sha256")?,
        chunk: checked::count(group, "chunk")?,
        sizes: checked::numbers(group, "sizes")?,
        rest: rest.map_err(|_| "rows that are none")?,
    })
}

fn state(group: &Group) -> hdf5::Result<Option<State>> {
    if checked::attribute(group, "fingerprint")?.is_none() {
        return Ok(None);
    }
    let count = |name| checked::count(group, name);
    let counts = |name| checked::numbers::<u64>(group, name);
    let words = |name| checked::words(group, name);
    let (levels, indices, sizes) = (counts("level")?, counts("index")?, counts("size")?);
    let parts = checked::numbers::<u8>(group, "parts")?;
    if [indices.len(), sizes.len()] != [levels.len(); 2] {
        return Err("blocks whose columns differ in length".into());
    }
    let mut rest = &parts[..];
    let mut blocks = Vec::with_capacity(levels.len());
    for ((level, index), size) in levels.into_iter().zip(indices).zip(sizes) {
        let (part, behind) = rest.split_at_checked(size as usize).ok_or("parts that end too early")?;
        let level = u32::try_from(level).map_err(|_| "a block of no level")?;
        blocks.push((Block { level, index }, Bytes(part.to_vec())));
        rest = behind;
    }
    if !rest.is_empty() {
        return Err("parts of no block".into());
    }
    Ok(Some(State {
        arguments: words("arguments")?,
        list: words("list")?,
        ranks: count("ranks")?,
        fingerprint: count("fingerprint")?,
        units: count("units")?,
        done: count("done")?,
        blocks,
        rows: if group.link_exists("rows") { Some(rows(&checked::group(group, "rows")?)?) } else { None },
    }))
}

#[cfg(test)]
mod tests {
    use super::super::place::place;
    use super::super::tests::{TestFolder, draft, me, unfinished, write};
    use super::super::{read, save};
    use super::*;
    use crate::error::Error;
    use crate::report::tests::sample;
    use std::fs;

    #[test]
    fn what_is_written_is_read() {
        let folder = TestFolder::new("written");
        let path = folder.0.join("run.h5");
        let full = sample();
        let empty = Report { table: Table::default(), timeline: vec![], problem: vec![], ..sample() };
        let no_rows = Report { table: Table { rows: vec![], ..sample().table }, ..sample() };
        let long = Report {
            problem: vec![Fact::new("ranges", Value::texts((0..100_000).map(|n| format!("{n}..{}", n + 1))))],
            ..sample()
        };
        let blank = Report { run: vec![Fact::new("arguments", Value::texts(["--dir", ""]))], ..sample() };
        let rows = [Value::Ratio(1.5), Value::Nothing].map(|speedup| vec![speedup]);
        let compared = Report {
            run: vec![Fact::new("law.part", Value::Ratio(0.95)), Fact::new("seconds.wall", Value::Seconds(0.5))],
            table: Table::of(&["speedup"]).with(rows),
            bare: "speedup".into(),
            ..sample()
        };
        for report in [compared, blank, full, empty, no_rows, long] {
            write(&report, draft(&path).unwrap()).unwrap();
            assert_eq!(read(&path).unwrap(), report);
        }
        // The file before the last is kept, and no draft remains.
        assert_eq!(read(&folder.0.join("run.h5.prev")).unwrap().table.rows.len(), 0);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn a_run_under_way_is_read_as_it_was_written_and_not_overwritten() {
        let folder = TestFolder::new("under-way");
        let path = folder.0.join("run.h5");
        for blocks in [0, 1, 300] {
            save::write(&unfinished(blocks), &mut place(&path, &me(), "").unwrap()).unwrap();
            assert_eq!(read(&path).unwrap(), unfinished(blocks));
        }
        let why = draft(&path).err().unwrap();
        assert!(matches!(&why, Error::Usage(what) if what.contains("continue it with pcount resume")), "{why}");
    }
}
