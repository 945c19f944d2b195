//! What is wrong with the settings: every fault at once, each with the place it came from.

use std::fmt;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The defaults built into the binary.
    Default,
    /// A file, and the line in it where one is known.
    File {
        /// The file as it was named.
        name: String,
        /// The line, counted from 1.
        line: Option<usize>,
    },
    /// An environment variable of this name.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("built-in default"),
            Origin::File { name, line: Some(line) } => write!(f, "{name}:{line}"),
            Origin::File { name, line: None } => f.write_str(name),
            Origin::Variable(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// Where the value was given.
    pub origin: Origin,
    /// The setting, as `edge.listen`; none where the place is no setting.
    pub key: Option<String>,
    /// What is wrong: lower case, without a full stop. Never holds a secret.
    pub detail: String,
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {key}: {}", self.origin, self.detail),
            None => write!(f, "{}: {}", self.origin, self.detail),
        }
    }
}

/// Everything that is wrong with the settings, in the order in which it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<SettingFault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(f, "the settings have {} {noun}; mend them and try again", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
