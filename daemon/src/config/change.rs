//! `config.set`: one key of config.toml, checked by the table of settings, written without touching anything else in the
//! file, and used at once where that can be.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ahoy_media::host_media::api::{DeviceSpec, Processing, Selection};
use ahoy_protocol::control::{ControlError, ErrorKind, Setting};
use ahoy_protocol::core::Times;
use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table, Value as TomlValue};

use super::draft::find;
use super::file;
use super::keys::{Key, Kind};
use super::{Config, Place, parse_input, parse_output};

/// Keys that are sound devices.
const DEVICES: [&str; 3] = ["audio_in", "audio_out", "ringtone_out"];

/// The settings in use, and where they are written.
pub struct Settings {
    file: PathBuf,
    /// Keys that the environment or the command line has set: what the file says of them does not count.
    fixed: Vec<(&'static str, Place)>,
    in_use: Mutex<Config>,
    /// Microphone or speaker are other ones by now.
    pub(crate) devices_changed: tokio::sync::Notify,
    /// One change at a time, from the file to the core.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

/// A change that is written.
#[derive(Debug)]
pub struct Change {
    /// The key's value in the file; secrets are not shown.
    pub value: Value,
    /// What the core is to know of it.
    pub setting: Setting,
    /// What sound is to know of it.
    pub processing: Option<Processing>,
    /// It is a sound device, which is in use.
    pub device: bool,
}

impl Settings {
    /// As the daemon was started with; without a file of its own, changes are written to `file`.
    #[must_use]
    pub fn new(config: Config, file: PathBuf) -> Self {
        let file = config.file.clone().unwrap_or(file);
        Self {
            file,
            fixed: config.fixed.clone(),
            in_use: Mutex::new(config),
            devices_changed: tokio::sync::Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Every key with its value in use.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).shown()
    }

    /// Microphone and speaker in use.
    #[must_use]
    pub fn devices(&self) -> (DeviceSpec, DeviceSpec) {
        let in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        (in_use.audio_in.clone(), in_use.audio_out.clone())
    }

    /// What sound has to use if a key gets this value; none if it is no device. Null: as if it were not set.
    ///
    /// # Errors
    /// `bad_params`: the value is none of this key.
    pub fn selections(&self, name: &str, value: &Value) -> Result<Vec<Selection>, ControlError> {
        if !DEVICES.contains(&name) {
            return Ok(Vec::new());
        }
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.as_str()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(bad(&format!("{name} takes text")));
            }
        };
        let read = |parse: fn(&str) -> Result<DeviceSpec, String>| {
            text.map(|text| parse(text).map_err(|problem| bad(&format!("{name} {problem}")))).transpose()
        };
        let mut wanted = self.in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rang = wanted.ringtone();
        let mut selections = Vec::new();
        match name {
            "audio_in" => selections.push(Selection::Input(read(parse_input)?.unwrap_or(DeviceSpec::Default))),
            "audio_out" => {
                wanted.audio_out = read(parse_output)?.unwrap_or(DeviceSpec::Default);
                selections.push(Selection::Output(wanted.audio_out.clone()));
            }
            _ => wanted.ringtone_out = read(parse_output)?,
        }
        if wanted.ringtone() != rang {
            selections.push(Selection::Ringtone(wanted.ringtone()));
        }
        Ok(selections)
    }

    /// Whether a key can be changed here.
    ///
    /// # Errors
    /// `bad_params` with what sets it, if the file does not.
    pub fn may_set(&self, name: &str) -> Result<(), ControlError> {
        find(name).map_or(Ok(()), |key| self.may_change(key))
    }

    /// A device is in use although the environment or the command line says something else. True: it was no such key, and is to
    /// be written.
    #[must_use]
    pub fn use_unwritten(&self, name: &str, selections: &[Selection]) -> bool {
        if !self.fixed.iter().any(|(fixed, _)| *fixed == name) {
            return true;
        }
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        for selection in selections {
            match selection {
                Selection::Input(spec) => in_use.audio_in = spec.clone(),
                Selection::Output(spec) => in_use.audio_out = spec.clone(),
                Selection::Ringtone(spec) if name == "ringtone_out" => in_use.ringtone_out = Some(spec.clone()),
                Selection::Ringtone(_) => {}
            }
        }
        drop(in_use);
        self.devices_changed.notify_one();
        false
    }

    /// Writes a key's value into the file; null takes the key out. Reads and writes, so not on a thread that must not wait.
    ///
    /// # Errors
    /// `bad_params`: no such key, no value of it, or one that cannot be changed here. `no_resources`: not written.
    pub fn change(&self, name: &str, value: &Value) -> Result<Change, ControlError> {
        let key = find(name).ok_or_else(|| {
            let hint = "docs/config.md has every key, and so has config.get";
            ControlError::new(ErrorKind::BadParams, format!("config.set: {}", file::unknown(name)), hint)
        })?;
        self.may_change(key)?;
        let before = file::text(&self.file, false).map_err(|problem| self.unusable(&problem))?;
        let mut document: DocumentMut = before.parse().map_err(|_| self.unusable("it is no TOML"))?;
        write(&mut document, key, value)?;
        let text = document.to_string();
        let parsed = Config::parse(&text).map_err(|error| {
            let of_key = error.problems.iter().find(|problem| problem.key == Some(key.name));
            match of_key.or(error.problems.first()) {
                Some(problem) if problem.key == Some(key.name) => bad(&problem.text),
                Some(problem) => self.unusable(&problem.text),
                None => self.unusable("it cannot be read"),
            }
        })?;
        file::replace(&self.file, &text).map_err(|error| {
            let message = format!("config.set: {} cannot be written: {error}", self.file.display());
            ControlError::new(ErrorKind::NoResources, message, "make room or mend its permissions; nothing was changed")
        })?;
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let value = (key.show)(&parsed);
        if key.name.starts_with("processing.") {
            take_stage(key.name, &parsed.processing, &mut in_use.processing);
            return Ok(Change { value, setting: Setting::Later, processing: Some(in_use.processing), device: false });
        }
        let device = DEVICES.contains(&key.name);
        if device {
            take_device(key.name, &parsed, &mut in_use);
            drop(in_use);
            self.devices_changed.notify_one();
            return Ok(Change { value, setting: Setting::Later, processing: None, device });
        }
        Ok(Change { value, setting: used_now(key, &parsed, &mut in_use), processing: None, device })
    }

    fn may_change(&self, key: &Key) -> Result<(), ControlError> {
        let Some((_, place)) = self.fixed.iter().find(|(name, _)| *name == key.name) else { return Ok(()) };
        let by = match place {
            Place::Environment(name) => format!("the environment ({name})"),
            Place::Option(name) => format!("the command line ({name})"),
            Place::File | Place::Line(_) => "the file".to_owned(),
        };
        let message = format!("config.set: {} is set by {by}, which wins over config.toml", key.name);
        Err(ControlError::new(ErrorKind::BadParams, message, "start the daemon without it, then change the setting"))
    }

    fn unusable(&self, problem: &str) -> ControlError {
        let message = format!("config.set: {} cannot be used: {problem}", self.file.display());
        ControlError::new(ErrorKind::BadParams, message, "mend it first: ahoyd --check-config names everything wrong")
    }
}

fn bad(problem: &str) -> ControlError {
    let hint = "docs/config.md has the values of every key";
    ControlError::new(ErrorKind::BadParams, format!("config.set: {problem}"), hint)
}

/// Puts the value in the key's place; what stands around it, comments too, stays.
fn write(document: &mut DocumentMut, key: &Key, value: &Value) -> Result<(), ControlError> {
    if value.is_null() {
        unset(document, key.name);
        return Ok(());
    }
    let (table, leaf) = match key.name.split_once('.') {
        Some((table, leaf)) => (document.entry(table).or_insert(Item::Table(Table::new())).as_table_like_mut(), leaf),
        None => (Some(document.as_table_mut() as &mut dyn toml_edit::TableLike), key.name),
    };
    let table = table.ok_or_else(|| bad("the key's table is none"))?;
    let mut new = toml_value(key, value)?;
    match table.get_mut(leaf).and_then(Item::as_value_mut) {
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => {
            table.insert(leaf, Item::Value(new));
        }
    }
    Ok(())
}

/// Takes a key out, and its table where nothing is left in it that somebody wrote.
fn unset(document: &mut DocumentMut, name: &str) {
    let Some((table, leaf)) = name.split_once('.') else {
        document.remove(name);
        return;
    };
    let Some(item) = document.get_mut(table) else { return };
    let Some(keys) = item.as_table_like_mut() else { return };
    keys.remove(leaf);
    let written = |decor: &toml_edit::Decor| {
        let texts = [decor.prefix(), decor.suffix()].into_iter().flatten().filter_map(|text| text.as_str());
        texts.into_iter().any(|text| text.contains('#'))
    };
    let empty = keys.is_empty();
    if empty && !item.as_table().is_some_and(|table| written(table.decor())) {
        document.remove(table);
    }
}

/// The value as the file has it: of the key's type, also where it came as text.
fn toml_value(key: &Key, value: &Value) -> Result<TomlValue, ControlError> {
    let wrong = || bad(&format!("{} takes {}", key.name, super::draft::expected(key.kind)));
    let text = value.as_str();
    match key.kind {
        Kind::Number { .. } => {
            let number = value.as_i64().or_else(|| text?.trim().parse().ok());
            number.map(TomlValue::from).ok_or_else(wrong)
        }
        Kind::Switch { .. } => {
            let on = value.as_bool().or_else(|| super::draft::switch(text?.trim()));
            on.map(TomlValue::from).ok_or_else(wrong)
        }
        Kind::Text { .. } => text.map(TomlValue::from).ok_or_else(wrong),
        Kind::List { .. } => {
            let texts: Option<Vec<&str>> = match (value, text) {
                (Value::Array(list), _) => list.iter().map(Value::as_str).collect(),
                (_, Some(text)) => Some(text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect()),
                (_, None) => None,
            };
            texts.map(|texts| TomlValue::Array(texts.into_iter().collect::<Array>())).ok_or_else(wrong)
        }
    }
}

/// Takes a value of the file into use, if that can be without a start.
fn used_now(key: &Key, file: &Config, in_use: &mut Config) -> Setting {
    match key.name {
        "name" => match &file.name {
            Some(name) => {
                in_use.name = Some(name.clone());
                Setting::Name(name.clone())
            }
            // The name it has stays: it is in the store.
            None => Setting::Later,
        },
        "do_not_disturb" => {
            in_use.do_not_disturb = file.do_not_disturb;
            Setting::DoNotDisturb(file.do_not_disturb)
        }
        "busy_in_call" => {
            in_use.busy_in_call = file.busy_in_call;
            Setting::BusyInCall(file.busy_in_call)
        }
        "recording" => {
            in_use.recording = file.recording;
            Setting::Recording(file.recording)
        }
        "calls_a_minute" => {
            in_use.calls_a_minute = file.calls_a_minute;
            Setting::CallsAMinute(file.calls_a_minute)
        }
        "max_call_duration_ms" => {
            in_use.max_call_duration_ms = file.max_call_duration_ms;
            Setting::Times(in_use.call_times())
        }
        _ if key.name.starts_with("times.") => {
            take_time(key.name, &file.times, &mut in_use.times);
            Setting::Times(in_use.call_times())
        }
        _ => Setting::Later,
    }
}

/// As [`take_time`].
fn take_device(name: &str, from: &Config, to: &mut Config) {
    match name {
        "audio_in" => to.audio_in = from.audio_in.clone(),
        "audio_out" => to.audio_out = from.audio_out.clone(),
        "ringtone_out" => to.ringtone_out = from.ringtone_out.clone(),
        _ => {}
    }
}

/// As [`take_time`].
fn take_stage(name: &str, from: &Processing, to: &mut Processing) {
    match name {
        "processing.high_pass" => to.high_pass = from.high_pass,
        "processing.echo_cancellation" => to.echo_cancellation = from.echo_cancellation,
        "processing.noise_suppression" => to.noise_suppression = from.noise_suppression,
        "processing.gain_control" => to.gain_control = from.gain_control,
        "processing.even_levels" => to.even_levels = from.even_levels,
        "processing.music" => to.music = from.music,
        _ => {}
    }
}

/// Only this one: others may have been changed in the file by hand.
fn take_time(name: &str, from: &Times, to: &mut Times) {
    match name {
        "times.reach_ms" => to.reach_ms = from.reach_ms,
        "times.ring_callee_ms" => to.ring_callee_ms = from.ring_callee_ms,
        "times.ring_caller_ms" => to.ring_caller_ms = from.ring_caller_ms,
        "times.caller_lost_ms" => to.caller_lost_ms = from.caller_lost_ms,
        "times.connecting_ms" => to.connecting_ms = from.connecting_ms,
        "times.confirm_ms" => to.confirm_ms = from.confirm_ms,
        _ => {}
    }
}

#[cfg(test)]
mod tests;
