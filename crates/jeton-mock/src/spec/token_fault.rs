use std::fmt;

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// `expired`: `exp` lies an hour back.
    Expired,
    /// `not-yet-valid`: `nbf` lies an hour ahead.
    NotYetValid,
    /// `wrong-issuer`.
    WrongIssuer,
    /// `wrong-audience`.
    WrongAudience,
    /// `wrong-nonce`.
    WrongNonce,
    /// `wrong-key`: signed with another key than the `kid` says.
    WrongKey,
    /// `alg-none`: not signed, and says so.
    AlgNone,
    /// `tampered`: changed after it was signed.
    Tampered,
    /// `unknown-kid`: a `kid` that JWKS does not have.
    UnknownKid,
    /// `wrong-typ`: the JOSE `typ` of something else.
    WrongTyp,
    /// `oversized`: longer by 16 kB, which is more than most servers take in a header line.
    Oversized,
    /// `without-sub`: a claim left out.
    Without(String),
}

impl TokenFault {
    /// A claim left out.
    #[must_use]
    pub fn without(claim: impl Into<String>) -> Self {
        Self::Without(claim.into())
    }

    /// Whether its tokens are not signed as by their issuer: to everyone they are forgeries, and to the issuer.
    pub(crate) const fn makes_forgery(&self) -> bool {
        matches!(self, Self::WrongKey | Self::AlgNone | Self::Tampered)
    }

    /// The faults whose names are complete as they are.
    const NAMED: [(&str, Self); 11] = [
        ("expired", Self::Expired),
        ("not-yet-valid", Self::NotYetValid),
        ("wrong-issuer", Self::WrongIssuer),
        ("wrong-audience", Self::WrongAudience),
        ("wrong-nonce", Self::WrongNonce),
        ("wrong-key", Self::WrongKey),
        ("alg-none", Self::AlgNone),
        ("tampered", Self::Tampered),
        ("unknown-kid", Self::UnknownKid),
        ("wrong-typ", Self::WrongTyp),
        ("oversized", Self::Oversized),
    ];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        if let Some(claim) = name.strip_prefix("without-").filter(|it| !it.is_empty()) {
            return Some(Self::Without(claim.to_owned()));
        }
        Self::NAMED
            .into_iter()
            .find(|(own, _)| *own == name)
            .map(|(_, fault)| fault)
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Without(claim) = self {
            return write!(f, "without-{claim}");
        }
        let named = Self::NAMED.iter().find(|(_, own)| own == self);
        named.map_or(Ok(()), |(name, _)| f.write_str(name))
    }
}
