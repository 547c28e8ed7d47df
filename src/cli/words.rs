//! The words behind a kernel's name: numbers, ranges, times, URLs.

use crate::error::{Error, Result};
use crate::kernel::{Given, KernelEntry, Takes};
use crate::syntax::{self, Item, RANGES_MAX};

/// The words behind a kernel's name, as what it takes; on so many ranks.
///
/// # Errors
/// If there are too few words, too many, or one that is not understood. The error quotes it.
pub fn understood(entry: &KernelEntry, words: &[String], mut given: Given, ranks: usize) -> Result<Given> {
    let default = match entry.takes {
        Takes::Ranges(default) | Takes::Items(default) | Takes::Seconds(default) => default,
        Takes::Numbers | Takes::Two(..) | Takes::Urls | Takes::Nothing => "",
    };
    let default = default.split_whitespace().map(|word| word.replace("ranks", &ranks.to_string())).collect();
    let words: Vec<String> = if words.is_empty() { default } else { words.to_vec() };
    match entry.takes {
        Takes::Ranges(_) => given.items = all(&words, ranges).map_err(|why| two_numbers(&words).unwrap_or(why))?,
        Takes::Numbers => given.items = all(&words, numbers)?,
        Takes::Two(..) => given.items = all(&words, |word| Ok(vec![Item::Number(syntax::number(word)?)]))?,
        Takes::Items(_) => given.items = all(&words, syntax::items)?,
        Takes::Seconds(_) => given.seconds = words.iter().map(|word| syntax::seconds(word)).collect::<Result<_>>()?,
        Takes::Urls => given.urls = words.clone(),
        Takes::Nothing => (),
    }
    let needs = match entry.takes {
        Takes::Numbers if words.is_empty() => format!("a number: write pcount {} 1e9", entry.name),
        Takes::Two([one, other], such) if given.items.len() != 2 => {
            let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            let not = if typed.is_empty() { String::new() } else { format!(", not {typed}") };
            format!("two numbers, {one} and {other}{not}: write pcount {} {such}", entry.name)
        }
        Takes::Urls if given.urls.is_empty() => "a URL: write pcount download https://host/path, or --list FILE".into(),
        _ => return Ok(given),
    };
    Err(Error::usage(format!("'{}' needs {needs}", entry.name)))
}

/// What all words stand for, if that is not too much.
fn all(words: &[String], parse: impl Fn(&str) -> Result<Vec<Item>>) -> Result<Vec<Item>> {
    let mut all = vec![];
    for word in words {
        all.extend(parse(word)?);
        if all.len() as u128 > RANGES_MAX {
            return Err(too_many(word, all.len() as u128));
        }
    }
    Ok(all)
}

fn too_many(word: &str, count: u128) -> Error {
    Error::usage(format!("'{word}' makes {count} numbers and ranges: at most {RANGES_MAX} are allowed"))
}

fn ranges(word: &str) -> Result<Vec<Item>> {
    Ok(syntax::ranges(word)?.into_iter().map(Item::Range).collect())
}

/// A number, or each number of a range.
fn numbers(word: &str) -> Result<Vec<Item>> {
    let mut numbers = vec![];
    for item in syntax::items(word)? {
        let (first, count) = item.first_and_count();
        let count_so_far = count.saturating_add(numbers.len() as u128);
        if count_so_far > RANGES_MAX {
            return Err(too_many(word, count_so_far));
        }
        numbers.extend((0..count).map(|index| Item::Number(first + index)));
    }
    Ok(numbers)
}

/// Two numbers where ranges are needed, which may be meant as the ends of one.
fn two_numbers(words: &[String]) -> Option<Error> {
    let [start, end] = words else { return None };
    let meant = syntax::range_between(start, end)?;
    Some(Error::usage(format!("'{start} {end}' are numbers where a range is needed: did you mean {meant}?")))
}

/// A kernel quotes what it could not take as it knows it; whoever typed it should find it too.
pub fn as_typed(why: Error, words: &[String]) -> Error {
    let text = why.to_string();
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    let number: Option<u128> = quoted.parse().ok();
    let means = |item: &Item| match (item, number) {
        (Item::Range(span), Some(number)) => span.contains(number),
        _ => item.to_string() == quoted,
    };
    match words.iter().find(|word| syntax::items(word).is_ok_and(|items| items.iter().any(means))) {
        Some(word) if word != quoted => why.at(&format!("in '{word}'")),
        _ => why,
    }
}
