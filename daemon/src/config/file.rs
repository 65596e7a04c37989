//! config.toml: read with the line of every value, so that each problem can be pointed at.

use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::{Draft, Written, find};
use super::keys::KEYS;
use super::problem::Place;
use crate::{limits, platform};

/// How much alike two names must be for one to be offered in place of the other (Jaro-Winkler, 0..1).
const ALIKE: f64 = 0.75;

/// Reads config.toml into the draft; a missing one counts as empty unless it was `asked` for.
pub(super) fn read(draft: &mut Draft, path: &Path, asked: bool) {
    match text(path, asked) {
        Ok(text) => parse(draft, &text),
        Err(problem) => draft.problem(Place::File, None, format!("cannot be read: {problem}")),
    }
}

/// Its text; a missing one is empty unless it was `asked` for.
pub(super) fn text(path: &Path, asked: bool) -> Result<String, String> {
    let file = match platform::open_plain(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => return Ok(String::new()),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    file.take(limits::CONFIG_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > limits::CONFIG_BYTES {
        return Err(format!("it is longer than {} bytes", limits::CONFIG_BYTES));
    }
    Ok(text)
}

/// Writes the file anew as a whole: whoever reads it, and whatever a power cut leaves, has the old text or the new one. A
/// link stays a link, and who may read it may still.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let before = std::fs::canonicalize(path).ok();
    let path = before.as_deref().unwrap_or(path);
    let new = path.with_extension("toml.new");
    let mut file = platform::open_private(&new, true)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    if before.is_some() {
        file.set_permissions(std::fs::metadata(path)?.permissions())?;
    }
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), platform::sync_dir)
}

/// Takes the text of a config.toml.
pub(super) fn parse(draft: &mut Draft, text: &str) {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = error.span().map_or(Place::File, |span| line(text, &span));
        draft.problem(place, None, format!("is no TOML: {}", error.message()));
    }
    walk(draft, text, "", table.get_ref());
}

/// The line of a span.
fn line(text: &str, span: &Range<usize>) -> Place {
    let before = text.as_bytes().iter().take(span.start);
    Place::Line(1 + before.filter(|byte| **byte == b'\n').count())
}

fn walk(draft: &mut Draft, text: &str, prefix: &str, table: &DeTable<'_>) {
    for (key, value) in table.iter() {
        let name = format!("{prefix}{}", key.get_ref());
        let place = line(text, &key.span());
        let below = format!("{name}.");
        if let Some(known) = find(&name) {
            draft.take(known, place, written(text, value));
        } else if KEYS.iter().any(|key| key.name.starts_with(&below)) {
            match value.get_ref().as_table() {
                // Tables in tables do not exist, so this goes one level deep.
                Some(inner) => walk(draft, text, &below, inner),
                None => draft.problem(place, None, format!("{name} is a table: write [{name}] and its keys below")),
            }
        } else {
            draft.problem(place, None, unknown(&name));
        }
    }
}

fn written(text: &str, value: &Spanned<DeValue<'_>>) -> Written {
    match value.get_ref() {
        DeValue::Integer(number) => {
            let value = i128::from_str_radix(number.as_str(), number.radix());
            // What does not even fit in here is out of every range.
            Written::Number(value.unwrap_or(i128::MAX))
        }
        DeValue::Boolean(on) => Written::Switch(*on),
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Array(list) => {
            let item =
                |item: &Spanned<DeValue<'_>>| Some((line(text, &item.span()), item.get_ref().as_str()?.to_owned()));
            let items: Option<Vec<_>> = list.iter().map(item).collect();
            items.map_or(Written::Other("a list with something else than texts in it"), Written::List)
        }
        DeValue::Float(_) => Written::Other("a fraction"),
        DeValue::Datetime(_) => Written::Other("a date"),
        DeValue::Table(_) => Written::Other("a table"),
    }
}

/// Says that there is no such key, and which one may have been meant.
pub(super) fn unknown(name: &str) -> String {
    let alike = |known: &str| {
        let leaf = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
        strsim::jaro_winkler(name, known).max(strsim::jaro_winkler(&leaf(name), &leaf(known)))
    };
    let nearest = KEYS.iter().map(|key| (alike(key.name), key.name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((score, nearest)) if score >= ALIKE => format!("there is no setting {name}; did you mean {nearest}?"),
        Some(_) | None => format!("there is no setting {name}: docs/config.md has all of them"),
    }
}
