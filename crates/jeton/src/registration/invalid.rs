//! Why client metadata is refused.

/// The longest metadata, in bytes of JSON. A record is read for each token.
pub(crate) const LONGEST_METADATA: usize = 16 * 1024;

/// Why metadata is not registered. Nothing that was sent is in it: members by our own names alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMetadata {
    /// A member, and what it has to be.
    #[error("{member}: {expected}")]
    Member {
        member: &'static str,
        expected: &'static str,
    },
    /// What redirect URIs have to be.
    #[error("redirect_uris: {0}")]
    RedirectUri(&'static str),
    /// What was sent does not go with what an operator has set of the client.
    #[error("token_endpoint_auth_method: these metadata do not go with what is set of the client")]
    Together,
    #[error("the metadata are longer than {LONGEST_METADATA} bytes")]
    TooLong,
    #[error("software_statement: no signed JWT with an iss")]
    InvalidStatement,
    #[error("software_statement: nobody's statements are approved here")]
    UnapprovedStatement,
}
