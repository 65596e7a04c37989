//! How a call comes into the history: once, and whom it takes the place of when that is full.

use std::path::Path;

use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::disk::{Fault, HISTORY, PLACES, unreadable};
use super::history::Entry;
use super::seal::Seal;
use crate::limits;

/// A row of the history, opened.
pub(super) fn entry(seal: &Seal, path: &Path, number: u64, sealed: &[u8]) -> Result<Entry, Fault> {
    let opened = seal.open("history", &number.to_be_bytes(), sealed);
    let damaged = || Fault::Ours(unreadable(path, "a row of the history is damaged"));
    serde_json::from_slice(&opened.ok_or_else(damaged)?).map_err(|error| Fault::Ours(unreadable(path, error)))
}

/// Writes a call into the history, once: what is told of it later takes the place of what was told before, and that it
/// was missed never that of anything else. Whoever offers a call names it: of other people, or of the other direction,
/// the same id is another call.
pub(super) fn record(seal: &Seal, work: &WriteTransaction, new: &Entry, path: &Path) -> Result<(), Fault> {
    let (mut table, mut places) = (work.open_table(HISTORY)?, work.open_table(PLACES)?);
    let name = |call: &str| seal.name("history", call.as_bytes()).map_err(Fault::Ours);
    let mut place = places.get(name(&new.call)?.as_slice())?.map(|number| number.value());
    if let Some(number) = place
        && let Some(row) = table.get(number)?
    {
        let before = entry(seal, path, number, row.value())?;
        if before.incoming != new.incoming || before.roster != new.roster {
            place = None;
        } else if new.missed && !before.missed {
            return Ok(());
        }
    }
    let number = match place {
        Some(number) => number,
        None => table.last()?.map_or(0, |(number, _)| number.value() + 1),
    };
    let plain = serde_json::to_vec(new).map_err(|error| Fault::Ours(unreadable(path, error)))?;
    let sealed = seal.seal("history", &number.to_be_bytes(), &plain).map_err(Fault::Ours)?;
    table.insert(number, sealed.as_slice())?;
    places.insert(name(&new.call)?.as_slice(), number)?;
    while table.len()? > limits::HISTORY_ENTRIES {
        let Some((gone, call)) = gives_way(seal, &table, new, path)? else { break };
        table.remove(gone)?;
        let name = name(&call)?;
        if places.get(name.as_slice())?.is_some_and(|number| number.value() == gone) {
            places.remove(name.as_slice())?;
        }
    }
    Ok(())
}

/// What goes for a new call: the oldest, but if that caller has been missed often already, its oldest missed call, so that
/// nobody can call the others out of the history.
fn gives_way(
    seal: &Seal,
    table: &Table<'_, u64, &'static [u8]>,
    new: &Entry,
    path: &Path,
) -> Result<Option<(u64, String)>, Fault> {
    let (mut oldest, mut same, mut count) = (None, None, 0);
    for row in table.iter()? {
        let (number, sealed) = row?;
        let old = entry(seal, path, number.value(), sealed.value())?;
        if new.missed && old.missed && old.roster == new.roster {
            count += 1;
            same.get_or_insert((number.value(), old.call.clone()));
        }
        oldest.get_or_insert((number.value(), old.call));
        if !new.missed {
            break;
        }
    }
    Ok(if count > limits::HISTORY_MISSED_OF_ONE { same } else { oldest })
}
