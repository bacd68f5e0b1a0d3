//! What can be wrong with a policy folder; each text says where and what to do.

use std::io;
use std::path::PathBuf;

/// A policy folder that cannot be used. The gate keeps the policy that it has.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A place in a file is wrong.
    #[error("{file}:{line}: {what}; {mend}")]
    At {
        /// File name inside the folder.
        file: String,
        /// Line, from 1.
        line: usize,
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
    #[error("{path}: cannot be read: {source}; give the gate's user the right to read it")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The compiled-in schema or an entity made from it is refused by Cedar: a defect of this program.
    #[error("the compiled-in schema does not hold: {0}; please report this")]
    Schema(String),
}

impl PolicyError {
    pub(crate) fn at(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        PolicyError::At { file: file.to_owned(), line, what: what.into(), mend: mend.into() }
    }

    pub(crate) fn folder(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        PolicyError::Folder { place: place.into(), what: what.into(), mend: mend.into() }
    }
}
