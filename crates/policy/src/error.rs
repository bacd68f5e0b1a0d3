//! What can be wrong with a policy folder, and what is unwise; each text says where and what to do.

use std::io;
use std::path::PathBuf;

/// A place in a file of a policy folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// File name inside the folder.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    pub(crate) fn new(file: &str, (line, column): (usize, usize)) -> Place {
        Place { file: file.to_owned(), line, column }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Line and column, from 1, of a byte of a text that begins at `from`.
pub(crate) fn place_in(text: &str, byte: usize, from: (usize, usize)) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let columns = before.rsplit('\n').next().unwrap_or_default().chars().count();
    match before.matches('\n').count() {
        0 => (from.0, from.1.saturating_add(columns)),
        lines => (from.0.saturating_add(lines), columns.saturating_add(1)),
    }
}

/// A policy folder that cannot be used. The gate keeps the policy that it has.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A place in a file is wrong.
    #[error("{place}: {what}; {mend}")]
    At {
        /// Where.
        place: Place,
        /// What is wrong there.
        what: String,
        /// What to do.
        mend: String,
    },
    /// The folder as a whole, or a file in it, is wrong.
    #[error("{place}: {what}; {mend}")]
    Folder {
        /// Folder or file.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do.
        mend: String,
    },
    /// A file or folder cannot be read.
    #[error("{path}: cannot be read: {reason}; {}", mend(reason))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason. The text has it, so it is no source that would be told again.
        reason: io::Error,
    },
    /// The compiled-in schema or an entity made from it is refused by Cedar: a defect of this program.
    #[error("the compiled-in schema does not hold: {0}; please report this")]
    Schema(String),
}

fn mend(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::NotFound => "name a folder or file that is there",
        _ => "give the gate's user the right to read it",
    }
}

impl PolicyError {
    pub(crate) fn at(place: Place, what: impl Into<String>, mend: impl Into<String>) -> Self {
        PolicyError::At { place, what: what.into(), mend: mend.into() }
    }

    pub(crate) fn folder(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        PolicyError::Folder { place: place.into(), what: what.into(), mend: mend.into() }
    }

    /// Where it is, if it is in a file.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            PolicyError::At { place, .. } => Some(place),
            _ => None,
        }
    }
}

/// What is allowed but unwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
pub struct Warning {
    /// Where, unless it is about the folder as a whole.
    pub place: Option<Place>,
    /// What it is, and what to do.
    pub what: String,
}

impl Warning {
    pub(crate) fn at(place: Place, what: String) -> Warning {
        Warning { place: Some(place), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_where_the_text_begins() {
        let text = "aß\nbc";
        assert_eq!(place_in(text, 0, (7, 5)), (7, 5));
        assert_eq!(place_in(text, 3, (7, 5)), (7, 7));
        assert_eq!(place_in(text, 4, (7, 5)), (8, 1));
        assert_eq!(place_in(text, 5, (7, 5)), (8, 2));
        assert_eq!(place_in(text, 99, (1, 1)), (2, 3));
    }
}
