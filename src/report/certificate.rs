//! Certificates: what a run claims, in lines of JSON that a person can read and anybody can check. `docs/certificates.md` is about them.
//!
//! Each line ends with the SHA-256 of all before it. So a file that was damaged is noticed at once; a forger can do all sums again, but
//! then what blocks came to must fit the answer, and whoever computes a block again sees whether it is true.

use super::json::{Json, Map, answer, group, json, shown};
use super::{Report, Status};
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::math::integer::Integer;
use crate::values::{Fact, Table, Value};
use crate::wire;
use std::ops::Range;

/// What a block of units is said to have come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Integers by name, in alphabetical order.
    Numbers(Vec<(String, Integer)>),
    /// The part of the block as the run has it: it is short, and no integers.
    Part(Vec<u8>),
    /// The SHA-256 of the part of the block, which is long.
    Digest(String),
}

/// As it travels to the ranks that compute it again.
impl wire::Wire for Told {
    fn put(&self, out: &mut Vec<u8>) {
        let (digest, part, numbers) = match self {
            Told::Numbers(numbers) => {
                (None, None, numbers.iter().map(|(name, value)| (name.clone(), value.to_string())).collect())
            }
            Told::Part(part) => (None, Some(wire::Bytes(part.clone())), vec![]),
            Told::Digest(digest) => (Some(digest.clone()), None, vec![]),
        };
        (digest, part).put(out);
        Vec::<(String, String)>::put(&numbers, out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Told> {
        let (digest, part) = <(Option<String>, Option<wire::Bytes>)>::take(bytes)?;
        let numbers = Vec::<(String, String)>::take(bytes)?;
        let number = |(name, text): (String, String)| {
            let value = integer(&text).ok_or_else(|| Error::failed("what is told of a block is no number"))?;
            Ok((name, value))
        };
        Ok(match (digest, part) {
            (Some(digest), _) => Told::Digest(digest),
            (None, Some(part)) => Told::Part(part.0),
            (None, None) => Told::Numbers(numbers.into_iter().map(number).collect::<Result<_>>()?),
        })
    }
}

/// What a run claims: a question, the answer, and what its blocks came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The name of the command.
    pub kernel: String,
    /// The problem, as JSON.
    pub problem: String,
    /// The command line that asks for it, the lines of a file named there, and for how many ranks it was stated.
    pub words: Vec<String>,
    /// The lines of a file named there.
    pub list: Vec<String>,
    /// For how many ranks it was stated.
    pub ranks: u64,
    /// The answer, as JSON; `None` if the run is not over.
    pub answer: Option<String>,
    /// The version that computed it.
    pub version: String,
    /// The plan's fingerprint.
    pub fingerprint: u64,
    /// How many units there are.
    pub units: u64,
    /// The level of the blocks.
    pub level: u32,
    /// The facts of each attempt, as JSON.
    pub attempts: Vec<String>,
    /// Blocks, by their units, and what they came to; in order.
    pub blocks: Vec<(Range<u64>, Told)>,
}

/// The first line of a certificate begins so.
pub const BEGINS: &str = "{\"certificate\":\"pcount/1\"";

/// The longest certificate that is read.
pub const BYTES_MAX: u64 = 256 << 20;

/// What stands before the chain of a line.
const CHAIN: &str = ",\"chain\":\"";

/// The chain before the first line.
const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Claim {
    /// What the run of a report claims, which these words ask for. `level` is that of the blocks.
    pub fn of(report: &Report, words: Vec<String>, level: u32, blocks: Vec<(Range<u64>, Told)>) -> Option<Claim> {
        let state = report.state.as_ref()?;
        let attempts = report.attempts.iter().chain([&report.run]).map(|facts| group(facts).to_string()).collect();
        Some(Claim {
            kernel: report.kernel.clone(),
            problem: group(&report.problem).to_string(),
            words,
            list: state.list.clone(),
            ranks: state.ranks,
            answer: (report.status == Status::Complete)
                .then(|| answer(&report.table, report.total.as_deref()).to_string()),
            version: report.version().map(ToString::to_string).unwrap_or_default(),
            fingerprint: state.fingerprint,
            units: state.units,
            level,
            attempts,
            blocks,
        })
    }

    /// Whether these facts are its problem.
    pub fn asks(&self, problem: &[Fact]) -> bool {
        let told = group(problem).to_string();
        told == self.problem
    }

    /// Its problem as facts, whose names begin with `asked.`.
    pub fn asked(&self) -> Vec<Fact> {
        facts_of("asked", &parsed(&self.problem))
    }

    /// Whether another claim is about the same, be it by another method.
    pub fn asks_the_same(&self, other: &Claim) -> bool {
        let asked = |claim: &Claim| {
            let mut problem = parsed(&claim.problem);
            problem.as_object_mut().map(|facts| facts.shift_remove("method"));
            problem
        };
        self.kernel == other.kernel && asked(self) == asked(other)
    }

    /// Whether this is its answer.
    pub fn answers(&self, table: &Table, total: Option<&str>) -> bool {
        self.answer.as_deref() == Some(&answer(table, total).to_string())
    }

    /// What its answer and this one have that the other has not: where, what is claimed, and what was found.
    pub fn differences(&self, table: &Table, total: Option<&str>) -> Vec<[String; 3]> {
        self.differences_from(&answer(table, total))
    }

    /// What its answer and that of another claim have that the other has not: where, here, and there.
    pub fn differences_between(&self, other: &Claim) -> Vec<[String; 3]> {
        self.differences_from(&parsed(other.answer.as_deref().unwrap_or_default()))
    }

    fn differences_from(&self, found: &Json) -> Vec<[String; 3]> {
        let claimed = parsed(self.answer.as_deref().unwrap_or_default());
        let rows = |of: &Json| of["rows"].as_array().cloned().unwrap_or_default();
        let (ours, theirs) = (rows(&claimed), rows(found));
        let shown = |row: Option<&Json>| match row {
            Some(Json::Object(cells)) => {
                let cell = |(name, value): (&String, &Json)| match value.as_str() {
                    Some(text) => format!("{name} = {text}"),
                    None => format!("{name} = {value}"),
                };
                cells.iter().map(cell).collect::<Vec<_>>().join(", ")
            }
            _ => "none".into(),
        };
        let each = (0..ours.len().max(theirs.len())).filter(|&at| ours.get(at) != theirs.get(at));
        let mut differ: Vec<[String; 3]> =
            each.map(|at| [format!("row {}", at + 1), shown(ours.get(at)), shown(theirs.get(at))]).collect();
        if claimed["total"] != found["total"] {
            let total = |of: &Json| of["total"].as_str().unwrap_or("none").to_string();
            differ.push(["total".into(), total(&claimed), total(found)]);
        }
        differ
    }

    /// The lanes of its last attempt, if they are told.
    pub fn lanes(&self) -> Option<String> {
        parsed(self.attempts.last()?)["lanes"].as_str().map(str::to_string)
    }

    /// The certificate.
    pub fn text(&self) -> String {
        let mut lines = vec![
            json!({"certificate": "pcount/1", "kernel": self.kernel, "problem": parsed(&self.problem),
                "words": self.words, "list": self.list, "ranks": self.ranks}),
            json!({"answer": self.answer.as_deref().map(parsed)}),
            json!({"plan": {"version": self.version, "fingerprint": format!("{:016x}", self.fingerprint),
                "units": self.units, "level": self.level}}),
        ];
        lines.extend(self.attempts.iter().map(|facts| json!({"attempt": parsed(facts)})));
        lines.extend(self.blocks.iter().map(|(units, told)| {
            let units = json!([units.start, units.end]);
            match told {
                Told::Digest(digest) => json!({"units": units, "sha256": digest}),
                Told::Part(part) => json!({"units": units, "part": hex(part)}),
                Told::Numbers(numbers) => {
                    let numbers = numbers.iter().map(|(name, value)| (name.clone(), json!(value.to_string())));
                    json!({"units": units, "numbers": numbers.collect::<Map<String, Json>>()})
                }
            }
        }));
        lines.push(json!({"lines": lines.len() + 1}));
        let (mut text, mut chain) = (String::new(), FIRST.to_string());
        for line in lines {
            let line = shown(line.to_string());
            let line = line.strip_suffix('}').expect("an object ends so");
            chain = chained(&chain, line);
            text += &format!("{line}{CHAIN}{chain}\"}}\n");
        }
        text
    }

    /// What a certificate claims. Only its form and its chain are checked.
    ///
    /// # Errors
    /// Names the first line that is wrong.
    pub fn read(text: &str) -> Result<Claim> {
        let mut lines = Lines { lines: text.lines().enumerate(), chain: FIRST.into(), at: 0 };
        let head = lines.next()?;
        let (answer_, plan_) = (lines.next()?, lines.next()?);
        let wrong = |what: &str| Error::Wrong(format!("it is no certificate of this form: {what}"));
        let texts = |of: &Json, name: &str| {
            let items = of[name].as_array().ok_or_else(|| wrong(name))?.iter();
            items.map(|item| item.as_str().map(str::to_string)).collect::<Option<Vec<_>>>().ok_or_else(|| wrong(name))
        };
        let text_ = |of: &Json, name: &str| of[name].as_str().map(str::to_string).ok_or_else(|| wrong(name));
        let count = |of: &Json, name: &str| of[name].as_u64().ok_or_else(|| wrong(name));
        let plan = &plan_["plan"];
        let fingerprint = text_(plan, "fingerprint")?;
        let mut claim = Claim {
            kernel: text_(&head, "kernel")?,
            problem: head["problem"].to_string(),
            words: texts(&head, "words")?,
            list: texts(&head, "list")?,
            ranks: count(&head, "ranks")?,
            answer: Some(answer_["answer"].to_string()).filter(|_| answer_["answer"].is_object()),
            version: text_(plan, "version")?,
            fingerprint: u64::from_str_radix(&fingerprint, 16).map_err(|_| wrong("fingerprint"))?,
            units: Some(count(plan, "units")?).filter(|units| *units < 1 << 62).ok_or_else(|| wrong("units"))?,
            level: u32::try_from(count(plan, "level")?)
                .ok()
                .filter(|level| *level < 62)
                .ok_or_else(|| wrong("level"))?,
            attempts: vec![],
            blocks: vec![],
        };
        loop {
            let line = lines.next()?;
            if line["attempt"].is_object() && claim.blocks.is_empty() {
                claim.attempts.push(line["attempt"].to_string());
            } else if line["units"].is_array() {
                claim.blocks.push(block(&line).ok_or_else(|| lines.wrong("its block is none"))?);
            } else if line["lines"].as_u64() == Some(lines.at as u64) {
                break;
            } else {
                return Err(lines.wrong("it is no line of a certificate"));
            }
        }
        match lines.lines.next() {
            None => Ok(claim),
            Some(_) => Err(wrong("something stands behind its last line")),
        }
    }
}

/// The last chain of a certificate: who has it can tell this certificate from every other.
pub fn seal(text: &str) -> Option<&str> {
    let (_, chain) = text.trim_end().rsplit_once(CHAIN)?;
    chain.strip_suffix("\"}")
}

fn parsed(text: &str) -> Json {
    super::json::parsed(text).unwrap_or(Json::Null)
}

/// The members of an object as facts, those of objects inside it with a dot in their name.
fn facts_of(of: &str, object: &Json) -> Vec<Fact> {
    fn value(json: &Json) -> Value {
        match json {
            Json::Array(items) => Value::List(items.iter().map(value).collect()),
            Json::String(text) => Value::text(text.clone()),
            Json::Number(number) => match (number.as_u64(), number.as_f64()) {
                (Some(count), _) => Value::Count(count),
                (None, float) => float.map_or(Value::Nothing, Value::Ratio),
            },
            Json::Null => Value::Nothing,
            other => Value::text(other.to_string()),
        }
    }
    let members = object.as_object().into_iter().flatten();
    let each = members.flat_map(|(name, member)| match member {
        Json::Object(_) => facts_of(&format!("{of}.{name}"), member),
        _ => vec![Fact::new(format!("{of}.{name}"), value(member))],
    });
    each.collect()
}

fn chained(before: &str, line: &str) -> String {
    hex(&Sha256::of([before, line].concat().as_bytes()))
}

/// The lines that are left, and the chain so far.
struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    chain: String,
    /// The number of the last line that was read.
    at: usize,
}

impl Lines<'_> {
    fn wrong(&self, what: &str) -> Error {
        Error::Wrong(format!("line {}: {what}", self.at))
    }

    /// The next line, if its chain is right.
    fn next(&mut self) -> Result<Json> {
        let Some((index, line)) = self.lines.next() else {
            return Err(Error::Wrong(format!("it ends after line {}: its end is missing", self.at)));
        };
        self.at = index + 1;
        let (line, chain) = line
            .rsplit_once(CHAIN)
            .and_then(|(line, chain)| Some((line, chain.strip_suffix("\"}")?)))
            .ok_or_else(|| self.wrong("it has no chain"))?;
        self.chain = chained(&self.chain, line);
        if self.chain != chain {
            return Err(self.wrong("its chain does not fit: this line or one before it was changed"));
        }
        super::json::strict(&format!("{line}}}")).map_err(|why| self.wrong(&why))
    }
}

fn block(line: &Json) -> Option<(Range<u64>, Told)> {
    let [start, end] = &line["units"].as_array()?[..] else { return None };
    let units = start.as_u64()?..end.as_u64()?;
    let told = match (&line["numbers"], line["part"].as_str(), line["sha256"].as_str()) {
        (Json::Object(numbers), None, None) => {
            let number = |(name, value): (&String, &Json)| Some((name.clone(), integer(value.as_str()?)?));
            let mut numbers = numbers.iter().map(number).collect::<Option<Vec<_>>>()?;
            numbers.sort();
            Told::Numbers(numbers)
        }
        (Json::Null, Some(part), None) => Told::Part(bytes_of(part)?),
        (Json::Null, None, Some(digest)) if digest.len() == 64 => Told::Digest(digest.into()),
        _ => return None,
    };
    Some((units, told))
}

/// The bytes of a part, as certificates write them.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    let bytes: Vec<u8> = text.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
    Some(bytes).filter(|bytes| hex(bytes) == text)
}

/// An integer as certificates write it.
fn integer(text: &str) -> Option<Integer> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fits = !digits.is_empty() && digits.len() <= 1000 && digits.bytes().all(|digit| digit.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten().filter(|value: &Integer| value.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn claim() -> Claim {
        let numbers =
            |value: i64| Told::Numbers(vec![("0..9".into(), Integer::from(value)), ("9..12".into(), 1.into())]);
        let blocks =
            vec![(0..4, numbers(-17)), (4..7, Told::Digest("ab".repeat(32))), (7..8, Told::Part(vec![0, 0xfe]))];
        Claim {
            kernel: "primes".into(),
            problem: r#"{"ranges":["0..12"]}"#.into(),
            words: vec!["primes".into(), "0..9\u{7f}\"".into()],
            list: vec!["1".into()],
            ranks: 3,
            answer: Some(r#"{"rows":[{"start":"0","end":"12","count":"5"}],"total":"5"}"#.into()),
            version: "0.1.0".into(),
            fingerprint: 0xfedc_ba98_7654_3210,
            units: 8,
            level: 2,
            attempts: vec![r#"{"version":"0.1.0","cpu":["some"]}"#.into(), "{}".into()],
            blocks,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = claim().text();
        assert!(text.starts_with(BEGINS) && text.is_ascii(), "{text}");
        assert_eq!(Claim::read(&text).unwrap(), claim());
        assert_eq!(seal(&text).unwrap().len(), 64);
        let of_run = Claim::of(&sample(), vec![], 0, vec![]);
        assert_eq!(of_run.is_some(), sample().state.is_some());
    }

    /// Each character is changed into another one, and each line left out.
    #[test]
    fn no_change_goes_unnoticed() {
        let text = claim().text();
        for at in 0..text.len() {
            for other in [b'0', b'1', b'x', b'"'] {
                let mut forged = text.clone().into_bytes();
                if forged[at] != other {
                    forged[at] = other;
                    let forged = String::from_utf8(forged).unwrap();
                    assert!(Claim::read(&forged).is_err(), "at {at}: {forged}");
                }
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        for left_out in 0..lines.len() {
            let forged: Vec<&str> =
                lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
            assert!(Claim::read(&forged.join("\n")).is_err(), "without line {left_out}");
        }
        assert!(Claim::read(&(text.clone() + "\n")).is_err());
        assert!(Claim::read("").unwrap_err().to_string().contains("its end is missing"));
    }
}
