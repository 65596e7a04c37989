//! What is wrong with settings, told to the person who wrote them: every problem at once, each with its place.

use std::fmt;

use crate::limits;

/// Where a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line of the file, counted from 1.
    Line(usize),
    /// An environment variable.
    Environment(&'static str),
    /// An option of the command line.
    Option(&'static str),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The key it is about, if it is about a known one.
    pub key: Option<&'static str>,
    /// What is wrong, and what is possible.
    pub text: String,
}

/// Settings that cannot be used: the fault is the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file that was read.
    pub file: String,
    /// Everything that is wrong, in the order it was found; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = self.problems.len() > 1;
        if several {
            write!(f, "{} settings cannot be used:", self.problems.len())?;
        }
        for problem in self.problems.iter().take(limits::CONFIG_PROBLEMS_TOLD) {
            if several {
                f.write_str("\n  ")?;
            }
            match problem.place {
                Place::File => write!(f, "{}: ", self.file)?,
                Place::Line(line) => write!(f, "{}:{line}: ", self.file)?,
                Place::Environment(name) => write!(f, "environment {name}: ")?,
                Place::Option(name) => write!(f, "{name}: ")?,
            }
            f.write_str(&problem.text)?;
        }
        match self.problems.len().saturating_sub(limits::CONFIG_PROBLEMS_TOLD) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}
