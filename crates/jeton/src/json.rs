//! JSON that becomes a type of ours, and why it does not.
//!
//! Text is read into a [`Tree`], and the tree into the type. serde_json would read types from text as well,
//! but takes an array for a struct, by the order of its fields; quotes in its errors what stands in the text,
//! which may be a secret; and tells their place by line and column, where people look for a member. Each type
//! is also a third smaller so when it is compiled, which a Worker parses at every cold start.

mod invalid;
mod tree;

use serde::de::DeserializeOwned;

pub use invalid::{InvalidJson, shown_name};
pub use tree::Tree;

/// The most members of an object among which the one is looked for that is wrong.
const MOST_MEMBERS: usize = 64;

/// The value that is written in `text`.
///
/// # Errors
/// The text is no JSON, or the JSON is not a `T`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, InvalidJson> {
    parse(text)?.read()
}

/// The same for a type that has another's members (serde's `flatten`), whose names serde does not tell: the member
/// that is wrong is looked for.
///
/// # Errors
/// As of [`read`].
pub(crate) fn read_record<T: DeserializeOwned>(text: &str) -> Result<T, InvalidJson> {
    // Parsed once more only where it is wrong: a client is read whenever it is not remembered.
    parse(text)?.read().map_err(|invalid| match parse(text) {
        Ok(again) => again.named(invalid, &|tree| tree.read::<T>().err()),
        Err(_) => invalid,
    })
}

/// The JSON of `text`.
pub(crate) fn parse(text: &str) -> Result<Tree, InvalidJson> {
    serde_json::from_str(text).map_err(|error| InvalidJson::no_json(&error))
}

impl Tree {
    /// The value that the tree stands for.
    ///
    /// # Errors
    /// It is not a `T`.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, InvalidJson> {
        T::deserialize(self)
    }

    /// As [`read_record`], for the documents of a configuration.
    ///
    /// # Errors
    /// It is not a `T`.
    pub(crate) fn read_record<T: DeserializeOwned>(self) -> Result<T, InvalidJson> {
        let read = |tree: Self| tree.read::<T>();
        let again = self.clone();
        read(self).map_err(|invalid| again.named(invalid, &|tree| read(tree).err()))
    }

    /// The error of reading this, with the member that it is of: the first without which all is well, or something
    /// else is wrong than that a member is missing.
    fn named(
        self,
        invalid: InvalidJson,
        fault: &dyn Fn(Self) -> Option<InvalidJson>,
    ) -> InvalidJson {
        let Self::Object(members) = self else {
            return invalid;
        };
        if !invalid.place().is_empty() || members.len() > MOST_MEMBERS {
            return invalid;
        }
        let is_wrong = |index: &usize| {
            let mut others = members.clone();
            others.remove(*index);
            let other = fault(Self::Object(others));
            other.is_none_or(|other| other != invalid && !other.is_of_none())
        };
        let wrong = (0..members.len()).find(is_wrong);
        match wrong.and_then(|index| members.get(index)) {
            Some((name, _)) => invalid.within_member(name),
            None => invalid,
        }
    }
}

#[cfg(test)]
mod tests;
