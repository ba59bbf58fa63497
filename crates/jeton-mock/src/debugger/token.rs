//! A token read and judged.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Crypto, PublicJwk};
use jeton_native::NativeCrypto;
use jsonwebtoken::{
    Algorithm,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Map, Value};

/// A token that was pasted into the debugger, as far as it can be read.
pub(super) enum Reading {
    Jwt(Box<Jwt>),
    /// In words: why there is nothing to read in it.
    Opaque(&'static str),
    /// In words: what is wrong with it.
    Malformed(String),
}

/// A JWS in compact serialization (RFC 7515 §7.1) with claims in it (RFC 7519).
pub(super) struct Jwt {
    /// As they are in the token, members in their order.
    pub(super) header_text: String,
    pub(super) claims_text: String,
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    message: String,
    signature: Option<Vec<u8>>,
}

/// One thing about a token that is as it should be, or not; in words.
pub(super) enum Verdict {
    Good(String),
    Bad(String),
}

impl Reading {
    pub(super) fn of(pasted: &str) -> Self {
        // As it comes out of terminals, headers and logs.
        let token: String = pasted.split_whitespace().collect::<Vec<_>>().join(" ");
        let token = token
            .get(..7)
            .filter(|start| start.eq_ignore_ascii_case("bearer "))
            .and_then(|_| token.get(7..))
            .unwrap_or(&token);
        let token = token.trim_matches(['"', '\'', ',']).replace(' ', "");
        let opaque = [
            (
                "jrt_",
                "A refresh token of Jeton's: only the issuer can read it. Ask /introspect.",
            ),
            (
                "jac_",
                "An authorization code of Jeton's: only the issuer can read it. Redeem it at /token.",
            ),
            (
                "jdc_",
                "A device code of Jeton's: only the issuer can read it. Poll /token with it.",
            ),
        ];
        if let Some((_, words)) = opaque.iter().find(|(prefix, _)| token.starts_with(prefix)) {
            return Self::Opaque(words);
        }
        let parts: Vec<_> = token.split('.').collect();
        match parts.as_slice() {
            [header, claims, signature] => match Jwt::decode(header, claims, signature) {
                Ok(jwt) => Self::Jwt(Box::new(jwt)),
                Err(problem) => Self::Malformed(problem),
            },
            [_, _, _, _, _] => Self::Opaque(
                "An encrypted token (JWE): only whoever has the private key can read it.",
            ),
            [_] => Self::Opaque(
                "No JWT: it has no dots. An opaque token says something only to whoever issued it.",
            ),
            parts => Self::Malformed(format!(
                "A JWT has three parts with dots between them, not {}.",
                parts.len()
            )),
        }
    }
}

impl Jwt {
    fn decode(header: &str, claims: &str, signature: &str) -> Result<Self, String> {
        let (header_text, header_object) = object("header", header)?;
        let (claims_text, claims_object) = object("payload", claims)?;
        Ok(Self {
            header_text,
            claims_text,
            header: header_object,
            claims: claims_object,
            message: format!("{header}.{claims}"),
            signature: bytes(signature),
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// What it is, by its `typ`.
    pub(super) fn kind(&self) -> &'static str {
        match self.header("typ").map(str::to_ascii_lowercase).as_deref() {
            Some("at+jwt" | "application/at+jwt") => "Access token",
            Some("logout+jwt") => "Logout token",
            _ if self.claims.contains_key("nonce") || self.claims.contains_key("at_hash") => {
                "ID token"
            }
            _ => "JWT",
        }
    }

    pub(super) fn time(&self, claim: &str) -> Option<u64> {
        let value = self.claims.get(claim)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates; a NumericDate may have fractions (RFC 7519 §2)"
        )]
        let whole = |number: f64| (number >= 0.0).then_some(number as u64);
        value.as_u64().or_else(|| value.as_f64().and_then(whole))
    }

    /// Whether one of the published keys verifies it, and why not.
    pub(super) async fn signature(&self, published: &JwkSet) -> Verdict {
        match self.verify(published).await {
            Ok(kid) => Verdict::Good(format!("verified with the published key {kid}")),
            Err(reason) => Verdict::Bad(reason),
        }
    }

    async fn verify<'a>(&self, published: &'a JwkSet) -> Result<&'a str, String> {
        let Some(alg) = self.header("alg") else {
            return Err("the header has no alg".into());
        };
        if alg.eq_ignore_ascii_case("none") {
            return Err("it is not signed: alg is none".into());
        }
        let algorithm: Algorithm = match alg.parse() {
            Ok(algorithm @ (Algorithm::ES256 | Algorithm::RS256 | Algorithm::EdDSA)) => algorithm,
            _ => return Err(format!("this issuer does not sign with {alg}")),
        };
        let Some(kid) = self.header("kid") else {
            return Err("the header has no kid, so it names no key".into());
        };
        if self.header.contains_key("crit") {
            return Err("its header demands by crit what nobody here understands".into());
        }
        let Some(key) = published
            .keys
            .iter()
            .find(|key| key.common.key_id.as_deref() == Some(kid))
        else {
            return Err(format!("JWKS has no key {kid}"));
        };
        if !fits(key, alg) {
            return Err(format!("the key {kid} is not one for {alg}"));
        }
        let Some(signature) = self.signature.as_deref() else {
            return Err("the signature is no base64url".into());
        };
        let public = serde_json::to_value(key).map_err(|error| error.to_string())?;
        let public = PublicJwk::from_value(&public).map_err(|error| error.to_string())?;
        let genuine = NativeCrypto::new()
            .verify(algorithm, &public.key, self.message.as_bytes(), signature)
            .await
            .map_err(|error| error.to_string())?;
        if !genuine {
            return Err(format!(
                "the key {kid} does not verify it: it was changed after it was signed, or signed with another key"
            ));
        }
        Ok(key.common.key_id.as_deref().unwrap_or_default())
    }

    pub(super) fn issuer(&self, expected: &str) -> Verdict {
        match self.claims.get("iss").map(|iss| iss.as_str()) {
            Some(Some(iss)) if iss == expected => Verdict::Good("this one".into()),
            Some(Some(iss)) => Verdict::Bad(format!("{iss}, not {expected}")),
            Some(None) => Verdict::Bad("iss is no text".into()),
            None => Verdict::Bad("there is no iss".into()),
        }
    }

    /// Whether it is a time at which it may be used (RFC 7519 §4.1.4, §4.1.5).
    pub(super) fn validity(&self, now: u64) -> Verdict {
        if let Some(nbf) = self.time("nbf")
            && now < nbf
        {
            return Verdict::Bad("not valid yet".into());
        }
        match self.time("exp") {
            None => Verdict::Bad("it never expires: there is no exp".into()),
            Some(exp) if exp <= now => Verdict::Bad("expired".into()),
            Some(_) => Verdict::Good("valid by the issuer's clock".into()),
        }
    }
}

fn fits(key: &Jwk, alg: &str) -> bool {
    let own = key.common.key_algorithm.map(|own| own.to_string());
    own.is_none_or(|own| own == alg)
}

fn object(part: &str, encoded: &str) -> Result<(String, Map<String, Value>), String> {
    let decoded = bytes(encoded).ok_or_else(|| format!("The {part} is no base64url."))?;
    let text = String::from_utf8(decoded).map_err(|_| format!("The {part} is no UTF-8."))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok((text, object)),
        Ok(_) => Err(format!("The {part} is JSON, but no object.")),
        Err(error) => Err(format!("The {part} is no JSON: {error}.")),
    }
}

/// Padding is not allowed (RFC 7515 §2), but says nothing about what is in it.
fn bytes(encoded: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()
}

/// JSON that is known to be good, a member a line, in its order and with its numbers as they are.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut within = Within::Structure;
    let mut characters = json.chars().peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(character) = characters.next() {
        if within != Within::Structure {
            text.push(character);
            within = match (within, character) {
                (Within::Text, '\\') => Within::Escape,
                (Within::Text, '"') => Within::Structure,
                _ => Within::Text,
            };
            continue;
        }
        match character {
            ' ' | '\t' | '\r' | '\n' => {}
            '{' | '[' => {
                text.push(character);
                while characters
                    .next_if(|next| next.is_ascii_whitespace())
                    .is_some()
                {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(closing) => text.push(closing),
                    None => {
                        depth += 1;
                        line(&mut text, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            '"' => {
                text.push(character);
                within = Within::Text;
            }
            other => text.push(other),
        }
    }
    text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Structure,
    Text,
    Escape,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents() {
        for (json, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            (r#"{"b":1.50,"a":[]}"#, "{\n  \"b\": 1.50,\n  \"a\": []\n}"),
            (
                r#"{"a":"{\"x\":[,]}\\"}"#,
                "{\n  \"a\": \"{\\\"x\\\":[,]}\\\\\"\n}",
            ),
            (
                r#"[1,[2,{"c":null}]]"#,
                "[\n  1,\n  [\n    2,\n    {\n      \"c\": null\n    }\n  ]\n]",
            ),
        ] {
            assert_eq!(indented(json), expected);
            let (before, after): (Value, Value) = (
                serde_json::from_str(json).unwrap(),
                serde_json::from_str(&indented(json)).unwrap(),
            );
            assert_eq!(before, after);
        }
    }

    #[test]
    fn reads_what_is_pasted() {
        let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
        for pasted in [
            jwt.to_owned(),
            format!("  {jwt}\n"),
            format!("Bearer {jwt}"),
            format!("\"{jwt}\","),
            jwt.replace('.', ".\n"),
        ] {
            assert!(matches!(Reading::of(&pasted), Reading::Jwt(_)), "{pasted}");
        }
        for pasted in ["", "x", "jrt_abc", "a.b.c.d.e"] {
            assert!(
                matches!(Reading::of(pasted), Reading::Opaque(_)),
                "{pasted}"
            );
        }
        for pasted in [
            "a.b",
            "a.b.c",
            "...",
            "!.!.!",
            "W10.W10.",
            "\u{e9}\u{e9}\u{e9}\u{e9}.\u{e9}.\u{e9}",
        ] {
            assert!(
                matches!(Reading::of(pasted), Reading::Malformed(_)),
                "{pasted}"
            );
        }
    }
}
