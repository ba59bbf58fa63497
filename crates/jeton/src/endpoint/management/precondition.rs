//! Which document a writer means to replace (RFC 9110 §13.1).

use http::{
    HeaderMap,
    header::{HeaderName, IF_MATCH, IF_NONE_MATCH},
};

use crate::{document::Document, refusal::ManagementFault};

/// The document that a writer expects to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// None: the request makes a new one (`POST`).
    New,
    /// None: `If-None-Match: *`.
    Absent,
    /// Any: `If-Match: *`.
    Any,
    /// One of these versions: `If-Match: "…"`.
    Versions(Vec<String>),
}

impl Precondition {
    /// The precondition of a request, if it has one.
    ///
    /// # Errors
    /// It is malformed, or there are two.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, ManagementFault> {
        let matching = lines(headers, &IF_MATCH, "If-Match")?;
        let none_matching = lines(headers, &IF_NONE_MATCH, "If-None-Match")?;
        match (matching.as_deref(), none_matching.as_deref()) {
            (None, None) => Ok(None),
            (None, Some("*")) => Ok(Some(Self::Absent)),
            (None, Some(_)) | (Some(_), Some(_)) => {
                Err(ManagementFault::Parameter("If-None-Match"))
            }
            (Some("*"), None) => Ok(Some(Self::Any)),
            (Some(tags), None) => {
                let tags = tags.split(',').map(|tag| {
                    let tag = tag.trim();
                    let strong = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
                    match strong {
                        Some(version) if !version.contains('"') => Ok(version.to_owned()),
                        // A weak one never matches (§13.1.1).
                        None if tag.starts_with("W/\"") => Ok(String::new()),
                        Some(_) | None => Err(ManagementFault::Parameter("If-Match")),
                    }
                });
                Ok(Some(Self::Versions(tags.collect::<Result<_, _>>()?)))
            }
        }
    }

    /// Whether this document may be replaced, or written where there is none.
    pub(crate) fn allows(&self, standing: Option<&Document>) -> bool {
        match (self, standing) {
            (Self::New | Self::Absent, standing) => standing.is_none(),
            (Self::Any, standing) => standing.is_some(),
            (Self::Versions(_), None) => false,
            (Self::Versions(versions), Some(document)) => {
                let standing = document.version();
                versions.iter().any(|version| version == standing.as_str())
            }
        }
    }

    /// The fault where another document stands, or none.
    pub(crate) fn refusal(&self) -> ManagementFault {
        match self {
            Self::New => ManagementFault::Exists,
            Self::Absent | Self::Any | Self::Versions(_) => ManagementFault::Precondition,
        }
    }
}

/// The lines of a header as one, as of any list (§5.3).
fn lines(
    headers: &HeaderMap,
    name: &HeaderName,
    called: &'static str,
) -> Result<Option<String>, ManagementFault> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str());
    let lines: Vec<_> = lines
        .collect::<Result<_, _>>()
        .map_err(|_| ManagementFault::Parameter(called))?;
    Ok((!lines.is_empty()).then(|| lines.join(",").trim().to_owned()))
}
