//! Assertions (RFC 7521, RFC 7523 §3): what is asked of a JWT by which somebody vouches, whoever it is.

use serde_json::{Map, Value};

use crate::{
    host::Host,
    jose::UnverifiedJwt,
    ledger::{Ledger, Marker},
    refusal::{AssertionFault, NotAccepted},
    request::At,
    time::{LEEWAY, Seconds, UnixTime},
    trust::digest_of,
};

/// The longest `jti`, in bytes.
pub(crate) const LONGEST_JTI: usize = 255;

/// The `typ` of any JWT, and of a client assertion (RFC 10070 §4), which need not be there.
pub(crate) const ASSERTION_TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// Refuses a JWT whose `typ` is none of `allowed`, in any case and with or without `application/` (RFC
/// 7515 §4.1.9). One without a `typ` passes: most issuers send none.
pub(crate) fn check_typ(jwt: &UnverifiedJwt<'_>, allowed: &[&str]) -> Result<(), AssertionFault> {
    let Some(typ) = jwt.typ() else {
        return Ok(());
    };
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    let fits = allowed
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(typ));
    fits.then_some(()).ok_or(AssertionFault::Typ)
}

/// The `exp` of the claims, which are good at `now`: not expired, not beyond `longest` from now, and not
/// issued or valid from later on. Others' clocks have [`LEEWAY`].
pub(crate) fn check_times(
    claims: &Map<String, Value>,
    longest: Seconds,
    now: UnixTime,
) -> Result<UnixTime, AssertionFault> {
    let exp = numeric_date(claims, "exp")?.ok_or(AssertionFault::Claim("exp"))?;
    if now >= exp + LEEWAY {
        return Err(AssertionFault::Expired);
    }
    if exp > now + longest + LEEWAY {
        return Err(AssertionFault::FarFuture);
    }
    for name in ["iat", "nbf"] {
        if numeric_date(claims, name)?.is_some_and(|time| time > now + LEEWAY) {
            return Err(AssertionFault::NotYet);
        }
    }
    Ok(exp)
}

/// A claim that is a `NumericDate` (RFC 7519 §2), without its fraction.
fn numeric_date(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<UnixTime>, AssertionFault> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    if let Some(seconds) = value.as_u64() {
        return Ok(Some(UnixTime(seconds)));
    }
    match value.as_f64() {
        // A float that is too large becomes the largest time.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(seconds) if seconds >= 0.0 => Ok(Some(UnixTime(seconds as u64))),
        _ => Err(AssertionFault::Claim(name)),
    }
}

/// A claim that is a string and not empty.
pub(crate) fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<&'a str, AssertionFault> {
    let text = claims.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or(AssertionFault::Claim(name))
}

/// The right to use an assertion whose `jti` counts once (RFC 7523 §3, item 7). Taken when everything else
/// has been decided: what is refused anyway costs no write and uses nothing up.
#[must_use]
#[derive(Clone, Debug)]
pub(crate) struct SingleUse {
    marker: Marker,
    until: UnixTime,
}

impl SingleUse {
    /// The right to use the assertion with these claims of `issuer`, which expires at `exp`.
    pub(crate) fn of(
        issuer: &str,
        claims: &Map<String, Value>,
        exp: UnixTime,
    ) -> Result<Self, AssertionFault> {
        let jti = text(claims, "jti")?;
        if jti.len() > LONGEST_JTI {
            return Err(AssertionFault::Claim("jti"));
        }
        Ok(Self {
            marker: Marker::of_digest("assertion", &digest_of(issuer, jti)),
            // As long as the assertion could be presented again.
            until: exp + LEEWAY,
        })
    }

    /// Takes it: one condition in the ledger, which fails for whoever comes second.
    pub(crate) async fn take<H: Host>(self, at: &At<'_, H>) -> Result<(), NotAccepted> {
        let attempt = at.issuer.random_id()?;
        let ledger = at.issuer.ledger()?;
        let is_first = ledger
            .claim(&self.marker, attempt, self.until, at.now)
            .await?;
        if is_first {
            Ok(())
        } else {
            Err(AssertionFault::Replayed.into())
        }
    }
}
