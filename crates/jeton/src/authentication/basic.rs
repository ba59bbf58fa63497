//! `client_secret_basic` (RFC 6749 §2.3.1): the `Authorization` header.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Presented, Proof};
use crate::{
    client::{SecretHash, SecretMethod},
    parameters::form_decode,
    refusal::ClientFault,
};

/// Basic credentials with or without padding: some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who the header says sends the request. An empty secret may be left out (RFC 6749 §2.3.1), so it is
/// no proof: libraries send public clients so.
pub(super) fn read(authorization: &[u8]) -> Result<Presented, ClientFault> {
    let (client_id, secret) = credentials(authorization)?;
    let proof = if secret.is_empty() {
        Proof::None
    } else {
        Proof::Secret(SecretMethod::ClientSecretBasic, SecretHash::of(&secret))
    };
    Ok(Presented { client_id, proof })
}

/// The client id and the secret in Basic credentials (RFC 7617), both form-encoded as RFC 6749
/// §2.3.1 wants.
fn credentials(authorization: &[u8]) -> Result<(String, String), ClientFault> {
    let (scheme, encoded) = authorization
        .split_at_checked("Basic".len())
        .ok_or(ClientFault::Scheme)?;
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return Err(ClientFault::Scheme);
    }
    let encoded = encoded
        .strip_prefix(b" ")
        .ok_or(ClientFault::MalformedBasic)?
        .trim_ascii();
    let decoded = BASE64
        .decode(encoded)
        .map_err(|_| ClientFault::MalformedBasic)?;
    let colon = decoded
        .iter()
        .position(|&byte| byte == b':')
        .ok_or(ClientFault::MalformedBasic)?;
    let (id, secret) = decoded.split_at(colon);
    let secret = secret.strip_prefix(b":").unwrap_or_default();
    let text = |half| {
        form_decode(half)
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| ClientFault::MalformedBasic)
    };
    Ok((text(id)?, text(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_basic_credentials() {
        let encode = |text: &str| format!("Basic {}", BASE64.encode(text));
        for (header, expected) in [
            (encode("id:secret"), Ok(("id", "secret"))),
            (encode("i%3Ad:s%25+x"), Ok(("i:d", "s% x"))),
            (encode("id:a:b"), Ok(("id", "a:b"))),
            (encode("id:"), Ok(("id", ""))),
            (
                encode("id:secret").replacen("Basic", "bAsIc", 1),
                Ok(("id", "secret")),
            ),
            (
                encode("id:secre").trim_end_matches('=').to_owned(),
                Ok(("id", "secre")),
            ),
            (encode("id"), Err(ClientFault::MalformedBasic)),
            (encode("%ff:x"), Err(ClientFault::MalformedBasic)),
            ("Basic".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Basic !".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Basicx".to_owned(), Err(ClientFault::MalformedBasic)),
            ("Bearer x".to_owned(), Err(ClientFault::Scheme)),
            (String::new(), Err(ClientFault::Scheme)),
        ] {
            let expected = expected.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(credentials(header.as_bytes()), expected, "{header}");
        }
    }
}
