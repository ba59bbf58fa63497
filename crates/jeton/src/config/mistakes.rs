//! What is wrong with a configuration, all of it at once.

use std::fmt;

/// The variables whose values are never shown: they are secrets, or may hold some.
const SECRETS: [&str; 4] = [
    "JETON_SECRET",
    "JETON_PAIRWISE_SALT",
    "JETON_SIGNING_JWKS",
    "JETON_CLIENTS",
];

/// The most characters of a value that are shown.
const LONGEST_SHOWN: usize = 80;

/// Every mistake that was found in a configuration, at least one. Holds no secret, so that it may be
/// logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

/// One variable that is missing, unknown or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The variable, or the flag that took its place.
    pub name: String,
    /// What stands there; `None` where nothing does, or what may not be shown.
    pub value: Option<String>,
    /// What should stand there.
    pub expected: String,
}

impl ConfigError {
    /// An error that says of `name` what was expected there.
    #[cold]
    pub fn new(name: impl Into<String>, expected: impl ToString) -> Self {
        let mistake = Mistake {
            name: name.into(),
            value: None,
            expected: expected.to_string(),
        };
        Self {
            mistakes: vec![mistake],
        }
    }

    /// What is wrong, in the order in which it was found.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// What both say; of a variable that this one names, what it says alone. Where a value could not be
    /// read, it is not missing as well.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut mistakes = self.mistakes;
        let others = other.mistakes.into_iter();
        let further = others.filter(|it| !mistakes.iter().any(|known| known.name == it.name));
        let further: Vec<_> = further.collect();
        mistakes.extend(further);
        Self { mistakes }
    }

    /// The same error with each mistake as `change` makes it: for a host that knows more of where a value
    /// stood.
    #[must_use]
    pub fn map(self, change: impl FnMut(Mistake) -> Mistake) -> Self {
        let mistakes = self.mistakes.into_iter().map(change).collect();
        Self { mistakes }
    }

    /// The same error, with the values that `lookup` gives where they may be shown.
    pub(super) fn with_values(self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        self.map(|mistake| {
            let value = lookup(&mistake.name).filter(|value| is_shown(&mistake.name, value));
            Mistake {
                value: value.or(mistake.value),
                ..mistake
            }
        })
    }
}

/// Whether a value may stand in an error. A secret that was given to the wrong variable is one there too,
/// and a document is too long.
fn is_shown(name: &str, value: &str) -> bool {
    !SECRETS.contains(&name)
        && value.chars().count() <= LONGEST_SHOWN
        && !["jsk_", "jcs_", "[", "{", "-----"]
            .iter()
            .any(|part| value.contains(part))
}

/// One line for each mistake.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.name, self.expected)?;
        match &self.value {
            Some(value) => write!(f, "; it is {value:?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The mistakes so far, while what comes after them is still read.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// What was read, if nothing was wrong with it; else what was wrong is kept.
    pub fn of<T>(&mut self, read: Result<T, ConfigError>) -> Option<T> {
        read.map_err(|error| self.add(error)).ok()
    }

    /// Keeps what is wrong.
    #[cold]
    pub fn add(&mut self, error: ConfigError) {
        self.0.extend(error.mistakes);
    }

    /// `value`, unless there is a mistake.
    ///
    /// # Errors
    /// All mistakes that were kept.
    pub fn or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(ConfigError { mistakes: self.0 })
    }
}
