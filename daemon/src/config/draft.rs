//! Settings while they are put together: each place writes over the ones before it, and every problem is kept.

use ahoy_media::simple_webrtc::engine::IceServer;

use super::Config;
use super::keys::{KEYS, Key, Kind};
use super::problem::{Place, Problem};

/// Characters of a value that a message repeats.
const SHOWN_CHARS: usize = 80;
/// Characters of a message, for what else comes out of a file.
const TEXT_CHARS: usize = 400;

/// Settings while they are put together.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What stands already.
    pub(super) config: Config,
    /// STUN urls.
    pub(super) stun: Vec<String>,
    /// The relay.
    pub(super) turn: Turn,
    problems: Vec<Problem>,
}

/// A relay, of which all three parts are needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) url: Option<String>,
    username: Option<String>,
    credential: Option<String>,
    /// Where a part of it was written last.
    place: Option<Place>,
}

impl Turn {
    pub(super) fn set_username(&mut self, text: &str) -> Result<(), String> {
        self.username = Some(filled(text)?);
        Ok(())
    }

    pub(super) fn set_credential(&mut self, text: &str) -> Result<(), String> {
        self.credential = Some(filled(text)?);
        Ok(())
    }
}

fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".into()) } else { Ok(text.to_owned()) }
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// A whole number.
    Number(i128),
    /// True or false.
    Switch(bool),
    /// Text.
    Text(String),
    /// Texts, each with its place.
    List(Vec<(Place, String)>),
    /// Something that no key takes; named for people.
    Other(&'static str),
}

impl Written {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Switch(_) => "true or false",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        }
    }
}

/// The key of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    const ALL: &[Key] = &KEYS;
    ALL.iter().find(|key| key.name == name)
}

impl Draft {
    /// Keeps a problem.
    pub(super) fn problem(&mut self, place: Place, key: Option<&'static str>, text: String) {
        // It goes to a terminal, and what it quotes could be anything.
        let harmless = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let text = text.chars().take(TEXT_CHARS).map(harmless).collect();
        self.problems.push(Problem { place, key, text });
    }

    /// Takes what was written for a key.
    pub(super) fn take(&mut self, key: &'static Key, place: Place, written: Written) {
        match (key.kind, written) {
            (Kind::Number { unit, min, max, only, set }, Written::Number(value)) => {
                let fits = u64::try_from(value).ok().filter(|value| (min..=max).contains(value));
                match fits {
                    Some(value) if only.is_empty() || only.contains(&value) => set(self, value),
                    Some(_) => {
                        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
                        self.bad(
                            key,
                            place,
                            &value.to_string(),
                            &format!("is not possible: {} {unit}", only.join(", ")),
                        );
                    }
                    None => {
                        let problem = format!("is out of range: {min} to {max} {unit}");
                        self.bad(key, place, &value.to_string(), &problem);
                    }
                }
            }
            (Kind::Switch { set }, Written::Switch(on)) => set(self, on),
            (Kind::Text { set, .. }, Written::Text(text)) => match set(self, &text) {
                Err(problem) => self.bad(key, place, &format!("{text:?}"), &problem),
                Ok(()) if key.name.starts_with("turn_") => self.turn.place = Some(place),
                Ok(()) => {}
            },
            (Kind::List { most, clear, add, .. }, Written::List(list)) => {
                clear(self);
                if list.len() > most {
                    let problem = format!("{} has {} entries: at most {most} are possible", key.name, list.len());
                    return self.problem(place, Some(key.name), problem);
                }
                for (place, text) in list {
                    if let Err(problem) = add(self, &text) {
                        self.bad(key, place, &format!("{text:?}"), &problem);
                    }
                }
            }
            (kind, written) => {
                let problem = format!("{} must be {}, not {}", key.name, expected(kind), written.type_name());
                self.problem(place, Some(key.name), problem);
            }
        }
    }

    /// Takes text that stands for a value: out of the environment or the command line.
    pub(super) fn take_text(&mut self, key: &'static Key, place: Place, texts: &[String]) {
        let whole = texts.join(",");
        let written = match key.kind {
            Kind::Number { .. } => whole.trim().parse().map_or(Written::Text(whole), Written::Number),
            Kind::Switch { .. } => switch(whole.trim()).map_or(Written::Text(whole), Written::Switch),
            Kind::Text { .. } => Written::Text(whole),
            Kind::List { .. } => Written::List(texts.iter().map(|text| (place, text.trim().to_owned())).collect()),
        };
        self.config.fixed.push((key.name, place));
        self.take(key, place, written);
    }

    fn bad(&mut self, key: &'static Key, place: Place, value: &str, problem: &str) {
        let shown: String = value.chars().take(SHOWN_CHARS).collect();
        let text = match key.secret {
            true => format!("{} {problem}", key.name),
            // Some write user and password before the host.
            false if value.contains('@') => format!("{} {problem}", key.name),
            false => format!("{} = {shown} {problem}", key.name),
        };
        self.problem(place, Some(key.name), text);
    }

    /// The settings.
    ///
    /// # Errors
    /// Every problem there was.
    pub(super) fn finish(mut self) -> Result<Config, Vec<Problem>> {
        let plain = |url| IceServer { urls: vec![url], username: String::new(), credential: String::new() };
        self.config.ice_servers = std::mem::take(&mut self.stun).into_iter().map(plain).collect();
        match std::mem::take(&mut self.turn) {
            Turn { url: None, username: None, credential: None, .. } => {}
            Turn { url: Some(url), username: Some(username), credential: Some(credential), .. } => {
                self.config.ice_servers.push(IceServer { urls: vec![url], username, credential });
            }
            Turn { place, .. } if self.problems.is_empty() => {
                let text = "turn_server, turn_username and turn_credential are needed together";
                self.problem(place.unwrap_or(Place::File), Some("turn_server"), text.into());
            }
            // One of the three was refused: that is told already.
            Turn { .. } => {}
        }
        if self.problems.is_empty() { Ok(self.config) } else { Err(self.problems) }
    }
}

/// What a key takes, for people.
pub(super) fn expected(kind: Kind) -> String {
    match kind {
        Kind::Number { unit, min, max, .. } => format!("a whole number from {min} to {max} ({unit})"),
        Kind::Switch { .. } => "true or false".into(),
        Kind::Text { form, .. } => format!("text: {form}"),
        Kind::List { form, most, .. } => format!("a list of at most {most} texts: {form}"),
    }
}

/// A switch as text: as TOML has it, or as `ahoy contact policy` shows it.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text {
        "true" | "on" => Some(true),
        "false" | "off" => Some(false),
        _ => None,
    }
}
